// What a node counts. Written by its actors without locks, read by `status`.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "actors/cpu_meter.hpp"

namespace bourse::actors {

/// Whose processor time is counted apart. The links count their own.
enum class component : std::uint8_t {
  replica,
  mempool,
  sequencer,
  verifier,
  clearing,
  matcher,
  ledger,
  gateway,
};
inline constexpr std::array component_names{"replica",  "mempool", "sequencer", "verifier",
                                            "clearing", "matcher", "ledger",    "gateway"};

using counter = std::atomic<std::uint64_t>;

struct metrics {
  /// Off under the deterministic scheduler, where it says nothing and the clock would be a tenth of
  /// the work.
  bool times_processor = true;
  std::array<counter, component_names.size()> cpu_ns{};

  // execution
  counter blocks = 0;
  counter requests = 0;    ///< executed ones
  counter submissions = 0; ///< executed ones
  counter trades = 0;
  counter reports = 0;
  counter checkpoints = 0;

  // signatures; the core counts those of votes itself
  counter submissions_verified = 0;
  counter submissions_rejected = 0;

  // ledger
  counter syncs = 0;
  counter writes = 0;
  counter bytes_written = 0;

  // hostile or faulty input
  counter malformed_from_peers = 0;
  counter malformed_from_clients = 0;
  counter unwanted_bodies = 0;
  counter unwanted_reports = 0;

  // clients
  counter sessions_opened = 0;
  counter queries = 0;
};

/// Meters one message: declare it first in a handler.
class meter : public cpu_meter {
public:
  meter(metrics& m, component c)
      : cpu_meter(m.times_processor ? &m.cpu_ns[static_cast<std::size_t>(c)] : nullptr) {}
};

} // namespace bourse::actors
