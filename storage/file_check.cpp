#include "storage/file_check.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "storage/log_check.hpp"
#include "storage/table_check.hpp"

namespace bourse::storage {

namespace {

expected<void> check_log(rocksdb::Env& env, const std::string& path) {
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
  log_checker checker;
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

bool is_log(const std::string& name) {
  return name.ends_with(".log");
}

bool is_table(const std::string& name) {
  return name.ends_with(".sst");
}

bool is_content(const std::string& name) {
  return is_log(name) || is_table(name) || name.ends_with(".blob");
}

/// The names in a directory in order; none if there is no such directory.
expected<std::vector<std::string>> names_in(rocksdb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (auto status = env.GetChildren(directory, &names); !status.ok() && !status.IsNotFound())
    return fail(errc::io_failed, directory + ": " + status.ToString());
  std::sort(names.begin(), names.end());
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
  while (!current.empty() && current.back() == '\n')
    current.pop_back();
  for (auto& name : *names) {
    auto path = (directory / name).string();
    expected<void> ok;
    if (is_log(name) || name == current)
      ok = check_log(env, path);
    else if (is_table(name))
      ok = check_table(env, path);
    if (!ok)
      return ok;
  }
  return {};
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
