#include "storage/rocks_store.hpp"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <array>
#include <mutex>

#include "messages/assert.hpp"
#include "storage/file_check.hpp"
#include "storage/rocks_tuning.hpp"

namespace bourse::storage {

namespace {

rocksdb::Slice slice(byte_view data) {
  return data.empty() ? rocksdb::Slice{} : rocksdb::Slice{data.data(), data.size()}; // never null
}

byte_view view(const rocksdb::Slice& data) {
  return {data.data(), data.size()};
}

/// Some of RocksDB's messages end a line.
std::string text_of(const rocksdb::Status& status) {
  auto text = status.ToString();
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

error to_error(const rocksdb::Status& status, const std::string& where) {
  if (status.IsCorruption())
    return {errc::corrupt, where + ": " + text_of(status)};
  if (status.IsNoSpace())
    return {errc::io_failed, where + ": the disk is full: " + text_of(status)};
  return {errc::io_failed, where + ": " + text_of(status)};
}

using handles = std::vector<rocksdb::ColumnFamilyHandle*>;

/// How the database is read, as it is or as it was.
class rocks_view : public reader {
public:
  rocks_view(std::string name, rocksdb::DB* db, const handles& families,
             const rocksdb::Snapshot* as_of = nullptr)
      : name_(std::move(name)), db_(db), families_(families), as_of_(as_of) {}

  rocksdb::ColumnFamilyHandle* handle(family f) const {
    return families_.at(static_cast<std::size_t>(f));
  }

  rocksdb::ReadOptions scan_options() const {
    rocksdb::ReadOptions options;
    options.fill_cache = false; // a walk over everything must not push out what point reads use
    options.snapshot = as_of_;
    return options;
  }

  expected<std::optional<bytes>> get(family where, byte_view key) const override {
    bytes value;
    rocksdb::ReadOptions options;
    options.snapshot = as_of_;
    auto status = db_->Get(options, handle(where), slice(key), &value);
    if (status.IsNotFound())
      return std::nullopt;
    if (!status.ok())
      return tl::unexpected{to_error(status, place(where))};
    return value;
  }

  expected<void> scan(family where, byte_view from, byte_view to,
                      const std::function<bool(byte_view, byte_view)>& visit) const override {
    if (!to.empty() && to <= from)
      return {};
    auto end = slice(to);
    auto options = scan_options();
    if (!to.empty())
      options.iterate_upper_bound = &end;
    std::unique_ptr<rocksdb::Iterator> i{db_->NewIterator(options, handle(where))};
    for (i->Seek(slice(from)); i->Valid(); i->Next())
      if (!visit(view(i->key()), view(i->value())))
        break;
    if (!i->status().ok())
      return tl::unexpected{to_error(i->status(), place(where))};
    return {};
  }

  expected<std::optional<std::pair<bytes, bytes>>> last(family where, byte_view from,
                                                        byte_view to) const override {
    if (!to.empty() && to <= from)
      return std::nullopt;
    auto begin = slice(from);
    auto end = slice(to);
    auto options = scan_options();
    options.iterate_lower_bound = &begin;
    if (!to.empty())
      options.iterate_upper_bound = &end;
    std::unique_ptr<rocksdb::Iterator> i{db_->NewIterator(options, handle(where))};
    i->SeekToLast();
    if (!i->status().ok())
      return tl::unexpected{to_error(i->status(), place(where))};
    if (!i->Valid())
      return std::nullopt;
    return std::pair{i->key().ToString(), i->value().ToString()};
  }

protected:
  rocksdb::DB* db() const {
    return db_;
  }

private:
  std::string place(family f) const {
    return name_ + ", family " + family_name(f);
  }

  std::string name_;
  rocksdb::DB* db_;
  const handles& families_; ///< of the store
  const rocksdb::Snapshot* as_of_;
};

class rocks_snapshot final : public rocks_view {
public:
  rocks_snapshot(const std::string& name, rocksdb::DB* db, const handles& families)
      : rocks_snapshot(name, db, families, db->GetSnapshot()) {}
  rocks_snapshot(const rocks_snapshot&) = delete;
  rocks_snapshot& operator=(const rocks_snapshot&) = delete;
  ~rocks_snapshot() override {
    db()->ReleaseSnapshot(as_of_);
  }

private:
  rocks_snapshot(const std::string& name, rocksdb::DB* db, const handles& families,
                 const rocksdb::Snapshot* as_of)
      : rocks_view(name, db, families, as_of), as_of_(as_of) {
    BOURSE_ASSERT(as_of_ != nullptr);
  }

  const rocksdb::Snapshot* as_of_;
};

class rocks_store final : public store {
public:
  rocks_store(const rocks_options& o, std::unique_ptr<rocksdb::DB> db, handles families)
      : name_(o.directory.string()),
        db_(std::move(db)),
        families_(std::move(families)),
        view_(name_, db_.get(), families_),
        read_only_(o.read_only),
        flush_after_(flush_after_bytes(o)) {
    BOURSE_ASSERT(families_.size() == family_count);
    for (auto* f : families_) { // what was read from the log at opening waits for a flush as well
      std::uint64_t size = 0;
      if (db_->GetIntProperty(f, rocksdb::DB::Properties::kCurSizeActiveMemTable, &size))
        unflushed_ += size;
    }
  }

  ~rocks_store() override {
    for (auto* f : families_)
      db_->DestroyColumnFamilyHandle(f);
    // What was synced is on the disk; there is nobody to tell of an error here.
    db_->Close().PermitUncheckedError();
  }

  expected<void> write(const write_batch& batch, durability how) override {
    std::scoped_lock guard{writer_};
    if (read_only_)
      return fail(errc::io_failed, name_ + " is open for reading only");
    if (failed_)
      return tl::unexpected{*failed_};
    auto status = fill(batch);
    if (status.ok())
      status = write_scratch(how == durability::synced);
    if (status.ok())
      status = flush_if_due(how == durability::synced);
    if (!status.ok()) {
      failed_ = to_error(status, name_);
      failed_->code = errc::io_failed;
      return tl::unexpected{*failed_};
    }
    return {};
  }

  expected<std::optional<bytes>> get(family where, byte_view key) const override {
    return view_.get(where, key);
  }
  expected<void> scan(family where, byte_view from, byte_view to,
                      const std::function<bool(byte_view, byte_view)>& visit) const override {
    return view_.scan(where, from, to, visit);
  }
  expected<std::optional<std::pair<bytes, bytes>>> last(family where, byte_view from,
                                                        byte_view to) const override {
    return view_.last(where, from, to);
  }
  std::unique_ptr<reader> snapshot() const override {
    return std::make_unique<rocks_snapshot>(name_, db_.get(), families_);
  }

private:
  rocksdb::ColumnFamilyHandle* handle(family f) const {
    return view_.handle(f);
  }

  rocksdb::Status fill(const write_batch& batch) {
    // Kept from write to write: a fresh buffer of this size costs page faults each time.
    constexpr std::size_t worth_keeping = std::size_t{4} * 1024 * 1024;
    if (scratch_.Data().capacity() > worth_keeping)
      scratch_ = rocksdb::WriteBatch{};
    scratch_.Clear();
    rocksdb::Status status;
    for (const auto& r : batch.ranges()) {
      if (!r.to.empty() && r.to <= r.from)
        continue;
      if (status = erase_range(r); !status.ok())
        return status;
    }
    for (const auto& o : batch.operations()) {
      status = o.value ? scratch_.Put(handle(o.where), slice(o.key), slice(*o.value))
                       : scratch_.Delete(handle(o.where), slice(o.key));
      if (!status.ok())
        return status;
    }
    return status;
  }

  rocksdb::Status write_scratch(bool sync) {
    if (scratch_.Count() == 0) // which RocksDB would not even take to the log
      return sync ? db_->SyncWAL() : rocksdb::Status::OK();
    rocksdb::WriteOptions options;
    options.sync = sync;
    return db_->Write(options, &scratch_);
  }

  rocksdb::Status flush_if_due(bool synced) {
    constexpr std::size_t memory_per_entry = 64; // beside key and value, roughly
    unflushed_ += scratch_.GetDataSize() + scratch_.Count() * memory_per_entry;
    if (unflushed_ < flush_after_)
      return rocksdb::Status::OK();
    if (!synced)
      if (auto status = db_->SyncWAL(); !status.ok())
        return status;
    rocksdb::FlushOptions options;
    options.wait = false;
    options.allow_write_stall = true; // a later write waits, not this one
    auto status = db_->Flush(options, families_);
    if (status.IsTryAgain()) // earlier flushes are still under way: with the next write, then
      return rocksdb::Status::OK();
    unflushed_ = 0;
    return status;
  }

  rocksdb::Status erase_range(const write_batch::range_delete& r) {
    if (!r.to.empty())
      return scratch_.DeleteRange(handle(r.where), slice(r.from), slice(r.to));
    // RocksDB knows no range without an end: end it behind the last key.
    std::unique_ptr<rocksdb::Iterator> i{db_->NewIterator(view_.scan_options(), handle(r.where))};
    i->SeekToLast();
    if (!i->Valid() || view(i->key()) < r.from)
      return i->status();
    auto end = i->key().ToString() + '\0';
    return scratch_.DeleteRange(handle(r.where), slice(r.from), end);
  }

  std::string name_;
  std::unique_ptr<rocksdb::DB> db_;
  handles families_;
  rocks_view view_;
  bool read_only_;
  std::size_t flush_after_;
  std::size_t unflushed_ = 0;
  std::mutex writer_;
  rocksdb::WriteBatch scratch_;
  std::optional<error> failed_;
};

error open_error(const rocksdb::Status& status, const std::string& name) {
  auto text = text_of(status);
  if (status.IsIOError()
      && (text.find("While lock file") != std::string::npos
          || text.find("lock hold by current process") != std::string::npos))
    return {errc::io_failed, name + " is in use by another process"};
  if (status.IsInvalidArgument())
    return {errc::corrupt, name + " is not a database of this program: " + text};
  return to_error(status, name);
}

/// Makes the directory, and its entry in the parent durable.
expected<void> prepare_directory(const std::filesystem::path& directory) {
  std::error_code problem;
  if (!std::filesystem::create_directories(directory, problem)) {
    if (problem)
      return fail(errc::io_failed, directory.string() + ": " + problem.message());
    return {};
  }
  auto parent = std::filesystem::absolute(directory).parent_path();
  auto descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0)
    problem = std::error_code{errno, std::generic_category()};
  if (descriptor >= 0)
    ::close(descriptor);
  if (problem)
    return fail(errc::io_failed, parent.string() + ": " + problem.message());
  return {};
}

} // namespace

expected<std::unique_ptr<store>> open_rocks_store(const rocks_options& o) {
  auto name = o.directory.string();
  auto options = database_options(o);
  if (o.env == nullptr) {
    if (!o.read_only)
      if (auto ok = prepare_directory(o.directory); !ok)
        return tl::unexpected{ok.error()};
    // Compaction can wait for consensus; flushes cannot wait for long.
    options.env->LowerThreadPoolCPUPriority(rocksdb::Env::Priority::LOW, rocksdb::CpuPriority::kLow)
        .PermitUncheckedError();
  }
  if (auto ok = check_files(*options.env, o.directory); !ok)
    return tl::unexpected{ok.error()};

  if (!o.read_only)
    if (auto ok = sync_logs(*options.env, o.directory); !ok)
      return tl::unexpected{ok.error()};

  auto cache = rocksdb::NewLRUCache(o.block_cache_mb * 1024 * 1024, 2);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < family_count; ++i) {
    auto f = static_cast<family>(i);
    names.push_back(family_name(f));
    families.emplace_back(names.back(), family_options(o, f, cache));
  }
  if (auto ok = check_families(options, o.directory, names); !ok)
    return tl::unexpected{ok.error()};
  handles columns;
  rocksdb::DB* raw = nullptr;
  auto status = o.read_only ? rocksdb::DB::OpenForReadOnly(options, name, families, &columns, &raw)
                            : rocksdb::DB::Open(options, name, families, &columns, &raw);
  std::unique_ptr<rocksdb::DB> db{raw};
  if (!status.ok())
    return tl::unexpected{open_error(status, name)};
  auto& opened = *db;
  auto store = std::make_unique<rocks_store>(o, std::move(db), columns);
  // Who only reads, as the audit does, is told on the way which block is damaged.
  if (!o.read_only)
    if (auto ok = check_blobs(*options.env, opened, columns); !ok)
      return tl::unexpected{ok.error()};
  return store;
}

error located(error e, const std::filesystem::path& directory) {
  if (!e.detail.starts_with(directory.string()))
    e.detail = directory.string() + ": " + e.detail;
  return e;
}

} // namespace bourse::storage
