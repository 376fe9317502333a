// PBFT as an actor: what arrives goes into consensus::replica_core, and what it wants done is done
// here, nothing sent before what it rests on is on the disk.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "consensus/authenticator.hpp"
#include "consensus/replica_core.hpp"
#include "storage/records.hpp"

namespace bourse::actors {

struct replica_setup {
  context_ptr context;
  std::unique_ptr<const consensus::authenticator> authenticator;
  consensus::recovered_state recovered;
  /// The own checkpoint that the state was restored from, if there is one.
  std::optional<storage::stored_checkpoint> checkpoint;
};

replica_actor spawn_replica(caf::actor_system& system, replica_setup setup);

} // namespace bourse::actors
