// What all actors of one node share: who it is, what it counts, and the clocks and keys of its
// world. Everything but the counters is fixed before the first actor starts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/metrics.hpp"
#include "actors/serve_pace.hpp"
#include "config/genesis.hpp"
#include "consensus/options.hpp"
#include "messages/crypto.hpp"
#include "messages/types.hpp"

namespace spdlog {
class logger;
}

namespace bourse::actors {

using namespace messages;

class observer;

struct node_options {
  std::uint32_t verifiers = 1;
  std::uint32_t batch_delay_us = 1000;
  std::uint32_t max_in_flight = 4;
  std::uint32_t max_sessions_per_client = 4;
  std::uint32_t retransmit_ms = 250;
  /// When the primary is suspect: see consensus::patience and consensus::view_options.
  std::uint32_t stall_ms = 400;
  std::uint32_t order_ms = 2000;
  std::uint32_t link_grace_ms = 50;
  std::uint32_t new_view_ms = 500;
  /// How long a backup waits for a body to come from its client before it asks other replicas.
  std::uint32_t body_grace_ms = 20;
  /// Bodies are asked of the next replica after this.
  std::uint32_t body_retry_ms = 150;
  /// At least so many blocks are kept; 0: all.
  std::uint64_t retain_blocks = 0;
  /// So far behind a proved checkpoint a state is fetched instead of the blocks.
  std::uint32_t transfer_after_blocks = 5000;
  /// What replicas that are behind are given in a second, in all.
  std::uint32_t serve_mb_per_s = 32;
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
  /// Set by the supervisor before it ends, if a child failed.
  std::string failed_child;
  /// What is spent on replicas that are behind.
  serve_pace pace{std::uint64_t{options.serve_mb_per_s} << 20};
  /// Set by the supervisor before it ends, if the node is to begin anew with another state.
  bool begins_anew = false;
  /// Null: nobody watches.
  std::shared_ptr<actors::observer> observer = nullptr;

  const digest& cluster() const {
    return genesis.cluster();
  }
};
using context_ptr = std::shared_ptr<node_context>;

/// All replicas hand out the states at multiples of this: whoever needs one finds it at several.
inline std::uint64_t transfer_spacing(const node_context& c) {
  std::uint64_t interval = c.genesis.checkpoint_interval;
  return std::max<std::uint64_t>(c.options.transfer_after_blocks / 2 / interval, 1) * interval;
}

/// What consensus runs with, from genesis and node file.
inline consensus::options core_options(const node_context& c) {
  consensus::options o;
  o.self = c.self;
  o.size = c.genesis.size;
  o.cluster = c.cluster();
  o.window = c.genesis.window;
  o.checkpoint_interval = c.genesis.checkpoint_interval;
  o.max_block_bytes = max_block_bytes;
  o.max_in_flight = c.options.max_in_flight;
  o.retransmit_ms = c.options.retransmit_ms;
  return o;
}

} // namespace bourse::actors
