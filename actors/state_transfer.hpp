// State transfer as an actor: it hands out states of this node to replicas that are far behind, and
// fetches one if this node is; and it decides when a newcomer takes part. consensus::state_fetch
// and newcomer decide, and actors::state_server.
#pragma once

#include <memory>
#include <optional>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "consensus/authenticator.hpp"

namespace bourse::actors {

struct state_transfer_setup {
  context_ptr context;
  std::unique_ptr<const consensus::authenticator> authenticator;
  position_ptr position;                     ///< where this node stands at its start
  std::optional<consensus::silence> silence; ///< it does not take part yet
};

/// It has a thread of its own, since it walks over whole states.
state_transfer_actor spawn_state_transfer(caf::actor_system& system, state_transfer_setup setup);

} // namespace bourse::actors
