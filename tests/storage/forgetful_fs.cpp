#include "tests/storage/forgetful_fs.hpp"

#include <algorithm>

namespace bourse::tests {

using rocksdb::IOStatus;

class forgetful_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  forgetful_file(std::unique_ptr<rocksdb::FSWritableFile> file, forgetful_fs& fs, std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)), fs_(fs), name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    std::scoped_lock guard{fs_.mutex_};
    auto status = fs_.change_allowed();
    if (status.ok())
      status = FSWritableFileOwnerWrapper::Append(data, options, context);
    if (status.ok())
      fs_.files_[name_].size += data.size();
    return status;
  }

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }

  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                    rocksdb::IODebugContext* context) override {
    std::scoped_lock guard{fs_.mutex_};
    auto status = fs_.change_allowed();
    if (status.ok())
      status = FSWritableFileOwnerWrapper::Truncate(size, options, context);
    if (status.ok()) {
      auto& e = fs_.files_[name_];
      e.size = size;
      e.synced = std::min(e.synced, e.size);
    }
    return status;
  }

  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    std::scoped_lock guard{fs_.mutex_};
    auto status = fs_.change_allowed();
    if (status.ok())
      status = FSWritableFileOwnerWrapper::Sync(options, context);
    if (status.ok()) {
      auto& e = fs_.files_[name_];
      e.synced = e.size;
      e.linked = true;
      ++fs_.syncs_;
    }
    return status;
  }

  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }

  /// Only starts the writing on a real disk, and promises nothing.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                     rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

  bool IsSyncThreadSafe() const override {
    return true;
  }

private:
  forgetful_fs& fs_;
  std::string name_;
};

namespace {

class forgetful_directory final : public rocksdb::FSDirectory {
public:
  explicit forgetful_directory(std::function<IOStatus()> sync) : sync_(std::move(sync)) {}

  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return sync_();
  }

  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

private:
  std::function<IOStatus()> sync_;
};

} // namespace

forgetful_fs::forgetful_fs(const std::shared_ptr<rocksdb::FileSystem>& memory)
    : FileSystemWrapper(memory) {}

void forgetful_fs::cut_power(const std::function<std::size_t(std::size_t)>& keep) {
  std::scoped_lock guard{mutex_};
  for (auto& [name, e] : files_) {
    auto left = e.synced + std::min(keep(e.size - e.synced), e.size - e.synced);
    if (e.linked)
      survivors_[name] = {{left, left, true}, read(name).substr(0, left)};
  }
}

void forgetful_fs::kill_process() {
  std::scoped_lock guard{mutex_};
  for (auto& [name, e] : files_)
    survivors_[name] = {e, read(name)};
}

void forgetful_fs::restore_power() {
  std::scoped_lock guard{mutex_};
  for (auto& [name, e] : files_)
    target()->DeleteFile(name, {}, nullptr).PermitUncheckedError();
  files_.clear();
  for (auto& [name, survivor] : survivors_) {
    overwrite(name, survivor.second);
    files_[name] = survivor.first;
  }
  survivors_.clear();
  changes_left_.reset();
}

void forgetful_fs::fill_up_after(std::uint64_t changes) {
  std::scoped_lock guard{mutex_};
  changes_left_ = changes;
}

std::uint64_t forgetful_fs::syncs() const {
  std::scoped_lock guard{mutex_};
  return syncs_;
}

std::vector<std::string> forgetful_fs::names() const {
  std::scoped_lock guard{mutex_};
  std::vector<std::string> out;
  for (auto& [name, e] : files_)
    out.push_back(name);
  return out;
}

std::string forgetful_fs::read(const std::string& name) const {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  std::uint64_t size = 0;
  target()->GetFileSize(name, {}, &size, nullptr).PermitUncheckedError();
  std::string buffer(size, '\0');
  rocksdb::Slice content;
  if (!target()->NewSequentialFile(name, {}, &file, nullptr).ok()
      || !file->Read(size, {}, &content, buffer.data(), nullptr).ok())
    return {};
  return content.ToString();
}

