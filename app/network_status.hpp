// Asking all replicas of a network how they are.
#pragma once

#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/client_types.hpp"
#include "app/load_target.hpp"

namespace bourse::app {

/// The answer of each replica, by replica id; empty where there was none in three seconds.
std::vector<std::string> ask_each(caf::actor_system& system, const load_target& target,
                                  messages::client_id as, const actors::question& what);

/// True if f+1 replicas say that nothing is in that book. Errors: those of the answer.
messages::expected<bool> book_is_empty(caf::actor_system& system, const load_target& target,
                                       messages::client_id as, messages::instrument_id instrument);

/// True once all replicas stand at one block with one state digest; asks until they do, for ten
/// seconds, since the last may lag by a block. `detail`: where they stand, or what differs.
bool same_states(caf::actor_system& system, const load_target& target, messages::client_id as,
                 std::string& detail);

} // namespace bourse::app
