// Which heads a primary names, and when; and what a backup may expect of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "fairness/body_store.hpp"
#include "fairness/execution_order.hpp"
#include "fairness/stamp_tally.hpp"

namespace bourse::fairness {

/// Pure. Knows the blocks of this view that are in flight, whoever proposed them.
class block_proposer {
public:
  block_proposer(const market::rules& rules, replica_id self, cluster_size size)
      : rules_(rules), self_(self), size_(size), named_(size.n), newest_(size.n) {}

  /// What it looks at.
  struct sight {
    const execution_order& order;
    const report_store& store;
    const stamp_tally& tally;
    const body_store& bodies;
    sequence_number executed;
    block_time next_due;        ///< of a dead-man's switch, 0: none
    sequence_number fill_until; ///< blocks are owed up to here
  };

  /// Finds the newest heads of which this replica holds all: call when a report or a body has
  /// come, or a block was executed.
  void look(const sight& s, stamp_time now);
  /// Is there reason for a block now? The heads to name, never none, or nothing.
  std::optional<std::vector<chain_head>> heads(const sight& s) const;

  /// A block of this view is proposed here or found acceptable.
  void in_flight(const sight& s, sequence_number sequence, const std::vector<chain_head>& heads);
  /// Up to there.
  void executed(const sight& s, sequence_number sequence);
  /// Proposals of earlier views are over.
  void renew(const sight& s);

  bool any_in_flight() const {
    return !flights_.empty();
  }
  /// Since when there has been reason for a block that nobody has proposed.
  std::optional<stamp_time> waiting_since() const {
    return since_;
  }

private:
  std::uint64_t requests_by(const sight& s, stamp_time t) const;
  /// The newest report of a chain up to which this replica holds all bodies that are vouched for;
  /// null if not even the first beyond the log's head is such.
  report_ptr last_held(const sight& s, replica_id of) const;
  bool crowded(const sight& s) const;
  void name(const sight& s, const std::vector<chain_head>& heads);
  void refresh(const sight& s);

  const market::rules& rules_;
  replica_id self_;
  cluster_size size_;
  std::map<sequence_number, std::vector<chain_head>> flights_;
  /// By replica, index 0 if it is the log's: the newest head that a block in flight names.
  std::vector<chain_position> named_;
  stamp_time time_;            ///< T once what is in flight is executed
  std::uint64_t requests_ = 0; ///< that are due by then
  /// The newest heads that could be named, by replica; index 0: no newer one.
  std::vector<chain_position> newest_;
  stamp_time reach_;                 ///< T if they were
  std::uint64_t requests_reach_ = 0; ///< that are due by then
  std::optional<stamp_time> since_;
  stamp_time since_reach_; ///< the time that was reached when it began
};

} // namespace bourse::fairness
