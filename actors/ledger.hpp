// The only actor that touches the database. It gathers what others want written into one batch and
// syncs once for all who wait.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "storage/store.hpp"

namespace bourse::actors {

struct ledger_setup {
  context_ptr context;
  std::unique_ptr<storage::store> store; ///< opened for this cluster and replica
  sequence_number executed;              ///< the last block whose results it holds
};

/// It has a thread of its own, since a sync blocks.
ledger_actor spawn_ledger(caf::actor_system& system, ledger_setup setup);

} // namespace bourse::actors
