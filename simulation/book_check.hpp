// The books once more, from nothing but what the exchange reported: a second opinion on matching
// that shares no code with it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "market/exchange.hpp"
#include "market/rules.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

using namespace messages;

/// Follows the execution reports and settlements of block after block. After each: the open orders
/// it knows are those of the books, no book is crossed, every trade was at the resting order's
/// price and within the taker's limit, nobody was passed over who had a better price or the same
/// price earlier, and balances are those that settlement leaves. Sums of assets change by deposits
/// and withdrawals alone.
class book_check {
public:
  /// `r` and `out` outlive it.
  book_check(const market::rules& r, violations& out);

  void executed(const market::block_result& result, const std::vector<report>& reports,
                const market::exchange& exchange);

  /// All levels of all books, which costs what they hold; best ones are compared at every block.
  void compare_books(const market::exchange& exchange);

private:
  struct resting {
    client_id client; ///< whose reports tell of it
    account_id account;
    instrument_id instrument;
    messages::side side = side::buy;
    std::int64_t price = 0;
    std::int64_t limit = 0; ///< 0: at any price
    std::int64_t leaves = 0;
    std::uint64_t block = 0;   ///< since when it has its place in the queue
    std::uint64_t touched = 0; ///< the last block that changed it
    bool moved = false;        ///< a replace gave it that place
  };
  using orders = std::map<std::uint64_t, resting>; ///< by order id

  void take(const report& r);
  void replaced(const report& r, resting& o);
  void close(orders::iterator o);
  void count(const resting& o, std::int64_t lots);
  const resting* find(order_id id) const;
  void check_trade(const settlement& s);
  void check_priority(const settlement& s, const resting& maker, const resting& taker);
  void settle(const settlement& s);
  struct needed {
    std::int64_t offered = 0; ///< base units of orders to sell
    bool bids = false;
  };
  std::vector<std::vector<needed>> holds() const;
  void compare_balances(const market::exchange& exchange);

  const market::rules& rules_;
  violations& out_;
  std::uint64_t block_ = 0;
  orders open_;
  orders closed_; ///< in the block at hand
  /// By instrument and side: lots by price.
  std::map<std::pair<instrument_id, side>, std::map<std::int64_t, std::int64_t>> levels_;
  std::vector<std::vector<std::int64_t>> balances_; ///< by account and asset
};

} // namespace bourse::simulation
