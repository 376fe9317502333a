// Every honest node's steps held against the abstract PBFT of conformance/.
#pragma once

#include <memory>
#include <vector>

#include "actors/observer.hpp"
#include "conformance/spec_cluster.hpp"
#include "conformance/spec_replica.hpp"
#include "simulation/cluster.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class spec_check {
public:
  /// Both outlive it.
  spec_check(const cluster& c, violations& out);

  void took(std::size_t node, const conformance::event& step);
  std::uint64_t steps() const {
    return steps_;
  }

private:
  const cluster& cluster_;
  violations& out_;
  std::vector<conformance::spec_replica> replicas_; ///< by node
  std::vector<bool> refused_;                       ///< of no more use
  conformance::spec_cluster together_;
  std::uint64_t steps_ = 0;
};

} // namespace bourse::simulation
