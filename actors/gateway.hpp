// The clients' door: sessions, admission, results and queries.
#pragma once

#include <array>
#include <vector>

#include <caf/actor_system.hpp>

#include "actors/context.hpp"
#include "actors/interfaces.hpp"

namespace bourse::actors {

/// Where a client's streams and reports stand as of the last executed block.
struct client_position {
  std::array<submission_number, max_streams> next;
  report_number next_report;
};

struct gateway_setup {
  context_ptr context;
  sequence_number executed;
  std::vector<client_position> positions; ///< by client
};

gateway_actor spawn_gateway(caf::actor_system& system, gateway_setup setup);

} // namespace bourse::actors
