#include "storage/log_check.hpp"

#include "messages/crc32c.hpp"

namespace bourse::storage {

namespace {

constexpr std::size_t header_size = 7;
constexpr std::uint8_t full_record = 1;
constexpr std::uint8_t first_part = 2; // of one that does not fit its block
constexpr std::uint8_t last_part = 4;

std::uint8_t byte_at(byte_view data, std::size_t i) {
  return static_cast<std::uint8_t>(data[i]);
}

/// True if the checksum of `record` (header included) is right for some length that fits: then it
/// is whole, and its length field wrong.
bool is_whole(byte_view record) {
  auto stored = std::uint32_t{0};
  for (std::size_t i = 4; i-- > 0;)
    stored = stored << 8 | byte_at(record, i);
  crc32c crc;
  for (std::size_t i = header_size - 1; i < record.size(); ++i)
    if (crc.add(record.substr(i, 1)).masked() == stored)
      return true;
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
    add_part(type, block.substr(header_size, length));
    block.remove_prefix(header_size + length);
  }
  return true;
}

void log_checker::add_part(std::uint8_t type, byte_view part) {
  if (type == full_record || type == first_part)
    head_.clear();
  head_.append(part.substr(0, head_size_ - head_.size()));
  if (type == full_record || type == last_part)
    visit_(head_);
}

} // namespace bourse::storage
