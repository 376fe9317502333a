// What an order holds and what a fill costs: the one definition that clearing house and matcher
// share (docs/PROTOCOL, "Execution"). All of it is checked: what leaves the range of amounts is no
// result.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "market/rules.hpp"
#include "messages/checked.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::market {

/// floor(rate * notional / 10000). `notional` is not negative. No 128-bit division: that costs as
/// much as all the rest of a fill.
constexpr int128 fee_on(std::int64_t notional, basis_points rate) {
  auto whole = static_cast<int128>(notional / 10'000) * rate.value();
  return whole + notional % 10'000 * rate.value() / 10'000;
}

constexpr basis_points larger_fee(const instrument& i) {
  return std::max(i.maker_fee, i.taker_fee);
}

/// price * quantity in quote units.
constexpr std::optional<std::int64_t> notional_of(const instrument& i, price p, quantity q) {
  auto lots = narrow(static_cast<int128>(p.value()) * q.value());
  if (!lots)
    return std::nullopt;
  return narrow(static_cast<int128>(*lots) * i.tick_lot_units);
}

/// What a sale of `q` lots holds, in base units.
constexpr std::optional<std::int64_t> sell_hold(const instrument& i, quantity q) {
  return narrow(static_cast<int128>(q.value()) * i.lot_units);
}

/// The notional that an order has traded so far, by the role that it had.
struct traded {
  std::int64_t as_maker = 0;
  std::int64_t as_taker = 0;

  friend bool operator==(const traded&, const traded&) = default;
};

/// What was charged for `t`: each role's cumulative notional at its own rate, so rounding is once
/// per order and not once per fill.
constexpr int128 fees_charged(const instrument& i, const traded& t) {
  return fee_on(t.as_maker, i.maker_fee) + fee_on(t.as_taker, i.taker_fee);
}

/// What a buy order holds for `leaves` more lots at `p`: their notional, and the fee at the larger
/// rate on everything that it will have traded, less what was charged. Never negative, and never
/// less than what is left of the hold after any fill at `p` or better.
constexpr std::optional<std::int64_t> buy_hold(const instrument& i, price p, quantity leaves,
                                               const traded& t = {}) {
  auto open = notional_of(i, p, leaves);
  if (!open)
    return std::nullopt;
  auto all = narrow(static_cast<int128>(t.as_maker) + t.as_taker + *open);
  if (!all)
    return std::nullopt;
  return narrow(*open + fee_on(*all, larger_fee(i)) - fees_charged(i, t));
}

/// The hold of a limit order of either side. A sale's notional must stay in range too.
constexpr std::optional<std::int64_t> limit_hold(const instrument& i, side s, price p,
                                                 quantity leaves, const traded& t = {}) {
  if (s == side::buy)
    return buy_hold(i, p, leaves, t);
  auto open = notional_of(i, p, leaves);
  if (!open || !narrow(static_cast<int128>(t.as_maker) + t.as_taker + *open))
    return std::nullopt;
  return sell_hold(i, leaves);
}

/// The hold of a new order: quote units for a buy, base units for a sell. Nothing:
/// reason::overflow.
constexpr std::optional<std::int64_t> hold_of(const instrument& i, const place& p) {
  if (p.type == order_type::limit)
    return limit_hold(i, p.side, p.price, p.quantity);
  return p.side == side::buy ? p.max_spend.value() : sell_hold(i, p.quantity);
}

/// The hold of a replacement as if it were wholly new.
constexpr std::optional<std::int64_t> hold_of(const instrument& i, const replace& r) {
  return limit_hold(i, r.side, r.price, r.quantity);
}

/// The largest notional that costs no more than `max_spend`, the fee at `rate` included: the
/// greatest n with n + floor(rate * n / 10000) <= max_spend.
constexpr std::int64_t notional_within(std::int64_t max_spend, basis_points rate) {
  auto parts = static_cast<int128>(10'000) * (static_cast<int128>(max_spend) + 1) - 1;
  return static_cast<std::int64_t>(parts / (10'000 + rate.value()));
}

} // namespace bourse::market
