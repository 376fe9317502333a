#include "storage/sequence_check.hpp"

#include <algorithm>

namespace bourse::storage {

namespace {

// Tags of what a manifest's record begins with; tables and the like come behind.
constexpr std::uint64_t tag_comparator = 1; // a text
constexpr std::uint64_t tag_log_number = 2;
constexpr std::uint64_t tag_next_file = 3;
constexpr std::uint64_t tag_last_sequence = 4;
constexpr std::uint64_t tag_previous_log = 9;
constexpr std::uint64_t tag_least_log = 10;
constexpr std::uint64_t tag_most_families = 203;
constexpr std::uint64_t tag_database_id = (1 << 13) + 1; // a text

std::optional<std::uint64_t> take_varint(byte_view& from) {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    auto byte = static_cast<std::uint8_t>(from.front());
    from.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      return out;
  }
  return std::nullopt;
}

std::uint64_t little(byte_view data, std::size_t at, std::size_t size) {
  std::uint64_t out = 0;
  for (auto i = size; i-- > 0;)
    out = out << 8 | static_cast<std::uint8_t>(data[at + i]);
  return out;
}

} // namespace

std::optional<std::uint64_t> last_sequence_of(byte_view record) {
  for (;;) {
    auto tag = take_varint(record);
    auto value = tag ? take_varint(record) : std::nullopt;
    if (!value)
      return std::nullopt;
    switch (*tag) {
      case tag_last_sequence:
        return value;
      case tag_comparator:
      case tag_database_id:
        if (*value > record.size())
          return std::nullopt;
        record.remove_prefix(*value);
        break;
      case tag_log_number:
      case tag_next_file:
      case tag_previous_log:
      case tag_least_log:
      case tag_most_families:
        break;
      default:
        return std::nullopt;
    }
  }
}

void sequence_checker::tables_reach(std::uint64_t last) {
  next_ = std::max(next_, last + 1);
}

bool sequence_checker::add(byte_view record) {
  constexpr std::size_t header_size = 12; // the first change's number, and how many there are
  if (record.size() < header_size)
    return false;
  auto first = little(record, 0, 8);
  if (first > next_)
    return false;
  next_ = std::max(next_, first + little(record, 8, 4));
  return true;
}

} // namespace bourse::storage
