// Owns a node's actors: watches them, ends them, and says how they are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace bourse::actors {

struct child {
  const char* name;
  caf::actor handle;
};

struct supervisor_setup {
  context_ptr context;
  routes_ptr routes; ///< but for the supervisor itself
  /// In the order in which they are to end: each is given time to answer what it was asked before
  /// the next is told to.
  std::vector<child> children;
  /// More for `status`: a JSON object that is merged into it. May be empty.
  std::function<std::string()> more_status;
};

/// The node has ended when it has. A child that fails ends the node: the supervisor then ends with
/// an error as its reason.
supervisor_actor spawn_supervisor(caf::actor_system& system, supervisor_setup setup);

} // namespace bourse::actors
