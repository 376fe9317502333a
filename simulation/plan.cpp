#include "simulation/plan.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace bourse::simulation {

namespace {

constexpr auto names = std::to_array<std::string_view>(
    {"crash", "torn_write", "lights_out", "actor_failure", "disk_full", "slow_disk", "wiped_disk",
     "pause", "slow_node", "cut_off", "one_way", "split", "loss", "duplication", "delays", "clock",
     "client_link", "unrest"});
static_assert(names.size() == fault_kinds);

lie draw_lie(std::uint16_t node, random_source& random, std::uint16_t n) {
  auto between = [&](std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(random.below(most - least + 1));
  };
  constexpr std::array<std::uint32_t, 4> often{5, 25, 60, 100};
  lie l;
  l.kind = static_cast<lie_kind>(random.below(lie_kinds));
  if (between(0, 15) == 0)
    l.kind = lie_kind::wrong_state; // others come up in any run, this one if the liar is asked
  l.node = node;
  l.from_ms = between(0, 2) == 0 ? 300 : between(300, 8000);
  l.percent = often[random.below(often.size())];
  switch (l.kind) {
    case lie_kind::empty_blocks:
      l.amount = between(0, 3);
      break;
    case lie_kind::false_stamps:
      l.amount = between(0, 4);
      break;
    case lie_kind::withheld_reports:
    case lie_kind::wrong_bodies:
      l.amount = between(0, 1);
      break;
    case lie_kind::wrong_state:
      l.amount = between(0, 3) == 0 ? 0 : 1;
      break;
    case lie_kind::silence_to_some:
      l.amount = between(1, (1u << n) - 1);
      break;
    case lie_kind::silence_to_clients:
      l.amount = between(0, 1) == 0 ? ~0u : between(1, 255);
      break;
    case lie_kind::withheld_kind:
      l.amount = between(0, std::variant_size_v<peer_message> - 1);
      break;
    // The rest are just below what the others wait for.
    case lie_kind::slow_state:
      l.amount = between(500, 2900);
      break;
    case lie_kind::slow_bodies: // body_retry_ms, retransmit_ms
      l.amount = between(0, 1) == 0 ? between(100, 149) : between(200, 249);
      break;
    case lie_kind::delays:
      l.amount = between(10, 2000);
      break;
    case lie_kind::slow_proposals:
      l.amount = between(0, 1) == 0 ? between(300, 395) : between(1000, 1950);
      break;
    case lie_kind::slow_new_views:
      l.amount = between(300, 495);
      break;
    default:
      break;
  }
  return l;
}

class drawer {
public:
  explicit drawer(std::uint64_t seed)
      : random_(seed ^ 0xb0'0c5e), lying_(seed ^ 0x11e5), asking_(seed ^ 0xa5c5) {
    plan_.seed = seed;
  }

  plan draw() {
    cluster();
    timers();
    load();
    byzantine();
    faults();
    leave_behind();
    plan_.load.questions = static_cast<std::uint32_t>(asking_.below(4) ? asking_.below(60) : 0);
    return std::move(plan_);
  }

private:
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(random_.below(most - least + 1));
  }
  bool one_in(std::uint32_t n) {
    return random_.below(n) == 0;
  }
  std::uint16_t node() {
    return static_cast<std::uint16_t>(random_.below(n_));
  }

