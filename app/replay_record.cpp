#include "app/replay_record.hpp"

#include <algorithm>
#include <numeric>
#include <ostream>

#include <fmt/format.h>

#include "config/decimal.hpp"
#include "config/load.hpp"

namespace bourse::app {

using namespace messages;

expected<replay_roles> find_replay_roles(const market::rules& r, const std::string& instrument) {
  auto client = config::find_client(r, "trader");
  auto bids = config::find_account(r, "bids");
  auto asks = config::find_account(r, "asks");
  auto traded = config::find_instrument(r, instrument);
  if (!client || !bids || !asks || !traded)
    return fail(
        errc::not_found,
        fmt::format("a replay needs the instrument {} and a client \"trader\" that acts for "
                    "accounts \"bids\" and \"asks\", as `bourse testnet` makes them",
                    instrument));
  const auto& accounts = r.clients[client->value()].accounts;
  for (auto needed : {*bids, *asks})
    if (!std::binary_search(accounts.begin(), accounts.end(), needed))
      return fail(errc::not_authorised, fmt::format("client \"trader\" does not act for account "
                                                    "\"{}\"",
                                                    r.accounts[needed.value()].name));
  return replay_roles{*client, *bids, *asks, *traded};
}

request to_request(const flow_event& e, const replay_roles& roles) {
  auto account = e.side == side::buy ? roles.bids : roles.asks;
  if (e.what == flow_event::kind::cancel)
    return cancel{account, roles.instrument, e.order};
  place p;
  p.account = account;
  p.instrument = roles.instrument;
  p.client_order = e.order;
  p.side = e.side;
  p.price = e.price;
  p.quantity = e.quantity;
  return p;
}

void replay_record::add(const flow_event& e) {
  ++instructions_;
  if (e.what != flow_event::kind::create)
    return;
  index_[e.order] = orders_.size();
  orders_.push_back({e.order, e.side, e.price, e.quantity, quantity{0}});
}

void replay_record::apply(const report& r) {
  if (r.kind == report_kind::rejected)
    ++rejected_[r.why];
  if (r.kind != report_kind::fill)
    return;
  auto& trade = trades_[r.trade];
  trade.price = r.price;
  trade.quantity = r.quantity;
  (r.role == role::maker ? trade.maker : trade.taker) = r.client_order;
  if (auto it = index_.find(r.client_order); it != index_.end()) {
    auto& filled = orders_[it->second].filled;
    filled = quantity{filled.value() + r.quantity.value()};
  }
}

std::vector<replayed_trade> replay_record::trades() const {
  std::vector<replayed_trade> all;
  all.reserve(trades_.size());
  for (const auto& [id, trade] : trades_)
    all.push_back(trade);
  return all;
}

std::int64_t replay_record::volume_lots() const {
  return std::accumulate(
      trades_.begin(), trades_.end(), std::int64_t{0},
      [](std::int64_t sum, const auto& entry) { return sum + entry.second.quantity.value(); });
}

void replay_record::write_csv(std::ostream& out, const market::instrument& i) const {
  // The file's own unit, whatever the lot is.
  constexpr std::uint8_t decimals = 8;
  auto units = [&i](quantity q) {
    return config::parse_units(config::to_text(q, i), decimals).value_or(0);
  };
  out << "id,side,price,qty,filled\n";
  for (const auto& o : orders_)
    out << fmt::format("{},{},{},{},{}\n", o.id.value(), o.side == side::buy ? "bid" : "ask",
                       config::to_text(o.price, i), units(o.quantity), units(o.filled));
}

std::string difference(const replay_record& one, const replay_record& other) {
  const auto& a = one.orders();
  const auto& b = other.orders();
  if (a.size() != b.size())
    return fmt::format("{} orders against {}", a.size(), b.size());
  auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin());
  if (x != a.end())
    return fmt::format("order {}: {} of {} lots filled against {} of {}", x->id.value(),
                       x->filled.value(), x->quantity.value(), y->filled.value(),
                       y->quantity.value());
  auto t = one.trades();
  auto u = other.trades();
  if (t.size() != u.size())
    return fmt::format("{} trades against {}", t.size(), u.size());
  auto [v, w] = std::mismatch(t.begin(), t.end(), u.begin());
  if (v != t.end())
    return fmt::format("trade {} of {}: {} lots at {} ticks (maker {}, taker {}) against {} at {} "
                       "(maker {}, taker {})",
                       v - t.begin() + 1, t.size(), v->quantity.value(), v->price.value(),
                       v->maker.value(), v->taker.value(), w->quantity.value(), w->price.value(),
                       w->maker.value(), w->taker.value());
  if (one.rejected() != other.rejected())
    return "the same trades, but other instructions were rejected";
  return {};
}

feed_agreement compare_with_feed(const replay_record& record, const order_flow& flow) {
  feed_agreement result;
  for (const auto& o : record.orders()) {
    auto it = flow.feed().find(o.id);
    if (it == flow.feed().end() || !it->second.created || !it->second.ended)
      continue;
    ++result.orders;
    if (it->second.filled() == o.filled)
      ++result.equal;
  }
  return result;
}

} // namespace bourse::app
