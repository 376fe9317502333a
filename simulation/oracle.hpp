// Watches all of a simulated cluster and checks, at every step, what must always hold. It sees what
// honest nodes execute, say and write, and what clients send, are told and believe.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "actors/observer.hpp"
#include "simulation/cluster.hpp"
#include "simulation/disk_check.hpp"
#include "simulation/load.hpp"
#include "simulation/log_check.hpp"
#include "simulation/market_check.hpp"
#include "simulation/memory_check.hpp"
#include "simulation/spec_check.hpp"
#include "simulation/violations.hpp"
#include "simulation/vote_check.hpp"

namespace bourse::simulation {

class oracle {
public:
  /// `c` outlives it, and `out`. The word of `byzantine` nodes counts for nothing.
  oracle(cluster& c, const std::vector<std::uint16_t>& byzantine, violations& out);
  ~oracle();

  void crashed(std::size_t i);
  void wiped(std::size_t i) {
    votes_.wiped(i);
    market_.distrust(i);
  }
  /// What clients believe by now, and what nodes keep.
  void look_at(load& clients);
  /// An honest node's state, after that many blocks, as hexadecimal digest.
  void state_said(std::size_t i, std::uint64_t executed, const std::string& digest);
  /// Once all is over: every honest replica that is up has all of the log, and what clients were
  /// told is what was executed.
  void finish(const load& clients);

  bool honest(std::size_t i) const {
    return !byzantine_[i];
  }
  /// Blocks that this node has executed, by its own word: what is final there may still wait for
  /// reports or bodies.
  std::uint64_t executed(std::size_t i) const {
    return executed_[i].value();
  }
  const log_check& log() const {
    return log_;
  }
  const market_check& market() const {
    return market_;
  }
  std::uint64_t votes() const {
    return votes_.votes();
  }
  /// That were held against the specification.
  std::uint64_t steps() const {
    return spec_.steps();
  }
  /// Views that some honest replica has begun, but the first.
  std::uint64_t view_changes() const {
    return begun_.size();
  }

private:
  class watcher;

  void executing(std::size_t i, const consensus::execution& e);
  void said(std::size_t i, const peer_message& m);
  bool pruned() const;
  template <class Picture>
  void invariants(std::size_t i, const Picture& p);

  cluster& cluster_;
  violations& out_;
  std::vector<bool> byzantine_;
  std::vector<sequence_number> executed_;
  log_check log_;
  market_check market_;
  vote_check votes_;
  disk_check disks_;
  memory_check memory_;
  spec_check spec_;
  std::vector<std::unique_ptr<watcher>> ears_; ///< by node; null for those of no account
  std::set<view_number> begun_;
  std::uint64_t next_status_ns_ = 0;
};

} // namespace bourse::simulation
