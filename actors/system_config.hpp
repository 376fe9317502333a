// CAF as nodes and clients use it.
#pragma once

#include <cstdint>

#include <caf/actor_system_config.hpp>

namespace bourse::actors {

/// As many as cores if `asked` is 0.
std::uint32_t threads_for(std::uint32_t asked);

/// The I/O layer is loaded, and work is shared among so many threads. Reads no command line and no
/// file.
class system_config : public caf::actor_system_config {
public:
  explicit system_config(std::uint32_t threads = 0);
};

} // namespace bourse::actors
