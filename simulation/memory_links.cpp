#include "simulation/memory_links.hpp"

#include <caf/all.hpp>

namespace bourse::simulation {

peers_actor spawn_memory_peers(caf::actor_system& system, peer_sink sink) {
  return system.spawn([sink = std::move(sink)](peers_actor::pointer) -> peers_actor::behavior_type {
    return {
        [](start_atom, const peer_routes&) {},
        [sink](send_atom, replica_id to, channel c, const shared_bytes& m) { sink(to, c, m); },
        [sink](broadcast_atom, channel c, const shared_bytes& m) { sink(std::nullopt, c, m); },
        [](linked_atom, replica_id, const link_actor&) {},
        [](unlinked_atom, replica_id, const link_actor&) {},
        [](clock_atom) {},
        [](status_atom) { return std::string{R"({"links": []})"}; },
    };
  });
}

link_actor spawn_memory_link(caf::actor_system& system, client_sink sink) {
  return system.spawn(
      [sink = std::move(sink)](link_actor::pointer self) -> link_actor::behavior_type {
        return {
            [sink](send_atom, channel, const shared_bytes& m) { sink(m); },
            [sink, self](shut_atom) {
              sink(nullptr);
              self->quit();
            },
        };
      });
}

} // namespace bourse::simulation
