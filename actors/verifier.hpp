// Checks signatures and decodes what clients sent: the costliest work of a node, shared by several
// of these.
#pragma once

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace bourse::actors {

verifier_actor spawn_verifier(caf::actor_system& system, context_ptr context);

/// What a verifier does to one item. Pure.
void verify(const node_context& context, verification::item& item);

} // namespace bourse::actors