void forgetful_fs::overwrite(const std::string& name, const std::string& content) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  target()->DeleteFile(name, {}, nullptr).PermitUncheckedError();
  target()->NewWritableFile(name, {}, &file, nullptr).PermitUncheckedError();
  file->Append(content, {}, nullptr).PermitUncheckedError();
  file->Close({}, nullptr).PermitUncheckedError();
  files_[name] = {content.size(), content.size(), true};
}

void forgetful_fs::remove(const std::string& name) {
  target()->DeleteFile(name, {}, nullptr).PermitUncheckedError();
  files_.erase(name);
}

IOStatus forgetful_fs::change_allowed() {
  if (changes_left_ == 0u)
    return IOStatus::NoSpace("the disk is full");
  if (changes_left_)
    --*changes_left_;
  return IOStatus::OK();
}

void forgetful_fs::sync_names() {
  for (auto& [name, e] : files_)
    e.linked = true;
}

IOStatus forgetful_fs::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) {
  std::scoped_lock guard{mutex_};
  std::unique_ptr<rocksdb::FSWritableFile> plain;
  auto status = target()->NewWritableFile(name, options, &plain, context);
  if (status.ok()) {
    files_[name] = {};
    *file = std::make_unique<forgetful_file>(std::move(plain), *this, name);
  }
  return status;
}

IOStatus forgetful_fs::ReopenWritableFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          rocksdb::IODebugContext* context) {
  std::scoped_lock guard{mutex_};
  std::unique_ptr<rocksdb::FSWritableFile> plain;
  auto status = target()->ReopenWritableFile(name, options, &plain, context);
  if (status.ok())
    *file = std::make_unique<forgetful_file>(std::move(plain), *this, name);
  return status;
}

IOStatus forgetful_fs::NewDirectory(const std::string&, const rocksdb::IOOptions&,
                                    std::unique_ptr<rocksdb::FSDirectory>* directory,
                                    rocksdb::IODebugContext*) {
  *directory = std::make_unique<forgetful_directory>([this] {
    std::scoped_lock guard{mutex_};
    auto status = change_allowed();
    if (status.ok())
      sync_names();
    return status;
  });
  return IOStatus::OK();
}

IOStatus forgetful_fs::RenameFile(const std::string& from, const std::string& to,
                                  const rocksdb::IOOptions& options,
                                  rocksdb::IODebugContext* context) {
  std::scoped_lock guard{mutex_};
  auto status = target()->RenameFile(from, to, options, context);
  if (status.ok()) {
    files_[to] = files_[from];
    files_.erase(from);
  }
  return status;
}

IOStatus forgetful_fs::DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                  rocksdb::IODebugContext* context) {
  std::scoped_lock guard{mutex_};
  files_.erase(name);
  return target()->DeleteFile(name, options, context);
}

IOStatus forgetful_fs::Truncate(const std::string& name, std::size_t size,
                                const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* context) {
  std::scoped_lock guard{mutex_};
  auto status = target()->Truncate(name, size, options, context);
  if (status.ok()) {
    auto& e = files_[name];
    e.size = size;
    e.synced = std::min(e.synced, e.size);
  }
  return status;
}

IOStatus forgetful_fs::LockFile(const std::string&, const rocksdb::IOOptions&,
                                rocksdb::FileLock** lock, rocksdb::IODebugContext*) {
  struct no_lock final : rocksdb::FileLock {};
  *lock = new no_lock;
  return IOStatus::OK();
}

IOStatus forgetful_fs::UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions&,
                                  rocksdb::IODebugContext*) {
  delete lock;
  return IOStatus::OK();
}

forgetful_env::forgetful_env()
    : memory(rocksdb::NewMemEnv(rocksdb::Env::Default())),
      fs(std::make_shared<forgetful_fs>(memory->GetFileSystem())),
      env(rocksdb::NewCompositeEnv(fs)) {}

forgetful_env::~forgetful_env() = default;

} // namespace bourse::tests
