// Sends recorded order flow through a network, as one client in one stream, in file order.
#pragma once

#include <filesystem>
#include <functional>

#include <caf/actor_system.hpp>

#include "app/load_target.hpp"
#include "app/order_flow.hpp"
#include "app/replay_record.hpp"
#include "bench/latency_histogram.hpp"

namespace bourse::app {

struct replay_options {
  std::filesystem::path file;
  std::string instrument = "BTC-USD";
  /// How much faster than it was recorded; 0: as fast as it goes.
  double speed = 0;
  std::uint32_t orders_per_signature = 64;
};

struct replay_progress {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
};

struct replay_outcome {
  replay_record record;
  double seconds = 0;
  bench::latency_histogram finality;
};

/// Returns when every instruction is executed and all of its reports are here. Errors: those of the
/// file; unreachable if the network stops to answer; what the exchange refused.
messages::expected<replay_outcome>
run_replay(caf::actor_system& system, const load_target& target, order_flow& flow,
           const replay_roles& roles, const replay_options& o,
           const std::function<void(const replay_progress&)>& tell);

} // namespace bourse::app
