// The invariants of consensus/invariants.cpp that one actor alone cannot show: of the core and what
// is durable, and of the core and the view-change manager together.
#pragma once

#include <cstdint>
#include <vector>

#include "consensus/invariants.hpp"
#include "simulation/cluster.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class disk_check {
public:
  /// Both outlive it.
  disk_check(cluster& c, violations& out) : cluster_(c), out_(out), nodes_(c.size()) {}

  /// A life of the node begins.
  void started(std::size_t i) {
    nodes_[i] = {};
  }
  void stepped(std::size_t i, const consensus::core_picture& core);
  void stepped(std::size_t i, const consensus::manager_picture& manager);
  /// What is left on its disk must make sense by itself.
  void crashed(std::size_t i);
  /// Nothing is on its way between a node's actors.
  void at_rest(std::size_t i);
  /// How often a core was held against its disk.
  std::uint64_t looks() const {
    return looks_;
  }

private:
  /// Since the start of this life. What a picture points to is the actor's, and not kept.
  struct node_state {
    bool core_seen = false;
    bool manager_seen = false;
    consensus::core_picture core;
    consensus::manager_picture manager;
    std::uint64_t next_look_ns = 0;
  };

  void report(std::size_t i, const std::vector<std::string>& broken);

  cluster& cluster_;
  violations& out_;
  std::vector<node_state> nodes_;
  std::uint64_t looks_ = 0;
};

} // namespace bourse::simulation
