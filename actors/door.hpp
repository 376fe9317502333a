// A listening socket whose connections become links.
#pragma once

#include <functional>
#include <memory>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/doorman.hpp>

#include "actors/connection_slots.hpp"
#include "actors/link.hpp"
#include "config/genesis.hpp"

namespace bourse::actors {

struct door_setup {
  /// Connections beyond these are closed before they cost a handshake, and the oldest of strangers
  /// that are too many.
  connection_caps caps;
  /// Makes the state of one accepted connection. Called on the I/O thread.
  std::function<link_setup()> admit;
  std::shared_ptr<link_totals> totals;
};

/// Binds and listens; connections wait in the kernel until the door opens. Errors: io_failed,
/// naming the address.
expected<caf::io::doorman_ptr> bind_door(caf::actor_system& system, const config::endpoint& where);

/// Accepts from now on. The door ends with shut_atom; its links live on.
caf::actor open_door(caf::actor_system& system, caf::io::doorman_ptr doorman, door_setup setup);

} // namespace bourse::actors
