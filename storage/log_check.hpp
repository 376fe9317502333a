// The form of RocksDB's logs, its manifest included: 32 KB blocks, filled with records of checksum
// (4 bytes), length (2), type (1) and payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "messages/bytes.hpp"

namespace bourse::storage {

using namespace messages;

/// Steps through one log, block by block, and checks what RocksDB believes: the headers.
class log_checker {
public:
  static constexpr std::size_t block_size = std::size_t{32} * 1024;
  /// Given the first bytes of a whole record, at most `head_size` of them.
  using visitor = std::function<void(byte_view head)>;

  log_checker(std::size_t head_size, visitor visit)
      : head_size_(head_size), visit_(std::move(visit)) {}

  /// The next block; only the last may be shorter than block_size. False: a header is wrong.
  bool add(byte_view block, bool is_last);

private:
  void add_part(std::uint8_t type, byte_view part);

  std::size_t head_size_;
  visitor visit_;
  bytes head_; ///< of the record that began in an earlier part
  bool in_padding_ = false;
};

} // namespace bourse::storage
