// The end of a block: what the matchers did in parallel is put into one order, that of the requests
// that caused it, and becomes settlements and numbered reports. None of it depends on which matcher
// was done first.
#pragma once

#include <cstdint>
#include <vector>

#include "market/accounts.hpp"
#include "market/clearing_house.hpp"
#include "market/client_windows.hpp"
#include "market/rules.hpp"
#include "market/work.hpp"

namespace bourse::market {

/// A trade's id has so many bits for its place among the fills of its block.
inline constexpr unsigned trade_index_bits = 24;

/// A granted deposit or withdrawal; the latter is held already.
struct money_move {
  std::uint32_t position = 0;
  transfer what;
};

/// Settles fills, deposits and withdrawals.
class settler {
public:
  explicit settler(const rules& r) : rules_(r) {}

  /// Moves the money in `to`, appends a record of each trade and move to `result`. Outcomes by
  /// instrument, positions at most `last`. Adds what was charged to `fees`, by asset.
  void settle(const std::vector<outcome>& outcomes, const std::vector<money_move>& moves,
              std::uint32_t last, accounts& to, std::vector<std::int64_t>& fees,
              block_result& result);

  /// Of the last settled block.
  trade_id trade_of(instrument_id on, std::uint32_t fill) const;
  std::uint32_t trades() const {
    return static_cast<std::uint32_t>(trades_.size());
  }

private:
  struct event {
    std::uint32_t instrument = 0; ///< their number: a move
    std::uint32_t index = 0;
  };

  void settle_fill(const fill& f, instrument_id on, trade_id trade, accounts& to,
                   std::vector<std::int64_t>& fees, settlement& record) const;

  const rules& rules_;
  // Kept from block to block for their memory.
  std::vector<std::uint32_t> offsets_;
  std::vector<event> events_;
  std::vector<std::uint32_t> first_trade_; ///< by instrument: where its fills begin in trades_
  std::vector<trade_id> trades_;
};

/// Merges the reports of all matchers and the clearing house's own, numbers, encodes and hashes.
class report_merger {
public:
  explicit report_merger(const rules& r) : counts_(r.clients.size()) {}

  /// `own` stand after the matchers' of the same position. Changes the drafts. Fills in reports,
  /// leaves and results_root; returns how many reports there are.
  std::uint32_t merge(std::vector<outcome>& outcomes, std::vector<draft_report>& own,
                      std::uint32_t last, const settler& trades, client_windows& windows,
                      block_result& result);

private:
  void group_by_client();
  void encode(client_id of, draft_report* const* drafts, std::uint32_t count, const settler& trades,
              client_windows& windows, block_result& result) const;

  std::vector<std::uint32_t> offsets_;
  std::vector<draft_report*> in_order_;  ///< of the block
  std::vector<draft_report*> by_client_; ///< in the order of the block for each
  std::vector<std::uint32_t> counts_;    ///< by client; all 0 between blocks
  std::vector<std::uint32_t> clients_;   ///< that have reports, ascending
};

} // namespace bourse::market
