// Balances, open order counts and dead-man's switches: what the clearing house knows of accounts.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "market/pages.hpp"
#include "market/rules.hpp"
#include "messages/client.hpp"
#include "messages/report.hpp"

namespace bourse::market {

/// Every change goes through here and is counted, so that `end_block` can show that nothing came
/// from nowhere at the cost of what changed.
class accounts {
public:
  static constexpr std::uint32_t per_page = 16;

  explicit accounts(const rules& r);

  std::uint32_t size() const {
    return static_cast<std::uint32_t>(open_orders_.size());
  }
  std::int64_t free(account_id a, asset_id of) const {
    return cells_[index(a, of)].free;
  }
  std::int64_t held(account_id a, asset_id of) const {
    return cells_[index(a, of)].held;
  }

  // -- funds -------------------------------------------------------------------------------------

  /// Moves up to `wanted` from free to held; returns how much.
  amount reserve(account_id a, asset_id of, std::int64_t wanted);
  /// Moves from held to free; a negative amount goes the other way.
  void release(account_id a, asset_id of, amount to_free);
  /// Makes one transfer between accounts or, for deposits and withdrawals, the outside. A payer's
  /// `held` pays, or its free balance; what comes in is free.
  enum class purse : std::uint8_t { free, held };
  void pay(const transfer& t, purse from);
  /// What all own, were every announced deposit made.
  std::int64_t supply(asset_id of) const {
    return supply_[of.value()];
  }
  /// A deposit or (negative) withdrawal was granted in this block.
  void announce(asset_id of, std::int64_t change);

  /// Asserts that per asset what the accounts gained in this block is what came in from outside,
  /// and that nothing that was touched is negative.
  void end_block();

  // -- open orders -------------------------------------------------------------------------------

  std::uint32_t open_orders(account_id a) const {
    return open_orders_[a.value()];
  }
  /// ... of all accounts.
  std::uint64_t open_orders() const {
    return all_open_orders_;
  }
  void change_open_orders(account_id a, std::int32_t by);

  // -- dead-man's switches -----------------------------------------------------------------------

  /// 0 disarms.
  void arm(account_id a, block_time due);
  block_time next_due() const {
    return due_.empty() ? block_time{} : due_.begin()->first;
  }
  /// Disarms all switches that are due and returns their accounts, ascending.
  std::vector<account_id> take_due(block_time now);

  // -- reading and pages -------------------------------------------------------------------------

  std::vector<balance> balances(account_id a) const;
  /// By asset, summed over all accounts.
  std::vector<amount> sums() const;

  void take_dirty_pages(std::vector<page_update>& to);
  expected<void> restore(std::uint64_t page, byte_view content);
  /// For totals: the supply that restored accounts must add up to.
  void restore_supply(asset_id of, std::int64_t x) {
    supply_[of.value()] = x;
  }

private:
  struct cell {
    std::int64_t free = 0;
    std::int64_t held = 0;
  };

  std::size_t index(account_id a, asset_id of) const {
    return std::size_t{a.value()} * assets_ + of.value();
  }
  cell& touch(account_id a, asset_id of);
  void mark_dirty(account_id a) {
    dirty_[a.value() / per_page] = true;
  }
  bytes encode_page(std::uint32_t page) const;

  std::size_t assets_;
  std::vector<cell> cells_;                ///< by account, then asset
  std::vector<std::uint32_t> open_orders_; ///< by account
  std::uint64_t all_open_orders_ = 0;      ///< their sum
  std::vector<block_time> due_of_;         ///< by account; 0: disarmed
  std::set<std::pair<block_time, account_id>> due_;
  std::vector<std::int64_t> supply_; ///< by asset
  std::vector<char> dirty_;          ///< by page

  // Of the block under way.
  std::vector<std::size_t> touched_;  ///< cells
  std::vector<std::int64_t> gained_;  ///< by asset: change of all cells
  std::vector<std::int64_t> granted_; ///< by asset: announced deposits less withdrawals
};

} // namespace bourse::market
