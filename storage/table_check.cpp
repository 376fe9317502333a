#include "storage/table_check.hpp"

#include "messages/crc32c.hpp"

namespace bourse::storage {

namespace {

constexpr std::uint64_t table_magic = 0x88e241b785f4cff7;
constexpr std::uint8_t checksum_is_crc32c = 1;

/// Numbers off the front of some bytes; once one is cut short, all further ones are 0.
class front {
public:
  explicit front(byte_view data) : data_(data) {}

  bool good() const {
    return good_;
  }

  byte_view take(std::uint64_t size) {
    good_ = good_ && size <= data_.size();
    if (!good_)
      return {};
    auto out = data_.substr(0, size);
    data_.remove_prefix(size);
    return out;
  }

  std::uint64_t fixed(std::size_t size) {
    std::uint64_t x = 0;
    auto taken = take(size);
    for (auto i = taken.size(); i-- > 0;)
      x = x << 8 | static_cast<std::uint8_t>(taken[i]);
    return x;
  }

  std::uint64_t varint() {
    std::uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto byte = fixed(1);
      x |= (byte & 0x7f) << shift;
      if (byte < 0x80)
        return good_ ? x : 0;
    }
    good_ = false;
    return 0;
  }

  std::optional<block_handle> handle() {
    block_handle h;
    h.offset = varint();
    h.size = varint();
    return good_ ? std::optional{h} : std::nullopt;
  }

private:
  byte_view data_;
  bool good_ = true;
};

} // namespace

bool block_handle::fits(std::uint64_t file_size) const {
  constexpr std::uint64_t most = std::uint64_t{16} * 1024 * 1024;
  return size <= most && size + table_trailer_size <= file_size
         && offset <= file_size - size - table_trailer_size;
}

bool is_table_footer(byte_view footer) {
  return footer.size() == table_footer_size
         && front{footer.substr(table_footer_size - 8)}.fixed(8) == table_magic;
}

std::optional<block_handle> meta_index_of(byte_view footer) {
  front in{footer};
  if (in.fixed(1) != checksum_is_crc32c)
    return std::nullopt;
  return in.handle();
}

bool has_right_checksum(byte_view block) {
  if (block.size() < table_trailer_size)
    return false;
  auto covered = block.size() - 4;
  return crc32c{}.add(block.substr(0, covered)).masked() == front{block.substr(covered)}.fixed(4);
}

std::optional<block_handle> properties_of(byte_view meta_index) {
  if (meta_index.size() < table_trailer_size)
    return std::nullopt;
  front in{meta_index.substr(0, meta_index.size() - table_trailer_size)};
  // Every entry is a restart point, so that no key leans on the one before it.
  while (in.varint() == 0 && in.good()) {
    auto key_size = in.varint();
    auto value_size = in.varint();
    auto key = in.take(key_size);
    auto value = in.take(value_size);
    if (key == "rocksdb.properties" && in.good())
      return front{value}.handle();
  }
  return std::nullopt;
}

} // namespace bourse::storage
