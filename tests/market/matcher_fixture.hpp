// One instrument, some accounts, and short ways to say what they want.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "market/holds.hpp"
#include "market/matcher.hpp"
#include "market/rules.hpp"
#include "market/work.hpp"

namespace bourse::market {

inline constexpr asset_id base{0};
inline constexpr asset_id quote{1};

/// Six accounts, 0 to 5, of the clients of the same numbers; client 9 acts for others.
inline rules one_instrument() {
  rules r;
  r.assets = {{"BTC", 8}, {"USD", 2}};
  instrument i;
  i.name = "BTC-USD";
  i.base = base;
  i.quote = quote;
  i.lot_units = 10;
  i.tick_lot_units = 100;
  i.maker_fee = basis_points{10};
  i.taker_fee = basis_points{25};
  r.instruments = {i};
  for (int n = 0; n < 6; ++n)
    r.accounts.push_back({"trader", {}});
  for (int n = 0; n < 10; ++n)
    r.clients.push_back({"client", {}, {}});
  return r;
}

struct matcher_fixture {
  rules r = one_instrument();
  matcher m{instrument_id{0}, r};
  std::uint64_t sequence = 0;
  std::uint32_t position = 0;
  work next;
  outcome last;

  // -- saying ------------------------------------------------------------------------------------

  origin from(std::uint32_t client) {
    return {client_id{client}, stream_id{3}, submission_number{77},
            static_cast<std::uint16_t>(position), ++position};
  }

  static place limit(std::uint32_t account, std::uint64_t name, side s, std::int64_t lots,
                     std::int64_t p, time_in_force tif = time_in_force::good_till_cancel) {
    place x;
    x.account = account_id{account};
    x.client_order = client_order_id{name};
    x.side = s;
    x.price = price{p};
    x.quantity = quantity{lots};
    x.tif = tif;
    return x;
  }
  static place at_market(std::uint32_t account, std::uint64_t name, side s, std::int64_t lots,
                         std::int64_t max_spend = 0) {
    auto x = limit(account, name, s, lots, 0);
    x.type = order_type::market;
    x.max_spend = amount{max_spend};
    return x;
  }

  /// With all of its hold reserved but `shortfall`.
  matcher_fixture& add(const place& x, std::int64_t shortfall = 0) {
    auto hold = hold_of(r.instruments[0], x).value();
    next.items.emplace_back(
        place_work{from(x.account.value()), x, amount{hold - shortfall}, amount{shortfall}});
    return *this;
  }
  matcher_fixture& add(const replace& x, std::int64_t shortfall = 0,
                       std::optional<std::uint32_t> client = {}) {
    auto hold = hold_of(r.instruments[0], x).value();
    next.items.emplace_back(replace_work{from(client.value_or(x.account.value())), x,
                                         amount{hold - shortfall}, amount{shortfall}});
    return *this;
  }
  matcher_fixture& cancel(std::uint32_t account, std::uint64_t name,
                          std::optional<std::uint32_t> client = {}) {
    next.items.emplace_back(
        cancel_work{from(client.value_or(account)),
                    {account_id{account}, instrument_id{0}, client_order_id{name}}});
    return *this;
  }
  matcher_fixture& cancel_all(std::uint32_t account) {
    next.items.emplace_back(cancel_all_work{from(account), account_id{account}});
    return *this;
  }
  matcher_fixture& dead_man(std::uint32_t account) {
    next.items.emplace_back(cancel_all_work{origin{}, account_id{account}, reason::dead_man});
    return *this;
  }
  static replace change(std::uint32_t account, std::uint64_t name, side s, std::int64_t lots,
                        std::int64_t p, std::uint64_t new_name = 0) {
    replace x;
    x.account = account_id{account};
    x.client_order = client_order_id{name};
    x.new_client_order = client_order_id{new_name == 0 ? name : new_name};
    x.side = s;
    x.quantity = quantity{lots};
    x.price = price{p};
    return x;
  }

  const outcome& run() {
    next.sequence = sequence_number{++sequence};
    last = m.run(next);
    next = {};
    position = 0;
    return last;
  }
  /// The block of one placement, and its first report.
  report run(const place& x, std::int64_t shortfall = 0) {
    return add(x, shortfall).run().reports.front().content;
  }

  // -- looking -----------------------------------------------------------------------------------

  const report& at(std::size_t i) const {
    return last.reports.at(i).content;
  }
  std::vector<report_kind> kinds() const {
    std::vector<report_kind> result;
    for (const auto& d : last.reports)
      result.push_back(d.content.kind);
    return result;
  }
  std::int64_t released(std::uint32_t account, asset_id asset) const {
    std::int64_t sum = 0;
    for (const auto& x : last.releases)
      if (x.account.value() == account && x.asset == asset)
        sum += x.to_free.value();
    return sum;
  }
  int opened(std::uint32_t account) const {
    int sum = 0;
    for (const auto& [a, n] : last.open_order_changes)
      sum += a.value() == account ? n : 0;
    return sum;
  }
  std::vector<open_order> orders(std::uint32_t account) const {
    std::vector<open_order> result;
    m.append_open_orders(account_id{account}, result);
    return result;
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> levels(side s) const {
    auto v = m.view(100);
    std::vector<std::pair<std::int64_t, std::int64_t>> result;
    for (const auto& l : s == side::buy ? v.bids : v.asks)
      result.emplace_back(l.price.value(), l.quantity.value());
    return result;
  }
};

} // namespace bourse::market
