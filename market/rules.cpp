#include "market/rules.hpp"

#include <algorithm>
#include <functional>

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

tl::unexpected<error> invalid(const char* what, const std::string& name) {
  return fail(errc::config_invalid, name + ": " + what);
}

expected<void> check_instrument(const instrument& i, const rules& r) {
  constexpr basis_points all{10'000};
  if (i.base.value() >= r.assets.size() || i.quote.value() >= r.assets.size())
    return invalid("trades an asset that is not listed", i.name);
  if (i.base == i.quote)
    return invalid("trades an asset for itself", i.name);
  if (i.lot_units < 1 || i.tick_lot_units < 1)
    return invalid("needs units of 1 or more", i.name);
  if (i.maker_fee > all || i.taker_fee > all)
    return invalid("charges more than all of a trade", i.name);
  return {};
}

expected<void> check_accounts(const rules& r) {
  std::vector<std::int64_t> supply(r.assets.size());
  for (auto& a : r.accounts) {
    if (a.balances.size() > supply.size())
      return invalid("has more balances than there are assets", a.name);
    for (std::size_t i = 0; i < a.balances.size(); ++i) {
      auto x = a.balances[i].value();
      if (x < 0 || x > max_supply - supply[i])
        return invalid("has a balance below 0, or one that takes the supply out of range", a.name);
      supply[i] += x;
    }
  }
  return {};
}

expected<void> check_client(const client& c, const rules& r) {
  auto& own = c.accounts;
  if (std::adjacent_find(own.begin(), own.end(), std::greater_equal{}) != own.end())
    return invalid("has accounts that are not ascending", c.name);
  if (!own.empty() && own.back().value() >= r.accounts.size())
    return invalid("acts for an account that is not listed", c.name);
  return {};
}

} // namespace

expected<void> check_rules(const rules& r) {
  constexpr std::size_t most = UINT16_MAX;
  if (r.assets.size() > most || r.instruments.size() > most)
    return fail(errc::config_invalid, "too many assets or instruments");
  for (auto& i : r.instruments)
    if (auto ok = check_instrument(i, r); !ok)
      return ok;
  if (auto ok = check_accounts(r); !ok)
    return ok;
  for (auto& c : r.clients)
    if (auto ok = check_client(c, r); !ok)
      return ok;
  if (r.fee_account.value() >= r.accounts.size())
    return fail(errc::config_invalid, "the fee account is not listed");
  if (r.blocks.max_requests == 0 || r.blocks.max_requests > most
      || r.submissions.max_requests > most)
    return fail(errc::config_invalid, "a block has 1 to 65535 requests, a submission no more");
  return {};
}

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
