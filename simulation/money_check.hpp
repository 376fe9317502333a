// Where the money goes, from the rules of docs/PROTOCOL, section 11, and what the exchange
// reported: it shares no code with the settlement.
#pragma once

#include <cstdint>
#include <vector>

#include "market/exchange.hpp"
#include "market/rules.hpp"
#include "simulation/block_story.hpp"
#include "simulation/known_order.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

/// Every trade moves just what its price, quantity and fees are, between the accounts of its two
/// orders and the fee account; deposits and withdrawals move what was asked, and nothing else comes
/// from outside or goes there. After each block the exchange has for each account what these leave,
/// and holds of it what the open orders need.
class money_check {
public:
  /// Both outlive it.
  money_check(const market::rules& r, violations& out);

  /// Counts the trade towards both orders.
  void trade(const block_story::trade& t, known_order& maker, known_order& taker);
  /// The deposits and withdrawals of a block, and all that was settled in it.
  void settle(const block_story& story, const market::block_result& result);
  /// At the end of a block: one of the open orders, then the comparison with all of them.
  void hold(const known_order& o);
  void compare(const market::exchange& exchange);

private:
  std::int64_t& balance(account_id a, asset_id of) {
    return balances_[a.value()][of.value()];
  }
  void compare_supply(const std::vector<__int128>& owned);

  const market::rules& rules_;
  violations& out_;
  std::uint64_t block_ = 0;
  std::vector<std::vector<std::int64_t>> balances_; ///< by account and asset
  std::vector<std::vector<std::int64_t>> holds_;    ///< the same, for `compare`
  std::vector<__int128> supply_; ///< by asset, as deposits and withdrawals leave it
};

} // namespace bourse::simulation
