// What a run of the demo or the bench measured, as a table, as JSON, and as a page with pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/latency_histogram.hpp"
#include "messages/error.hpp"

namespace bourse::bench {

using namespace messages;

/// Milliseconds.
struct percentiles {
  double p50 = 0;
  double p99 = 0;
  double max = 0; ///< 0 where it was not kept
};

percentiles percentiles_of(const latency_histogram& h);

/// When one replica passed a phase of one block, in microseconds after the primary proposed it.
struct phase_mark {
  std::uint16_t replica = 0;
  std::string
      phase; ///< proposed, checked, prepare sent, prepared, commit sent, committed, executed
  double at_us = 0;
};

/// One sample of the run, about every half second.
struct sample {
  double at_s = 0;
  double orders_per_second = 0;
  std::int64_t bid_lots = 0; ///< in the first instrument's book, best levels
  std::int64_t ask_lots = 0;
  std::int64_t best_bid = 0; ///< ticks; 0: none
  std::int64_t best_ask = 0;
};

/// A primary was killed during the run, replaced, and started again.
struct failure_mark {
  std::uint16_t replica = 0;
  double at_s = 0;
  double back_at_s = 0;
  std::uint64_t view = 0; ///< that of the next primary
  double stall_ms = 0;    ///< the longest time without an answer to any client
  double view_change_ms = 0;
  std::string why; ///< what the others had against it
  double catch_up_ms = 0;
  std::uint64_t fetched_blocks = 0;
};

struct run_report {
  std::string title;
  std::string command;
  std::string filesystem; ///< under the nodes' data, such as ext4
  bool counts = true;     ///< false on tmpfs, where a sync costs nothing
  std::uint16_t replicas = 0;
  std::uint32_t cores = 0;
  double duration_s = 0;
  bool presigned = false;
  double rate = 0;          ///< orders per second asked for; 0: as many as fit
  std::uint64_t orders = 0; ///< executed
  std::uint64_t trades = 0;
  std::uint64_t blocks = 0;
  double orders_per_second = 0;
  double orders_per_signature = 0;
  latency_histogram finality; ///< from the (intended) send to f+1 equal results
  percentiles block_ms;       ///< between executed blocks
  std::map<std::string, percentiles> phase_ms;
  double messages_per_block = 0;
  double signatures_verified_per_second = 0; ///< all replicas together
  double verify_limit_per_second = 0;        ///< of each replica: all cores, idle, shared by them
  double syncs_per_second = 0;
  double bytes_sent_per_order = 0;
  double rss_mb_max = 0;
  std::map<std::string, double> cpu_us_per_order; ///< by component, all replicas together
  std::vector<phase_mark> block_way;              ///< one real block over all replicas
  std::uint64_t block_way_sequence = 0;
  std::vector<sample> samples;
  std::vector<failure_mark> failures;
  std::vector<std::pair<std::string, std::string>> checks; ///< what was compared, and how it ended
};

/// One JSON object; the keys are those of the members, `finality_ms` {p50, p99, max} for finality,
/// and `signatures_verified_per_second_each` to compare with the limit.
std::string to_json(const run_report& r);
/// Lines for a person.
std::string to_table(const run_report& r);
/// Writes one HTML file that needs nothing else; pictures are drawn by gnuplot, and named as
/// missing where it is not installed. Errors: io_failed.
expected<void> write_page(const run_report& r, const std::filesystem::path& file);

} // namespace bourse::bench
