// RocksDB numbers every change, and its logs go on where its tables end. So a gap in the numbers
// tells of a log, or an end of one or of the manifest, that is gone, which RocksDB itself only
// notices sometimes.
#pragma once

#include <cstdint>
#include <optional>

#include "messages/bytes.hpp"

namespace bourse::storage {

using namespace messages;

/// Of a record of a manifest or log, this much of the beginning is enough for what follows.
inline constexpr std::size_t record_head_size = 512;

/// How far the tables reach, if this record of a manifest says so.
std::optional<std::uint64_t> last_sequence_of(byte_view manifest_record);

/// Looks at the records of all logs in their order.
class sequence_checker {
public:
  /// The tables hold all changes up to this one, if not more.
  void tables_reach(std::uint64_t last);
  /// Call it with the same record again after `tables_reach` if that helps. False: changes are
  /// missing before this record.
  bool add(byte_view log_record);

  /// The first change that was not seen yet.
  std::uint64_t next() const {
    return next_;
  }

private:
  std::uint64_t next_ = 1;
};

} // namespace bourse::storage
