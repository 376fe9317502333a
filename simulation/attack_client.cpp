#include "simulation/attack_client.hpp"

#include <algorithm>
#include <cstdlib>

namespace bourse::simulation {

namespace {

constexpr client_id trades{attack_members::attacker};
constexpr client_id floods{attack_members::accomplice};
constexpr stream_id front_stream{0}, behind_stream{1}, close_stream{2};
/// By then the victim's order has mostly reached all.
constexpr std::uint64_t behind_us = 8'000;
constexpr std::uint64_t moment_us = 100;
/// From each of the accomplice's streams: together as much as four blocks take.
constexpr std::size_t flood_requests = 16;

side other(side s) {
  return s == side::buy ? side::sell : side::buy;
}
/// Of a buyer a higher price is worse.
std::int64_t worse(side s, std::int64_t ticks) {
  return s == side::buy ? ticks : -ticks;
}

} // namespace

/// Immediate, so that who comes too late has lost nothing.
place colluding_client::order(side s, std::int64_t limit, std::int64_t lots) {
  return attack_place(trades, ++names_, s, limit, lots, time_in_force::immediate_or_cancel);
}

/// In front: half of what the victim would take, at the better half of its prices. So the victim
/// takes the worse half, and what is left of its order waits at its limit, for the colluding client
/// to sell to.
std::vector<attack_wish> colluding_client::saw(const attack_order& o, std::size_t index) {
  std::vector<attack_wish> out;
  const auto* prey = o.prey();
  if (!prey || attack_.play == attack_play::none)
    return out;
  auto half = prey->quantity.value() / 2;
  auto limit = prey->price.value() - worse(prey->side, victim_levels / 2);
  bool outbids = attack_.play == attack_play::outbid;
  std::vector<request> front{order(prey->side, limit, outbids ? high_value_lots : half)};
  if (attack_.play == attack_play::offer) {
    auto sale = order(other(prey->side), prey->price.value() - worse(prey->side, 1), half);
    sale.tif = time_in_force::good_till_cancel;
    front.emplace_back(sale);
  }
  out.push_back({attack_.reaction_us, trades, front_stream, front, attack_part::front, index});
  if (attack_.play == attack_play::sandwich)
    out.push_back({attack_.reaction_us + behind_us,
                   trades,
                   behind_stream,
                   {order(other(prey->side), prey->price.value(), half)},
                   attack_part::behind,
                   index});
  if (attack_.play == attack_play::flood)
    flood(out);
  return out;
}

/// Cancels of nothing: lane 2, and free.
void colluding_client::flood(std::vector<attack_wish>& out) {
  std::vector<request> all;
  for (std::size_t i = 0; i < flood_requests; ++i)
    all.emplace_back(cancel{account_id{floods.value()}, instrument_id{0}, client_order_id{1 + i}});
  for (std::uint8_t s = 0; s < max_streams; ++s)
    out.push_back({attack_.reaction_us, floods, stream_id{s}, all, attack_part::other, SIZE_MAX});
}

/// What was bought is sold to the rest of the victim's order, or near its price.
std::vector<attack_wish> colluding_client::executed(const attack_order& o, std::size_t index,
                                                    std::int64_t lots) {
  const auto* prey = o.prey();
  bool sells_now = attack_.play != attack_play::none && attack_.play != attack_play::offer;
  if (!prey || !sells_now || lots == 0 || (lots > 0) != (prey->side == side::buy))
    return {};
  auto limit = prey->price.value() - worse(prey->side, 1);
  return {{moment_us,
           trades,
           close_stream,
           {order(other(prey->side), limit, std::abs(lots))},
           attack_part::other,
           index}};
}

} // namespace bourse::simulation
