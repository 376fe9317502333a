// What a node keeps is bounded: every queue and log within the limit that it states, whatever
// arrives.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
  /// Once all is over: each limit was looked at.
  void finish();

private:
  /// A number that a part of a node says in its status.
  struct limit {
    const char* part;
    const char* what;
    std::uint64_t most;
  };

  std::vector<limit> limits(std::size_t i) const;
  void judge(std::size_t i, const nlohmann::json& status);

  cluster& cluster_;
  violations& out_;
  std::uint64_t looks_ = 0;
  std::map<std::string, std::uint64_t> judged_;   ///< by part and number: how often
  std::map<std::size_t, std::uint64_t> executed_; ///< when it was looked at last
};

} // namespace bourse::simulation
