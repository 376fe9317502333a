// A node as an operator runs it: real links, RocksDB, the system's clocks.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/node.hpp"
#include "config/load.hpp"

namespace bourse::actors {

/// CAF as Bourse uses it: the I/O layer loaded, work shared among `threads` threads (0: as many as
/// cores). Reads no command line and no file.
class system_config : public caf::actor_system_config {
public:
  explicit system_config(std::uint32_t threads);
};

/// Opens the database, binds the ports and starts everything. Errors: those of the database,
/// recovery and binding, each naming its folder or address.
expected<node_handles> spawn_tcp_node(caf::actor_system& system, config::loaded_node node,
                                      std::shared_ptr<spdlog::logger> log);

} // namespace bourse::actors
