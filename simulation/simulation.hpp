// One seed from beginning to end: a cluster, its load and faults, and what the checkers say.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulation/plan.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class field_campaign;
class story;

struct outcome {
  std::uint64_t seed = 0;
  std::uint64_t virtual_ms = 0;
  std::uint64_t handled = 0;  ///< messages that actors handled
  std::uint64_t messages = 0; ///< between replicas
  std::uint64_t lost = 0;
  std::uint64_t blocks = 0;
  std::uint64_t requests = 0; ///< executed
  std::uint64_t trades = 0;
  std::uint64_t answers = 0; ///< to clients' questions, believed and checked
  std::uint64_t votes = 0;
  std::uint64_t steps = 0;        ///< held against the specification
  std::uint64_t view_changes = 0; ///< views but the first that an honest replica began
  std::uint64_t renewals = 0;     ///< nodes that began anew with a fetched state
  std::uint64_t recovered_ms = 0; ///< from the end of the faults until all was answered and equal
  std::array<std::uint64_t, fault_kinds> faults{};
  std::uint64_t byzantine = 0; ///< replicas
  lie_counts lies{};
  std::uint64_t two_proposals = 0;       ///< slots in which twins, together, proposed two blocks
  std::uint64_t hostile_submissions = 0; ///< of a client that lies
  std::map<std::string, std::uint64_t> refused; ///< by honest replicas, as they count it
  std::uint64_t trace = 0; ///< a hash over every message that arrived, and when
  std::vector<violation> violations;
};

nlohmann::json to_json(const outcome& o);

/// The same plan gives the same outcome. `tell` and `campaign` may be null; both outlive the run.
outcome run(const plan& p, story* tell = nullptr, field_campaign* campaign = nullptr);

} // namespace bourse::simulation
