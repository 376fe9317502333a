// Holds what is pending, makes blocks of it for the primary, and finds the bodies that others'
// blocks name.
#pragma once

#include <vector>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "market/pending_pool.hpp"

namespace bourse::actors {

struct mempool_setup {
  context_ptr context;
  market::pending_pool pool; ///< knows where the streams stand
  std::vector<verifier_actor> verifiers;
  view_number view;
  sequence_number executed;
  block_time time;     ///< of that block
  block_time next_due; ///< when a dead-man's switch fires next, as of that block
};

mempool_actor spawn_mempool(caf::actor_system& system, mempool_setup setup);

} // namespace bourse::actors
