#include "storage/file_check.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "storage/log_check.hpp"
#include "storage/sequence_check.hpp"
#include "storage/table_check.hpp"

namespace bourse::storage {

namespace {

expected<void> check_log(rocksdb::Env& env, const std::string& path,
                         const log_checker::visitor& visit) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  std::uint64_t left = 0;
  auto status = env.GetFileSize(path, &left);
  if (status.IsNotFound() || status.IsPathNotFound())
    return {}; // a process that has the database open may remove it; RocksDB misses it if it
               // matters
  if (status.ok())
    status = env.NewSequentialFile(path, &file, rocksdb::EnvOptions{});
  if (!status.ok())
    return fail(errc::io_failed, path + ": " + status.ToString());
  log_checker checker{record_head_size, visit};
  bytes buffer(log_checker::block_size, '\0');
  for (std::uint64_t offset = 0; left > 0; offset += log_checker::block_size) {
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    rocksdb::Slice block;
    status = file->Read(size, &block, buffer.data());
    if (!status.ok() || block.size() != size)
      return fail(errc::io_failed, path + ": " + status.ToString());
    left -= size;
    if (!checker.add({block.data(), block.size()}, left == 0))
      return fail(errc::corrupt,
                  path + ": damaged record header in the block at byte " + std::to_string(offset));
  }
  return {};
}

/// Reads `size` bytes at `offset`; fewer are an error.
expected<bytes> read_at(rocksdb::RandomAccessFile& file, const std::string& path,
                        std::uint64_t offset, std::size_t size) {
  bytes buffer(size, '\0');
  rocksdb::Slice found;
  auto status = file.Read(offset, size, &found, buffer.data());
  if (!status.ok())
    return fail(errc::io_failed, path + ": " + status.ToString());
  return bytes{found.data(), found.size()};
}

expected<void> check_table(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::RandomAccessFile> file;
  std::uint64_t size = 0;
  auto status = env.GetFileSize(path, &size);
  if (status.IsNotFound() || status.IsPathNotFound())
    return {};
  if (status.ok())
    status = env.NewRandomAccessFile(path, &file, rocksdb::EnvOptions{});
  if (!status.ok())
    return fail(errc::io_failed, path + ": " + status.ToString());
  auto damaged = [&path](const char* what) {
    return fail(errc::corrupt, path + ": damaged " + what);
  };

  // Without an end it is one that a crash cut short. If it is in use after all, RocksDB refuses it.
  if (size < table_footer_size)
    return {};
  auto footer = read_at(*file, path, size - table_footer_size, table_footer_size);
  if (!footer)
    return tl::unexpected{footer.error()};
  if (!is_table_footer(*footer))
    return {};
  auto handle = meta_index_of(*footer);
  for (const auto* what : {"index of properties", "properties"}) {
    if (!handle || !handle->fits(size))
      return damaged(what);
    auto block = read_at(*file, path, handle->offset, handle->size + table_trailer_size);
    if (!block)
      return tl::unexpected{block.error()};
    if (!has_right_checksum(*block))
      return damaged(what);
    handle = properties_of(*block);
  }
  return {};
}

/// Checks a manifest; up to which change it says that tables hold all.
expected<std::uint64_t> check_manifest(rocksdb::Env& env, const std::string& path) {
  std::uint64_t last = 0;
  auto ok = check_log(env, path, [&last](byte_view record) {
    last = std::max(last, last_sequence_of(record).value_or(0));
  });
  if (!ok)
    return tl::unexpected{ok.error()};
  return last;
}

bool is_log(const std::string& name) {
  return name.ends_with(".log");
}

bool is_table(const std::string& name) {
  return name.ends_with(".sst");
}

bool is_content(const std::string& name) {
  return is_log(name) || is_table(name) || name.ends_with(".blob");
}

/// The names in a directory, those of logs in the order of their numbers; none if there is no such
/// directory.
expected<std::vector<std::string>> names_in(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (auto status = env.GetChildren(directory, &names); !status.ok() && !status.IsNotFound())
    return fail(errc::io_failed, directory + ": " + status.ToString());
  // Numbers of a million and more have more digits.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

} // namespace

expected<void> check_files(rocksdb::Env& env, const std::filesystem::path& directory) {
  auto base = directory.string();
  auto names = names_in(env, base);
  if (!names)
    return tl::unexpected{names.error()};

  bytes current;
  if (auto status = rocksdb::ReadFileToString(&env, base + "/CURRENT", &current); !status.ok()) {
    // Without it RocksDB would take the directory for an empty one and start anew in it.
    if (auto i = std::find_if(names->begin(), names->end(), is_content); i != names->end())
      return fail(errc::corrupt, base + " holds " + *i + " but no readable CURRENT file");
    return {};
  }
  auto whole = current.ends_with('\n');
  current.erase(current.find_last_not_of('\n') + 1);
  auto manifest = base + "/" + current;
  if (!whole || !env.FileExists(manifest).ok())
    return fail(errc::corrupt, base + "/CURRENT does not name a manifest that is there");
  auto last = check_manifest(env, manifest);
  if (!last)
    return tl::unexpected{last.error()};
  sequence_checker sequences;
  sequences.tables_reach(*last);
  auto gap = false;
  auto next_record = [&](byte_view record) {
    if (gap || sequences.add(record))
      return;
    // A process that has the database open may have moved changes to tables since.
    sequences.tables_reach(check_manifest(env, manifest).value_or(0));
    gap = !sequences.add(record);
  };
  for (auto& name : *names) {
    auto path = base + "/" + name;
    expected<void> ok;
    if (is_log(name))
      ok = check_log(env, path, next_record);
    else if (is_table(name))
      ok = check_table(env, path);
    if (!ok)
      return ok;
    if (gap)
      return fail(errc::corrupt, path + ": a log before it is missing, or the end of " + current
                                     + ": no table and no log has the changes from "
                                     + std::to_string(sequences.next()) + " on");
  }
  return {};
}

expected<void> check_families(const rocksdb::DBOptions& options,
                              const std::filesystem::path& directory,
                              const std::vector<std::string>& families) {
  auto base = directory.string();
  auto names = names_in(*options.env, base);
  if (!names)
    return tl::unexpected{names.error()};
  auto holds_data = [&](const std::string& name) {
    std::uint64_t size = 0; // a first start that was interrupted leaves an empty log
    return is_content(name)
           && (!options.env->GetFileSize(base + "/" + name, &size).ok() || size > 0);
  };
  auto data = std::find_if(names->begin(), names->end(), holds_data);
  if (data == names->end())
    return {};
  std::vector<std::string> known;
  if (auto status = rocksdb::DB::ListColumnFamilies(options, base, &known); !status.ok())
    return {}; // RocksDB will say so itself, and better
  for (const auto& f : families)
    if (std::find(known.begin(), known.end(), f) == known.end())
      return fail(errc::corrupt, base + " holds " + *data
                                     + ", but its manifest, which was cut short, "
                                     + "does not name the family " + f);
  return {};
}

expected<void> check_blobs(rocksdb::Env& env, rocksdb::DB& db,
                           const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
  std::vector<rocksdb::BlobMetaData> blobs;
  db.DisableFileDeletions().PermitUncheckedError(); // compaction may be at work already
  for (auto* f : families) {
    rocksdb::ColumnFamilyMetaData data;
    db.GetColumnFamilyMetaData(f, &data);
    blobs.insert(blobs.end(), data.blob_files.begin(), data.blob_files.end());
  }
  std::optional<std::string> problem;
  for (const auto& blob : blobs) {
    auto name = std::filesystem::path{blob.blob_file_name}.filename(); // it may begin with a slash
    auto path = (std::filesystem::path{blob.blob_file_path} / name).string();
    std::uint64_t size = 0;
    if (auto status = env.GetFileSize(path, &size); !status.ok())
      problem = path + ": " + status.ToString();
    else if (size != blob.blob_file_size)
      problem = path + ": has " + std::to_string(size) + " bytes instead of "
                + std::to_string(blob.blob_file_size);
    if (problem)
      break;
  }
  db.EnableFileDeletions(false).PermitUncheckedError();
  return problem ? expected<void>{fail(errc::corrupt, *problem)} : expected<void>{};
}

expected<void> sync_logs(rocksdb::Env& env, const std::filesystem::path& directory) {
  auto names = names_in(env, directory.string());
  if (!names)
    return tl::unexpected{names.error()};
  for (auto& name : *names) {
    if (!is_log(name))
      continue;
    auto path = (directory / name).string();
    std::unique_ptr<rocksdb::WritableFile> file;
    auto status = env.ReopenWritableFile(path, &file, rocksdb::EnvOptions{});
    if (status.ok())
      status = file->Sync();
    if (status.ok())
      status = file->Close();
    if (!status.ok())
      return fail(errc::io_failed, path + ": " + status.ToString());
  }
  return {};
}

} // namespace bourse::storage
