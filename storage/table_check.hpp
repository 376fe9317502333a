// The form of the end of RocksDB's tables, as far as it must be known to find the properties: a
// footer names the meta index, a block that names the properties, a block. Behind each block stand
// its compression (1 byte) and its checksum (4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "messages/bytes.hpp"

namespace bourse::storage {

using namespace messages;

inline constexpr std::size_t table_footer_size = 53;
inline constexpr std::size_t table_trailer_size = 5;

/// Where a block is, trailer not counted.
struct block_handle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  /// Within a file of this size, and small as such blocks are.
  bool fits(std::uint64_t file_size) const;
};

bool is_table_footer(byte_view footer);
/// Nothing if the footer is damaged.
std::optional<block_handle> meta_index_of(byte_view footer);
/// `block` with its trailer.
bool has_right_checksum(byte_view block);
/// Nothing if the meta index names no properties. `meta_index` with its trailer.
std::optional<block_handle> properties_of(byte_view meta_index);

} // namespace bourse::storage
