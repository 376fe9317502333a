#include "simulation/attack_flow.hpp"

#include <algorithm>
#include <map>

#include "messages/crypto.hpp"
#include "messages/splitmix64.hpp"

namespace bourse::simulation {

namespace {

constexpr std::int64_t book_levels = 30;
constexpr std::uint64_t flow_us = 400'000;
constexpr std::uint64_t gap_us = 6'000; ///< between two orders, at most

market::rules rules_of() {
  market::rules r;
  r.cluster = hash("attacks");
  r.assets = {{"BTC", 0}, {"USD", 0}};
  market::instrument i;
  i.name = "BTC-USD";
  i.base = asset_id{0};
  i.quote = asset_id{1};
  i.high_value = amount{high_value_lots * attack_mid * 3 / 4};
  r.instruments = {i};
  for (std::uint32_t m = 0; m < attack_members::count; ++m) {
    r.accounts.push_back({"account", {amount{attack_base}, amount{attack_quote}}});
    market::client c;
    c.name = "client";
    c.key.data[0] = static_cast<std::uint8_t>(m + 1);
    c.accounts = {account_id{m}};
    r.clients.push_back(c);
  }
  r.fee_account = account_id{attack_members::house};
  // Small enough for a flood to fill.
  r.blocks.max_requests = 64;
  return r;
}

class flow_maker {
public:
  explicit flow_maker(std::uint64_t seed) : random_(seed), first_buys_(random_.below(2) == 0) {}

  attack_flow draw() {
    attack_flow flow;
    flow.rules = rules_of();
    flow.book = book(flow.rules);
    auto victim_at = flow_us / 8 + random_.below(flow_us / 4);
    auto victims = 0u;
    for (std::uint64_t at = 0; at < flow_us;) {
      at += 1 + random_.below(gap_us);
      if (victims < attack_members::victims && at >= victim_at) {
        flow.intents.push_back(victim(at, victims++));
        victim_at = at + flow_us / 4 + random_.below(flow_us / 8);
      } else {
        flow.intents.push_back(trader(at));
      }
      flow.end_us = at;
    }
    return flow;
  }

private:
  static submission_ptr book(const market::rules& rules) {
    client_id house{attack_members::house};
    std::vector<request> requests;
    std::uint64_t name = 0;
    for (std::int64_t level = 1; level <= book_levels; ++level)
      for (auto [s, price] :
           {std::pair{side::buy, attack_mid - level}, std::pair{side::sell, attack_mid + level}})
        requests.emplace_back(
            attack_place(house, ++name, s, price, level_lots, time_in_force::good_till_cancel));
    return attack_body(rules, {house, stream_id{0}, submission_number{1}}, std::move(requests));
  }

  submission_header next_of(client_id c, std::uint8_t stream) {
    return {c, stream_id{stream}, submission_number{++numbers_[{c.value(), stream}]}};
  }

  /// One buys and the other sells, so that in the end the price is where it was.
  attack_intent victim(std::uint64_t at, std::uint32_t which) {
    client_id c{attack_members::first_victim + which};
    bool buys = first_buys_ == (which == 0);
    auto limit = buys ? attack_mid + victim_levels : attack_mid - victim_levels;
    return {at, next_of(c, 0),
            attack_place(c, 1, buys ? side::buy : side::sell, limit, victim_levels * level_lots,
                         time_in_force::good_till_cancel)};
  }

  attack_intent trader(std::uint64_t at) {
    client_id c{attack_members::first_trader
                + static_cast<std::uint32_t>(random_.below(attack_members::traders))};
    auto name = ++names_[c.value()];
    auto s = random_.below(2) ? side::buy : side::sell;
    auto away = s == side::buy ? -1 : 1; // from the middle, as this side does
    auto lots = static_cast<std::int64_t>(1 + random_.below(3));
    auto ticks = static_cast<std::int64_t>(1 + random_.below(8));
    switch (random_.below(4)) {
      case 0: // takes a little
        return {at, next_of(c, 0),
                attack_place(c, name, s, attack_mid - away * 2, lots,
                             time_in_force::immediate_or_cancel)};
      case 1: // makes, in a lane and stream of its own
        return {
            at, next_of(c, 1),
            attack_place(c, name, s, attack_mid + away * ticks, lots, time_in_force::post_only)};
      case 2: // takes back, if it is still there
        return {at, next_of(c, 1),
                cancel{account_id{c.value()}, instrument_id{0},
                       client_order_id{1 + random_.below(name)}}};
      default: // waits further away
        return {at, next_of(c, 0),
                attack_place(c, name, s, attack_mid + away * (ticks + 8), lots,
                             time_in_force::good_till_cancel)};
    }
  }

  splitmix64 random_;
  bool first_buys_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint64_t> numbers_;
  std::map<std::uint32_t, std::uint64_t> names_;
};

} // namespace

attack_flow draw_attack_flow(std::uint64_t seed) {
  return flow_maker{seed}.draw();
}

submission_ptr attack_body(const market::rules& rules, const submission_header& about,
                           std::vector<request> requests) {
  verified_submission s;
  s.content = {about.client, about.stream, about.number, std::move(requests)};
  s.source.body = encode(s.content);
  s.digest = hash(s.source.body);
  s.lane = market::lane_of(s.content, rules);
  return std::make_shared<const verified_submission>(std::move(s));
}

place attack_place(client_id by, std::uint64_t name, side s, std::int64_t limit, std::int64_t lots,
                   time_in_force tif) {
  place p;
  p.account = account_id{by.value()};
  p.client_order = client_order_id{name};
  p.side = s;
  p.tif = tif;
  p.price = price{limit};
  p.quantity = quantity{lots};
  return p;
}

} // namespace bourse::simulation
