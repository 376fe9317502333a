#include "market/rules.hpp"

#include <algorithm>

#include "messages/checked.hpp"

namespace bourse::market {

namespace {

bool is_high_value(const instrument& on, price p, quantity q) {
  // The product of three 64-bit numbers may leave even 128 bits; then it is high for sure.
  int128 notional = 0;
  if (__builtin_mul_overflow(int128{p.value()} * q.value(), int128{on.tick_lot_units}, &notional))
    return true;
  return notional >= on.high_value.value();
}

lane lane_by_value(const instrument& on, price p, quantity q) {
  return is_high_value(on, p, q) ? lane::high_value : lane::ordinary;
}

struct lane_finder {
  const rules& r;
  bool liquidator;

  const instrument* find(instrument_id id) const {
    return id.value() < r.instruments.size() ? &r.instruments[id.value()] : nullptr;
  }

  lane operator()(const place& x) const {
    auto* on = find(x.instrument);
    if (!on)
      return lane::ordinary;
    if (x.liquidation)
      return liquidator ? lane::liquidation : lane::ordinary;
    // A market order takes, whatever its time in force says.
    if (x.type == order_type::market) {
      bool high = x.side == side::buy && x.max_spend >= on->high_value;
      return high ? lane::high_value : lane::ordinary;
    }
    if (x.tif == time_in_force::post_only)
      return lane::maker;
    return lane_by_value(*on, x.price, x.quantity);
  }

  lane operator()(const replace& x) const {
    auto* on = find(x.instrument);
    if (!on)
      return lane::ordinary;
    return x.post_only ? lane::maker : lane_by_value(*on, x.price, x.quantity);
  }

  lane operator()(const cancel& x) const {
    return find(x.instrument) ? lane::maker : lane::ordinary;
  }

  lane operator()(const cancel_all& x) const {
    return !x.instrument || find(*x.instrument) ? lane::maker : lane::ordinary;
  }

  lane operator()(const deposit&) const {
    return lane::ordinary;
  }

  lane operator()(const withdraw&) const {
    return lane::ordinary;
  }

  lane operator()(const dead_man_switch&) const {
    return lane::maker;
  }
};

} // namespace

lane lane_of(const submission& s, const rules& r) {
  auto who = s.client.value();
  lane_finder finder{r, who < r.clients.size() && r.clients[who].liquidator};
  if (s.requests.empty())
    return lane::ordinary;
  auto worst = lane::liquidation;
  for (auto& request : s.requests)
    worst = std::max(worst, std::visit(finder, request));
  return worst;
}

} // namespace bourse::market
