// What all actors of one node share: who it is, what it counts, and the clocks and keys of its
// world. Everything but the counters is fixed before the first actor starts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "actors/metrics.hpp"
#include "config/genesis.hpp"
#include "messages/crypto.hpp"
#include "messages/types.hpp"

namespace spdlog {
class logger;
}

namespace bourse::actors {

using namespace messages;

struct node_options {
  std::uint32_t verifiers = 1;
  std::uint32_t batch_delay_us = 1000;
  std::uint32_t max_in_flight = 4;
  std::uint32_t max_sessions_per_client = 4;
  std::uint32_t retransmit_ms = 250;
  /// How long a backup waits for a body to come from its client before it asks other replicas.
  std::uint32_t body_grace_ms = 20;
  /// Bodies are asked of the next replica after this.
  std::uint32_t body_retry_ms = 150;
  /// Submissions that wait for their signature check; beyond it clients are told `busy`.
  std::uint32_t verify_queue_bytes = 32 * 1024 * 1024;
  std::uint32_t verify_session_bytes = 4 * 1024 * 1024;
};

struct node_context {
  config::genesis genesis;
  replica_id self;
  key_pair key;
  node_options options;
  std::shared_ptr<spdlog::logger> log;
  /// Milliseconds since the Unix epoch: only for block times.
  std::function<std::uint64_t()> wall_clock_ms;
  /// Under the deterministic scheduler: no actor has a thread of its own.
  bool deterministic = false;
  metrics counters;

  const digest& cluster() const {
    return genesis.cluster();
  }
};
using context_ptr = std::shared_ptr<node_context>;

} // namespace bourse::actors
