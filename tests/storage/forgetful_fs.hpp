// A file system in memory that forgets at a crash what was not synced, fails on demand, and lets a
// test flip bytes: RocksDB's own code over a disk that behaves like the worst real one.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace bourse::tests {

class forgetful_fs final : public rocksdb::FileSystemWrapper {
public:
  explicit forgetful_fs(const std::shared_ptr<rocksdb::FileSystem>& memory);

  const char* Name() const override {
    return "forgetful_fs";
  }

  /// The power goes. What will be left of the disk: of each file the synced part and as many more
  /// bytes as `keep` says, given how many there were; files that were never synced are gone. Then
  /// close the database, which may go on writing to nowhere, and call `restore_power`.
  void cut_power(const std::function<std::size_t(std::size_t unsynced)>& keep);
  void restore_power();
  /// The process dies instead, and its file system lives: all that was written is still there, and
  /// what was not synced may still be lost to a later cut. Goes on like `cut_power`.
  void kill_process();
  /// After `changes` more appends or syncs the disk is full, until the power was off.
  void fill_up_after(std::uint64_t changes);
  std::uint64_t syncs() const;

  std::vector<std::string> names() const;
  std::string read(const std::string& name) const;
  void overwrite(const std::string& name, const std::string& content);
  void remove(const std::string& name);

private:
  friend class forgetful_file;

  struct extent {
    std::size_t size = 0;
    std::size_t synced = 0;
    bool linked = false; ///< synced at least once, so that its name will be found
  };

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus Truncate(const std::string& name, std::size_t size,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus LockFile(const std::string& name, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock, rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

  rocksdb::IOStatus change_allowed();
  void sync_names();

  mutable std::mutex mutex_;
  std::map<std::string, extent> files_;
  std::map<std::string, std::pair<extent, std::string>> survivors_; ///< while the power is off
  std::optional<std::uint64_t> changes_left_;
  std::uint64_t syncs_ = 0;
};

/// forgetful_fs with all that RocksDB wants around it.
struct forgetful_env {
  forgetful_env();
  ~forgetful_env();

  std::unique_ptr<rocksdb::Env> memory;
  std::shared_ptr<forgetful_fs> fs;
  std::unique_ptr<rocksdb::Env> env;
};

} // namespace bourse::tests
