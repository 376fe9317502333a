#include "bench/synthetic_market.hpp"

#include <algorithm>
#include <string>

#include "messages/assert.hpp"

namespace bourse::bench {

namespace {

/// Where the wandering prices begin and how far they may go, in ticks.
constexpr std::int64_t start_ticks = 2'500'000;
constexpr std::int64_t widest_ticks = 50'000;
/// Quotes stand within this of the middle.
constexpr std::int64_t quote_depth_ticks = 400;

/// Lots in a thousandth of the base asset: 0.001 BTC.
std::int64_t thousandth(const market::instrument& i, const market::asset& base) {
  std::int64_t units = 1;
  for (int d = 3; d < base.decimals; ++d)
    units *= 10;
  return std::max<std::int64_t>(1, units / i.lot_units);
}

} // namespace

std::int64_t wandering_price::step(random_source& random) {
  now_ += static_cast<std::int64_t>(random.below(3)) - 1;
  now_ = std::clamp(now_, start_ - widest_ticks, start_ + widest_ticks);
  return now_;
}

trader::trader(habit h, account_id account, instrument_id instrument, std::int64_t unit_lots,
               client_order_id first_order, std::size_t open_quotes)
    : habit_(h),
      account_(account),
      instrument_(instrument),
      unit_lots_(unit_lots),
      next_order_(first_order.value()),
      open_quotes_(open_quotes) {}

messages::quantity trader::lots(random_source& random, std::int64_t most_units) const {
  return messages::quantity{unit_lots_
                            + static_cast<std::int64_t>(
                                random.below(static_cast<std::uint64_t>(unit_lots_ * most_units)))};
}

request trader::next(random_source& random, std::int64_t middle) {
  switch (habit_) {
    case habit::make:
      return quote(random, middle);
    case habit::take:
      return cross(random, middle);
    case habit::liquidate:
      break;
  }
  return liquidation(random);
}

request trader::quote(random_source& random, std::int64_t middle) {
  // Quotes outnumber cancels two to one until the trader's share of the book is full.
  if (open_.size() >= open_quotes_ || (!open_.empty() && random.below(3) == 0)) {
    auto which = random.below(open_.size());
    std::swap(open_[which], open_.front());
    cancel c{account_, instrument_, open_.front()};
    open_.pop_front();
    return c;
  }
  place p;
  p.account = account_;
  p.instrument = instrument_;
  p.client_order = client_order_id{next_order_++};
  p.side = random.below(2) ? side::buy : side::sell;
  auto away = 1 + static_cast<std::int64_t>(random.below(quote_depth_ticks));
  p.price = messages::price{p.side == side::buy ? middle - away : middle + away};
  p.quantity = lots(random, 9);
  open_.push_back(p.client_order);
  return p;
}

request trader::cross(random_source& random, std::int64_t middle) {
  place p;
  p.account = account_;
  p.instrument = instrument_;
  p.client_order = client_order_id{next_order_++};
  p.side = random.below(2) ? side::buy : side::sell;
  p.tif = time_in_force::immediate_or_cancel;
  p.price = messages::price{p.side == side::buy ? middle + quote_depth_ticks
                                                : middle - quote_depth_ticks};
  p.quantity = lots(random, 20);
  if (random.below(1000) == 0)
    p.quantity = messages::quantity{p.quantity.value() * 300};
  return p;
}

request trader::liquidation(random_source& random) {
  place p;
  p.account = account_;
  p.instrument = instrument_;
  p.client_order = client_order_id{next_order_++};
  p.side = side::sell;
  p.type = order_type::market;
  p.tif = time_in_force::immediate_or_cancel;
  p.quantity = lots(random, 5);
  p.liquidation = true;
  return p;
}

synthetic_market::synthetic_market(const market::rules& r, std::uint64_t seed) : random_(seed) {
  prices_.resize(r.instruments.size(), wandering_price{start_ticks});
  parties_.resize(3);
  // Different runs against one network take different client order ids.
  auto run = random_source{seed}.next() & 0xff'ffff;
  add_traders(r, part::makers, "maker", "maker-", trader::habit::make, 12, run);
  add_traders(r, part::takers, "taker", "taker-", trader::habit::take, 3, run);
  add_traders(r, part::liquidators, "liquidator", "borrower-", trader::habit::liquidate, 1, run);
}

void synthetic_market::add_traders(const market::rules& r, part p, const std::string& client,
                                   const std::string& account_prefix, trader::habit h,
                                   std::size_t streams, std::uint64_t run) {
  auto& party = party_of(p);
  auto found
      = std::find_if(r.clients.begin(), r.clients.end(), [&](auto& c) { return c.name == client; });
  BOURSE_ASSERT(found != r.clients.end());
  party.client = client_id{static_cast<std::uint32_t>(found - r.clients.begin())};
  party.streams.resize(streams);
  for (std::size_t s = 0; s < streams; ++s) {
    for (std::size_t a = 0; a < r.accounts.size(); ++a) {
      if (!r.accounts[a].name.starts_with(account_prefix))
        continue;
      for (std::size_t i = 0; i < r.instruments.size(); ++i)
        party.streams[s].traders.emplace_back(
            h, account_id{static_cast<std::uint32_t>(a)},
            instrument_id{static_cast<std::uint16_t>(i)},
            thousandth(r.instruments[i], r.assets[r.instruments[i].base.value()]),
            client_order_id{std::uint64_t{s + 1} << 56 | run << 32});
    }
  }
  BOURSE_ASSERT(!party.streams.front().traders.empty());
}

client_id synthetic_market::client_of(part p) const {
  return party_of(p).client;
}

std::size_t synthetic_market::streams(part p) const {
  return party_of(p).streams.size();
}

std::vector<request> synthetic_market::next(part p, std::size_t stream, std::size_t count) {
  auto& s = party_of(p).streams[stream];
  std::vector<request> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& t = s.traders[s.turn++ % s.traders.size()];
    out.push_back(t.next(random_, prices_[t.instrument().value()].step(random_)));
  }
  return out;
}

} // namespace bourse::bench
