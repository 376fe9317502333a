// Twins (Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021): one of four replicas runs
// twice, with one key and a disk each. Both are correct, and together they equivocate. Scenarios
// are numbered, and all of some length can be run.
#pragma once

#include <cstdint>
#include <string>

#include "simulation/plan.hpp"

namespace bourse::simulation {

/// Five nodes: 0 to 3, and 4 as the other copy of the twin. A scenario is the twin, which is any of
/// the four, and so many rounds. A round lasts `round_ms`. In all of it two sets of nodes hear
/// nothing of each other: any of the 16 ways to part five nodes into two, one of them no parting at
/// all. It begins with a change of leaders, or not: then every node suspects its primary without
/// cause. Leaders also change by timers, wherever a part with 2f+1 votes is without the primary.
struct twins_scenario {
  static constexpr std::uint32_t round_ms = 700;
  static constexpr std::uint64_t partings = 16;
  /// The rounds begin when all have found each other.
  static constexpr std::uint32_t start_ms = 300;

  std::uint64_t number = 0; ///< below count_of(rounds)
  std::uint32_t rounds = 1;

  static std::uint64_t count_of(std::uint32_t rounds);
  std::uint16_t twin() const;
  /// The nodes of one part, by bits; node 4 is always in the other.
  std::uint32_t part(std::uint32_t round) const;
  bool suspects(std::uint32_t round) const;
  /// "twin 0: 01|234 * 0123|4", where * is a round that begins with a suspicion.
  std::string in_words() const;
};

/// The run of it: after the last round the network is whole, and the three others must complete
/// what was placed, with the twins at work.
plan twins_plan(const twins_scenario& s);

} // namespace bourse::simulation
