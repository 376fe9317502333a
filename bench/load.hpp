// The load generator: drives a network with the synthetic market through real clients, and times
// every order from the moment it was (or should have been) sent until f+1 replicas gave its result.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "bench/answer_gaps.hpp"
#include "bench/latency_histogram.hpp"
#include "config/genesis.hpp"
#include "messages/client.hpp"
#include "messages/crypto.hpp"

namespace bourse::bench {

using namespace messages;

struct load_options {
  std::uint64_t seed = 1;
  std::chrono::milliseconds duration{20'000};
  /// Orders a second, sent at fixed times whether or not earlier ones are answered (open loop).
  /// 0: as many as fit, always `in_flight` of them unanswered (closed loop).
  double rate = 0;
  std::uint32_t orders_per_signature = 64;
  std::uint32_t in_flight = 0; ///< 0: see usual_in_flight
  /// Orders that are signed before the clock starts; what goes beyond is signed on the way.
  std::uint64_t presigned = 0;
  bool liquidations = false;
  /// Ends the run before its duration, once true. May be null.
  std::shared_ptr<const std::atomic<bool>> enough;
};

/// Enough for full blocks, and not so much that a queue's length is all that finality shows.
constexpr std::uint32_t usual_in_flight(std::uint32_t orders_per_signature) {
  return std::clamp(128 * orders_per_signature, 2048U, 8192U);
}

/// What is known at one moment of a run; counters only grow.
struct load_counts {
  std::uint64_t orders = 0; ///< answered
  std::uint64_t sent = 0;
  std::uint64_t busy = 0;    ///< orders that the clients had no credit for
  std::uint64_t failed = 0;  ///< orders that will never execute
  std::string first_failure; ///< why, of the first of those
  latency_histogram finality;
  answer_gaps gaps;
  std::chrono::steady_clock::time_point taken; ///< when these counts were
};
using load_counts_ptr = std::shared_ptr<const load_counts>;

/// One look at the network during a run.
struct load_sample {
  double at_s = 0;
  load_counts_ptr counts;
  std::vector<std::string> status; ///< JSON by replica; empty: no answer, or not asked
  book_view book;                  ///< of the first instrument
};

struct load_result {
  load_counts_ptr counts;                      ///< at the end of the duration
  load_counts_ptr all_counts;                  ///< when nothing more was awaited
  std::chrono::steady_clock::time_point start; ///< of the sending
  double duration_s = 0;
  std::uint64_t unanswered
      = 0;           ///< orders still without a result ten seconds after the last was sent
  load_sample first; ///< when the load began
  load_sample last;  ///< at the end of the duration
  std::vector<std::string>
      final_status;                  ///< JSON by replica, with state digests, after all is answered
  std::vector<std::string> timeline; ///< JSON by replica: the latest blocks' phases
};

/// Gives the key of a client of the genesis by its name.
using key_source = std::function<expected<key_pair>(const std::string& client)>;

/// Runs to the end; `on_sample` is called about twice a second, in the calling thread, with samples
/// that have no status: who is down must not hold them up. The genesis must hold the sample market.
/// Errors: unreachable if the network does not answer; those of `keys`.
expected<load_result> run_load(caf::actor_system& system, const config::genesis& genesis,
                               const key_source& keys, const load_options& options,
                               const std::function<void(const load_sample&)>& on_sample);

} // namespace bourse::bench
