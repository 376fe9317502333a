#include "simulation/twins.hpp"

#include "messages/assert.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint16_t replicas = 4;
constexpr std::uint64_t choices = 2 * twins_scenario::partings; ///< of one round

std::uint64_t digit(const twins_scenario& s, std::uint32_t round) {
  auto rest = s.number / replicas;
  for (std::uint32_t i = 0; i < round; ++i)
    rest /= choices;
  return rest % choices;
}

} // namespace

std::uint64_t twins_scenario::count_of(std::uint32_t rounds) {
  BOURSE_ASSERT(rounds <= 12);
  std::uint64_t n = replicas;
  for (std::uint32_t i = 0; i < rounds; ++i)
    n *= choices;
  return n;
}

std::uint16_t twins_scenario::twin() const {
  return static_cast<std::uint16_t>(number % replicas);
}

std::uint32_t twins_scenario::part(std::uint32_t round) const {
  return static_cast<std::uint32_t>(digit(*this, round) % partings);
}

bool twins_scenario::suspects(std::uint32_t round) const {
  return digit(*this, round) >= partings;
}

std::string twins_scenario::in_words() const {
  auto out = "twin " + std::to_string(twin()) + ":";
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::string one, other;
    for (std::uint32_t i = 0; i <= replicas; ++i)
      (part(round) >> i & 1 ? one : other) += std::to_string(i);
    out += " " + one + (one.empty() ? "" : "|") + other + (suspects(round) ? " *" : "");
  }
  return out;
}

plan twins_plan(const twins_scenario& s) {
  plan p;
  p.seed = s.number;
  auto& c = p.cluster;
  c.seed = s.number;
  c.replicas = replicas;
  c.genesis = test_genesis();
  c.genesis.checkpoint_interval = 4;
  c.genesis.window = 8;
  c.twins = {replica_id{s.twin()}};
  p.byzantine = {s.twin(), replicas};
  p.timers_percent.assign(replicas + 1u, 0);
  p.load = {.placements = 30 * s.rounds, .requests_each = 3};
  p.load_ms = p.faulty_ms = p.least_ms
      = twins_scenario::start_ms + s.rounds * twins_scenario::round_ms;
  for (std::uint32_t round = 0; round < s.rounds; ++round) {
    auto at = twins_scenario::start_ms + round * twins_scenario::round_ms;
    if (s.part(round) != 0)
      p.faults.push_back({fault_kind::split, at, twins_scenario::round_ms, 0,
                          static_cast<std::uint16_t>(s.part(round)), 0});
    if (s.suspects(round))
      p.suspicions_ms.push_back(at);
  }
  return p;
}

} // namespace bourse::simulation
