// The form of RocksDB's logs, its manifest included: 32 KB blocks, filled with records of checksum
// (4 bytes), length (2), type (1) and payload.
#pragma once

#include <cstddef>
#include <cstdint>

#include "messages/bytes.hpp"

namespace bourse::storage {

using namespace messages;

/// Steps through one log, block by block, and checks what RocksDB believes: the headers.
class log_checker {
public:
  static constexpr std::size_t block_size = std::size_t{32} * 1024;

  /// The next block; only the last may be shorter than block_size. False: a header is wrong.
  bool add(byte_view block, bool is_last);

private:
  bool in_padding_ = false;
};

} // namespace bourse::storage
