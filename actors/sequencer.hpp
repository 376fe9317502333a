// Fair order: stamps what clients send, exchanges reports with the other replicas, says which
// blocks are complete here, and puts final ones into the order of F for the clearing house.
#pragma once

#include <map>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "fairness/execution_order.hpp"

namespace bourse::actors {

struct sequencer_setup {
  context_ptr context;
  fairness::execution_order order; ///< as of `executed`
  view_number view;
  sequence_number executed;
  block_time next_due; ///< when a dead-man's switch fires next, as of that block
  /// From the disk: reports, a replica's ascending, and bodies that had not executed.
  std::vector<report_ptr> reports;
  std::vector<submission_ptr> bodies;
  /// What blocks above `executed` executed before.
  std::map<sequence_number, std::vector<submission_ptr>> executed_before;
};

sequencer_actor spawn_sequencer(caf::actor_system& system, sequencer_setup setup);

} // namespace bourse::actors
