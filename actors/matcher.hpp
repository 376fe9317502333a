// One instrument's book as an actor, so that the books of a block are matched in parallel.
#pragma once

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "market/matcher.hpp"

namespace bourse::actors {

matcher_actor spawn_matcher(caf::actor_system& system, context_ptr context, instrument_id id,
                            market::matcher book);

} // namespace bourse::actors
