// What a node keeps is bounded: every queue and log within the limit that it states, whatever
// arrives.
#pragma once

#include <cstdint>
#include <map>

#include <nlohmann/json_fwd.hpp>

#include "simulation/cluster.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class memory_check {
public:
  /// Both outlive it.
  memory_check(cluster& c, violations& out) : cluster_(c), out_(out) {}

  /// Asks an honest node for its status; what it says is judged as it comes, in a later instant.
  void ask(std::size_t i);
  /// What its disk holds is judged at once. It has executed so much.
  void look_at_disk(std::size_t i, std::uint64_t executed);

private:
  void judge(std::size_t i, const nlohmann::json& status);

  cluster& cluster_;
  violations& out_;
  std::map<std::size_t, std::uint64_t> executed_; ///< when it was looked at last
};

} // namespace bourse::simulation
