// Admits what clients send, holds it until it is executed, and finds bodies that others have.
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
};

mempool_actor spawn_mempool(caf::actor_system& system, mempool_setup setup);

} // namespace bourse::actors