  void cluster() {
    auto& c = plan_.cluster;
    auto size = between(1, 20);
    n_ = size <= 16 ? 4 : size <= 19 ? 7 : 10;
    first_wiped_ = node();
    c.replicas = n_;
    c.seed = plan_.seed;
    c.genesis = test_genesis();
    c.genesis.checkpoint_interval = 4u << random_.below(3);
    c.genesis.window = c.genesis.checkpoint_interval * (2u << random_.below(2));
    c.network.least_delay_us = between(50, 500);
    c.network.most_delay_us = c.network.least_delay_us + (one_in(3) ? 20'000 : 1000);
    c.network.loss_percent = one_in(3) ? between(1, 8) : 0;
    c.network.duplicate_percent = one_in(3) ? between(1, 10) : 0;
    c.network.in_order = one_in(2);
    c.network.links_break = !one_in(4);
    c.node.batch_delay_us = between(0, 3000);
    c.node.max_in_flight = between(1, 8);
    if (one_in(3))
      c.node.retain_blocks = between(2, 4) * c.genesis.window;
    if (one_in(3))
      c.node.transfer_after_blocks = 2 * c.genesis.window;
  }

  void timers() {
    for (std::uint16_t i = 0; i < n_; ++i)
      plan_.timers_percent.push_back(one_in(3) ? static_cast<std::int32_t>(between(0, 20)) - 10
                                               : 0);
  }

  void load() {
    // Larger clusters cost more, and find little that small ones do not.
    plan_.load.placements = between(50, 600) * 4 / n_;
    plan_.load.requests_each = between(1, 12);
    plan_.load.signed_together = one_in(2) ? between(1, 3) : 0;
  }

  /// Some seeds have few faults, some have many, and each leaves some kinds out: what always
  /// happens together hides what happens alone.
  void faults() {
    std::vector<fault_kind> kinds;
    for (std::size_t k = 0; k < fault_kinds; ++k)
      if (one_in(2))
        kinds.push_back(static_cast<fault_kind>(k));
    if (kinds.empty())
      return;
    auto count = one_in(8) ? 0 : between(1, 14);
    for (std::uint32_t i = 0; i < count; ++i)
      add(kinds[random_.below(kinds.size())]);
    std::ranges::stable_sort(plan_.faults, {}, &fault::at_ms);
  }

  void add(fault_kind kind) {
    fault f{kind, between(200, plan_.faulty_ms - 1000), between(50, 4000), node(), 0, 0};
    switch (kind) {
      case fault_kind::crash:
      case fault_kind::lights_out:
        f.amount = between(0, 3);
        break;
      case fault_kind::torn_write:
        f.amount = between(0, 40);
        break;
      case fault_kind::wiped_disk:
        if (wiped_ + plan_.byzantine.size() >= (n_ - 1u) / 3)
          return; // no more than f may forget
        ++wiped_;
        do
          f.node = static_cast<std::uint16_t>((first_wiped_ += 1) % n_);
        while (std::ranges::count(plan_.byzantine, f.node) > 0);
        break;
      case fault_kind::one_way:
        f.other = static_cast<std::uint16_t>((f.node + 1 + random_.below(n_ - 1u)) % n_);
        break;
      case fault_kind::split:
        f.other = static_cast<std::uint16_t>(between(1, (1u << n_) - 2));
        break;
      case fault_kind::slow_disk:
        f.amount = between(500, 60'000);
        break;
      case fault_kind::slow_node:
        f.amount = between(1000, 120'000);
        break;
      case fault_kind::loss:
      case fault_kind::duplication:
        f.amount = between(5, 40);
        break;
      case fault_kind::delays:
        f.amount = between(5'000, 300'000);
        break;
      case fault_kind::unrest:
        f.amount = between(5, 300);
        break;
      case fault_kind::clock:
        f.amount = between(0, 6000);
        break;
      default:
        break;
    }
    plan_.faults.push_back(f);
  }

  /// In half of all seeds up to f replicas lie, each in a few ways. Drawn from a source of its own:
  /// the rest of a plan does not depend on it.
  void byzantine() {
    auto draw = [&](std::uint32_t least, std::uint32_t most) {
      return least + static_cast<std::uint32_t>(lying_.below(most - least + 1));
    };
    if (draw(0, 3) == 0)
      plan_.hostile_client_ms = draw(20, 500);
    if (draw(0, 1) == 0)
      return;
    auto count = draw(1, (n_ - 1u) / 3);
    // The first primary as often as all others.
    auto next = draw(0, 1) == 0 ? 0 : draw(1, n_ - 1u);
    for (std::uint32_t i = 0; i < count; ++i, next += draw(1, 2)) {
      auto node = static_cast<std::uint16_t>(next % n_);
      plan_.byzantine.push_back(node);
      for (auto habits = draw(1, 4); habits > 0; --habits)
        plan_.lies.push_back(draw_lie(node, lying_, n_));
    }
  }

  /// Lies about states are told only to who fetches one: so two times somebody falls that far
  /// behind.
  void leave_behind() {
    bool any = false;
    for (auto& l : plan_.lies)
      if (l.kind == lie_kind::false_offers || l.kind == lie_kind::wrong_state
          || l.kind == lie_kind::no_state || l.kind == lie_kind::slow_state) {
        l.from_ms = 300;
        any = true;
      }
    if (!any)
      return;
    auto& c = plan_.cluster;
    c.genesis.checkpoint_interval = 4;
    c.genesis.window = 8;
    c.node.retain_blocks = 16;
    c.node.transfer_after_blocks = 16;
    plan_.load.placements = std::max(plan_.load.placements, 1600u / n_);
    for (std::uint32_t at_ms : {800, 7500}) {
      fault f{fault_kind::cut_off, at_ms, 0, 0, 0, 0};
      f.for_ms = 4000 + static_cast<std::uint32_t>(lying_.below(2000));
      do
        f.node = static_cast<std::uint16_t>(lying_.below(n_));
      while (std::ranges::count(plan_.byzantine, f.node) > 0);
      plan_.faults.push_back(f);
    }
    std::ranges::stable_sort(plan_.faults, {}, &fault::at_ms);
  }

  random_source random_;
  random_source lying_;
  random_source asking_; ///< of its own too
  plan plan_;
  std::uint16_t n_ = 4;
  std::uint16_t wiped_ = 0;
  std::uint16_t first_wiped_ = 0;
};

} // namespace

std::string_view to_string(fault_kind k) {
  return names.at(static_cast<std::size_t>(k));
}

plan draw_plan(std::uint64_t seed) {
  return drawer{seed}.draw();
}

nlohmann::json to_json(const plan& p) {
  const auto& c = p.cluster;
  nlohmann::json j;
  j["seed"] = p.seed;
  j["replicas"] = c.replicas;
  j["window"] = c.genesis.window;
  j["checkpoint_interval"] = c.genesis.checkpoint_interval;
  j["retain_blocks"] = c.node.retain_blocks;
  j["transfer_after_blocks"] = c.node.transfer_after_blocks;
  j["batch_delay_us"] = c.node.batch_delay_us;
  j["max_in_flight"] = c.node.max_in_flight;
  j["timers_percent"] = p.timers_percent;
  j["network"] = {{"loss_percent", c.network.loss_percent},
                  {"duplicate_percent", c.network.duplicate_percent},
                  {"delay_us", {c.network.least_delay_us, c.network.most_delay_us}},
                  {"in_order", c.network.in_order},
                  {"links_break", c.network.links_break}};
  j["load"] = {{"placements", p.load.placements},
               {"requests_each", p.load.requests_each},
               {"signed_together", p.load.signed_together},
               {"questions", p.load.questions}};
  j["byzantine"] = p.byzantine;
  j["lies"] = nlohmann::json::array();
  for (const auto& l : p.lies)
    j["lies"].push_back({{"kind", to_string(l.kind)},
                         {"node", l.node},
                         {"from_ms", l.from_ms},
                         {"percent", l.percent},
                         {"amount", l.amount}});
  j["suspicions_ms"] = p.suspicions_ms;
  j["hostile_client_ms"] = p.hostile_client_ms;
  j["faults"] = nlohmann::json::array();
  for (const auto& f : p.faults)
    j["faults"].push_back({{"kind", to_string(f.kind)},
                           {"at_ms", f.at_ms},
                           {"for_ms", f.for_ms},
                           {"node", f.node},
                           {"other", f.other},
                           {"amount", f.amount}});
  return j;
}

} // namespace bourse::simulation
