// What holds of a replica after every event, as sentences that can be read and run: see
// invariants.cpp. Tests and the simulator ask after each step; a node does not.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "consensus/options.hpp"
#include "consensus/slot.hpp"
#include "consensus/synchronizer.hpp"

namespace bourse::consensus {

/// Everything of a replica core that an invariant speaks of. What it points to is the core's own:
/// the picture is of this moment, and good until the next event.
struct core_picture {
  options opts;
  view_number view;
  bool installed = false;
  bool silent = false;

  sequence_number low;
  sequence_number high;
  std::vector<std::pair<sequence_number, const slot*>> slots; ///< each under its key in the log

  const stable_checkpoint* stable = nullptr;
  const std::map<sequence_number, checkpoint>* own_checkpoints = nullptr; ///< not stable yet
  std::size_t most_checkpoints = 0; ///< the most that is kept of one other replica
  std::size_t most_forwarded = 0;   ///< signatures forwarded by one peer

  sequence_number executed;
  sequence_number delivered;
  const std::map<sequence_number, committed_block>* held = nullptr; ///< fetched before their turn
  const std::set<sequence_number>* grants = nullptr; ///< proposals that may be made now
  std::size_t times = 0;                             ///< of executed slots, not taken yet
  static constexpr std::size_t most_times = 1024;
};

/// Everything of a view-change manager that an invariant speaks of.
struct manager_picture {
  cluster_size size;
  replica_id self;
  bool silent = false;
  view_number entered;
  bool begun = false;
  std::vector<view_number> wishes; ///< by replica
  view_number wish_said;
  std::optional<replica_id> own_change; ///< who signed the own VIEW-CHANGE that is kept
  std::vector<std::pair<replica_id, view_number>> changes; ///< to make a NEW-VIEW of
  std::vector<std::pair<replica_id, view_number>> early;   ///< for views to come
  std::optional<view_number> handed;                       ///< NEW-VIEW that the core was given
  std::optional<view_number> current; ///< of the NEW-VIEW that others are helped with
};

/// What does not hold, each by the name of its invariant, with what it is about. Empty: all is
/// well.
std::vector<std::string> broken_invariants(const core_picture& core);
std::vector<std::string> broken_invariants(const manager_picture& manager);
/// Of the two together, once each has heard what the other said.
std::vector<std::string> broken_invariants(const core_picture& core,
                                           const manager_picture& manager);
/// What a restart at this moment would begin with, if all that counts as durable is.
std::vector<std::string> broken_invariants(const core_picture& core,
                                           const recovered_state& durable);
/// Of what a disk holds, by itself.
std::vector<std::string> broken_invariants(const recovered_state& durable);

} // namespace bourse::consensus
