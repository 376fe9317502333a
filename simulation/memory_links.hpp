// Links in memory: what nodes send goes into the cluster's network instead of a socket.
#pragma once

#include <functional>

#include <caf/actor_system.hpp>

#include "actors/interfaces.hpp"

namespace bourse::simulation {

using namespace actors;

/// To a replica, or to all others if it is missing.
using peer_sink = std::function<void(std::optional<replica_id>, channel, const shared_bytes&)>;
/// Called with null when the link is shut.
using client_sink = std::function<void(const shared_bytes&)>;

peers_actor spawn_memory_peers(caf::actor_system& system, peer_sink sink);
link_actor spawn_memory_link(caf::actor_system& system, client_sink sink);

} // namespace bourse::simulation
