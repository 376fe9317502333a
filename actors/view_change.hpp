// Watches the primary. For now it only counts what speaks against it.
#pragma once

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace bourse::actors {

view_change_actor spawn_view_change(caf::actor_system& system, context_ptr context);

} // namespace bourse::actors
