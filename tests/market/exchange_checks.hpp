// What must hold of a whole market after each block, and whether two of them agree.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "market/exchange.hpp"
#include "market/holds.hpp"

namespace bourse::market {

/// Accounts as the settlement records alone have them.
class double_entry {
public:
  explicit double_entry(const rules& r) {
    for (std::uint32_t a = 0; a < r.accounts.size(); ++a)
      for (std::uint16_t i = 0; i < r.assets.size(); ++i)
        owned_[{a, i}] = r.accounts[a].balances[i].value();
  }

  void apply(const block_result& result) {
    for (auto& s : result.settlements)
      for (auto& t : s.transfers) {
        owned_[{t.from.value(), t.asset.value()}] -= t.amount.value();
        owned_[{t.to.value(), t.asset.value()}] += t.amount.value();
      }
  }

  std::int64_t owned(account_id a, asset_id of) const {
    return owned_.at({a.value(), of.value()});
  }
  /// What all but the outside own.
  std::int64_t supply(asset_id of) const {
    std::int64_t sum = 0;
    for (auto& [key, x] : owned_)
      if (key.first != transfer::outside.value() && key.second == of.value())
        sum += x;
    return sum;
  }

private:
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::int64_t> owned_;
};

/// Counts what is wrong with balances: they must be what settlements say, and hold what open orders
/// need: for a sale exactly its lots, for a buy its notional and at most the fee on all of it.
inline std::size_t wrong_balances(const exchange& x, const double_entry& books, const rules& r) {
  std::size_t wrong = 0;
  for (std::uint32_t a = 0; a < r.accounts.size(); ++a) {
    auto view = x.account(account_id{a});
    std::vector<std::int64_t> least(r.assets.size()), most(r.assets.size());
    for (auto& o : view.orders) {
      auto& on = r.instruments[o.instrument.value()];
      auto base = on.base.value(), quote = on.quote.value();
      if (o.side == side::sell) {
        least[base] += *sell_hold(on, o.leaves);
        most[base] += *sell_hold(on, o.leaves);
      } else {
        least[quote] += *notional_of(on, o.price, o.leaves);
        most[quote] += *buy_hold(on, o.price, o.quantity);
      }
    }
    for (auto& b : view.balances) {
      auto free = b.free.value(), held = b.held.value();
      wrong += free < 0 || held < 0 || free + held != books.owned(view.account, b.asset);
      wrong += held < least[b.asset.value()] || held > most[b.asset.value()];
    }
  }
  for (std::uint16_t i = 0; i < r.assets.size(); ++i)
    wrong += x.clearing().supply()[i].value() != books.supply(asset_id{i});
  return wrong;
}

/// Whether two instances did the same in a block, byte for byte.
inline bool same(const block_result& a, const block_result& b) {
  auto same_reports = [](const client_reports& x, const client_reports& y) {
    return x.client == y.client && x.first == y.first && x.count == y.count
           && x.encoded == y.encoded;
  };
  auto same_position = [](auto& x, auto& y) {
    return x.client == y.client && x.stream == y.stream && x.next == y.next;
  };
  return a.sequence == b.sequence && a.block_digest == b.block_digest && a.time == b.time
         && a.fates == b.fates && a.requests == b.requests && a.leaves == b.leaves
         && a.results_root == b.results_root && a.settlements == b.settlements
         && a.next_due == b.next_due
         && std::equal(a.reports.begin(), a.reports.end(), b.reports.begin(), b.reports.end(),
                       same_reports)
         && std::equal(a.positions.begin(), a.positions.end(), b.positions.begin(),
                       b.positions.end(), same_position);
}

} // namespace bourse::market
