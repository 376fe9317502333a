#include "storage/log_check.hpp"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace bourse::storage {

namespace {

constexpr std::size_t header_size = 7;
constexpr std::uint8_t full_record = 1; // 2, 3, 4: the first, middle and last part of one
constexpr std::uint8_t last_part = 4;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  constexpr std::uint32_t castagnoli = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto x = i;
    for (int bit = 0; bit < 8; ++bit)
      x = (x & 1) != 0 ? x >> 1 ^ castagnoli : x >> 1;
    table[i] = x;
  }
  return table;
}

std::uint8_t byte_at(byte_view data, std::size_t i) {
  return static_cast<std::uint8_t>(data[i]);
}

std::uint32_t crc_step(std::uint32_t crc, std::uint8_t next) {
  static constexpr auto table = make_crc_table();
  return crc >> 8 ^ table[(crc ^ next) & 0xff];
}

/// RocksDB stores checksums of data that holds checksums itself, hence masked.
std::uint32_t masked(std::uint32_t crc) {
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/// True if the checksum of `record` (header included) is right for some length that fits: then it
/// is whole, and its length field wrong.
bool is_whole(byte_view record) {
  auto stored = std::uint32_t{0};
  for (std::size_t i = 4; i-- > 0;)
    stored = stored << 8 | byte_at(record, i);
  auto crc = ~std::uint32_t{0};
  for (std::size_t i = header_size - 1; i < record.size(); ++i) {
    crc = crc_step(crc, byte_at(record, i));
    if (masked(~crc) == stored)
      return true;
  }
  return false;
}

bool all_zero(byte_view data) {
  return data.find_first_not_of('\0') == byte_view::npos;
}

} // namespace

bool log_checker::add(byte_view block, bool is_last) {
  while (block.size() >= header_size) {
    std::size_t length = byte_at(block, 4) | std::size_t{byte_at(block, 5)} << 8;
    auto type = byte_at(block, 6);
    // Zeros are what a file system may leave where a write never arrived.
    if (in_padding_ || (type == 0 && length == 0)) {
      in_padding_ = true;
      return all_zero(block);
    }
    if (type < full_record || type > last_part)
      return false;
    if (header_size + length > block.size())
      return is_last && !is_whole(block);
    block.remove_prefix(header_size + length);
  }
  return true;
}

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

bool is_log(const std::string& name) {
  return name.ends_with(".log");
}

bool is_content(const std::string& name) {
  return is_log(name) || name.ends_with(".sst") || name.ends_with(".blob");
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

expected<void> check_logs(rocksdb::Env& env, const std::filesystem::path& directory) {
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
  for (auto& name : *names)
    if (is_log(name) || name == current)
      if (auto ok = check_log(env, base + '/' + name); !ok)
        return ok;
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
