// Nobody breaks its word: votes never contradict each other, and whatever they rest on was durable
// when they left (Castro and Liskov 1999, section 4.2; docs/PROTOCOL, "Durability").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "simulation/cluster.hpp"
#include "simulation/promises.hpp"
#include "simulation/violations.hpp"
#include "storage/layout.hpp"

namespace bourse::simulation {

class vote_check {
public:
  /// All outlive it.
  vote_check(cluster& c, violations& out);

  /// An honest node says that, now.
  void said(std::size_t i, const peer_message& m);
  /// It has crashed: its disk must have all that it said.
  void crashed(std::size_t i);
  /// Its disk was replaced: what it said until now no disk has, which costs it its vote for a while
  /// (docs/PROTOCOL, section 10). It may contradict none of it all the same.
  void wiped(std::size_t i) {
    distrust(cluster_.identity(i));
    promises_.lose(cluster_.identity(i).value());
    unknown_[i] = within_[i];
    auto& of = checkpoints_[i];
    of = {of.said, of.said, {}};
  }
  /// Its chain of reports may have branches, and a head off the log's counts for nothing, so
  /// whoever votes need not have it.
  void distrust(replica_id who) {
    branching_.insert(who);
  }
  std::size_t votes() const {
    return votes_;
  }

private:
  void rests(std::size_t i, const pre_prepare& m);
  void rests(std::size_t i, const prepare& m);
  void rests(std::size_t i, const commit& m);
  void rests(std::size_t i, const checkpoint& m);
  void rests(std::size_t i, const view_change& m);
  void rests(std::size_t i, const new_view& m);
  template <class Other>
  void rests(std::size_t, const Other&) {}

  bool durable(std::size_t i, consensus::vote_kind kind, const statement& what);
  bool reports_are_durable(std::size_t i, byte_view kept) const;
  void proposal_is_durable(std::size_t i, const char* vote, const statement& what);

  std::optional<bytes> load(std::size_t i, storage::family where, byte_view key) const;
  std::optional<bytes> record(std::size_t i, storage::layout::record_kind kind,
                              const statement& what) const;
  std::optional<stable_checkpoint> stable(std::size_t i) const;
  std::optional<new_view> new_view_of(std::size_t i) const;
  bool renewed(std::size_t i, const statement& what) const;

  cluster& cluster_;
  violations& out_;
  promises promises_;
  std::size_t told_ = 0; ///< contradictions that were reported
  std::size_t votes_ = 0;
  /// The highest of a node.
  struct own_checkpoints {
    sequence_number said;
    sequence_number lost;     ///< said before its disk was replaced
    sequence_number computed; ///< from its pages
  };
  std::map<std::size_t, own_checkpoints> checkpoints_;
  std::set<replica_id> branching_;
  std::map<std::size_t, sequence_number> within_;  ///< its watermarks when it crashed
  std::map<std::size_t, sequence_number> unknown_; ///< up to there a lost disk may have had votes
};

} // namespace bourse::simulation
