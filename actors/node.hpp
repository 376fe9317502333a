// One replica of the exchange: all of its actors, put together over seams that production fills
// with TCP and RocksDB, and tests with memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"
#include "actors/observer.hpp"
#include "actors/supervisor.hpp"
#include "storage/store.hpp"

namespace bourse::actors {

struct node_setup {
  config::genesis genesis;
  replica_id self;
  key_pair key;
  node_options options;
  std::shared_ptr<spdlog::logger> log;
};

struct node_seams {
  /// The links to the other replicas. They begin with their start_atom.
  std::function<expected<peers_actor>(caf::actor_system&)> spawn_peers;
  /// Lets clients in. Called last; nothing: no clients from outside.
  std::function<expected<caf::actor>(caf::actor_system&, const gateway_actor&)> open_door;
  std::unique_ptr<storage::store> store;
  /// Milliseconds since the Unix epoch. All other time is the actor system's clock.
  std::function<std::uint64_t()> wall_clock_ms;
  /// No actor gets a thread of its own.
  bool deterministic = false;
  /// More for `status`: a JSON object, for example of the links.
  std::function<std::string()> more_status;
  /// Of a database that is made anew; 0: drawn at random.
  std::uint64_t database_mark = 0;
  /// Watches what the node hears, says and executes; null: nobody does.
  std::shared_ptr<actors::observer> observer;
};

struct node_handles {
  supervisor_actor supervisor; ///< stop_atom ends the node; when it has ended, the node has
  routes_ptr routes;
  std::vector<child> children; ///< all but the supervisor, for a simulator that kills them
  context_ptr context;
};

/// Recovers from the store and starts everything. Errors: those of recovery and of the seams.
expected<node_handles> spawn_node(caf::actor_system& system, node_setup setup, node_seams seams);

} // namespace bourse::actors
