// A node as an operator runs it: real links, RocksDB, the system's clocks.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>

#include "actors/node.hpp"
#include "config/load.hpp"

namespace bourse::actors {

/// Opens the database, binds the ports and starts everything. Errors: those of the database,
/// recovery and binding, each naming its folder or address.
expected<node_handles> spawn_tcp_node(caf::actor_system& system, config::loaded_node node,
                                      std::shared_ptr<spdlog::logger> log);

} // namespace bourse::actors
