// Nobody breaks its word: votes never contradict each other, and whatever they rest on was durable
// when they left (Castro and Liskov 1999, section 4.2; docs/PROTOCOL, "Durability").
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "simulation/cluster.hpp"
#include "simulation/promises.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class vote_check {
public:
  /// All outlive it.
  vote_check(cluster& c, violations& out);

  /// An honest node says that, now.
  void said(std::size_t i, const peer_message& m);
  /// It has crashed: its disk must have all that it said.
  void crashed(std::size_t i);
  /// Its disk was replaced: what it said is forgotten, which costs it its vote for a while.
  void wiped(std::size_t i) {
    forgets_[i] = true;
  }
  std::size_t votes() const {
    return votes_;
  }

private:
  void durable(std::size_t i, consensus::vote_kind kind, const statement& what);
  bool renewed(std::size_t i, const statement& what) const;

  cluster& cluster_;
  violations& out_;
  promises promises_;
  std::size_t told_ = 0; ///< contradictions that were reported
  std::size_t votes_ = 0;
  std::vector<bool> forgets_;
};

} // namespace bourse::simulation
