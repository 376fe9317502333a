// Counters over the life of the exchange: the one page of totals.
#pragma once

#include <cstdint>
#include <vector>

#include "market/accounts.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::market {

struct ledger_totals {
  sequence_number sequence; ///< the last executed block
  block_time time;          ///< its time
  std::uint64_t requests = 0;
  std::uint64_t reports = 0;
  std::uint64_t trades = 0;
  std::vector<std::int64_t> fees; ///< by asset, charged so far

  /// The page holds the supply of every asset as well, which `of` knows.
  bytes encode(const accounts& of) const;
  /// Errors: corrupt. `fees` has its size already.
  expected<void> decode(byte_view content, accounts& of);
  /// The time of the last executed block. Errors: corrupt.
  static expected<block_time> read_time(byte_view content);
};

} // namespace bourse::market
