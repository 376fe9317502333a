// When a backup has cause to suspect the primary. Being wrong costs a view change and nothing else.
#pragma once

#include <cstdint>
#include <optional>

#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Why a replica wishes to leave a view.
enum class suspicion : std::uint8_t {
  stalled,       ///< requests are pending and nothing is executed
  order_overdue, ///< one admitted order is passed over
  slow,          ///< far less is executed than just now, while as much is pending
  link_lost,     ///< down for longer than the grace
  resigned,      ///< the primary itself says so
  equivocation,  ///< it signed two proposals for one slot
  no_new_view,   ///< the view did not begin in time
  bad_new_view,  ///< its NEW-VIEW is signed and wrong
};
const char* to_string(suspicion s);
inline constexpr std::size_t suspicions = 8;

struct patience {
  /// Without any execution while requests are pending; up to `stall_at_most_ms` where the cluster
  /// has lately taken longer from block to block.
  std::uint32_t stall_ms = 400;
  std::uint32_t stall_at_most_ms = 1600;
  /// For one admitted order, which the primary was handed at half of this.
  std::uint32_t order_ms = 2000;
  std::uint32_t link_grace_ms = 50;
  /// Throughput is judged over this.
  std::uint32_t window_ms = 1000;
};

/// What a node sees of its cluster's work.
struct work_seen {
  std::uint64_t executed_requests = 0; ///< since the node's start
  sequence_number executed;
  std::uint32_t owed = 0;           ///< requests that the primary could propose or has proposed
  std::uint64_t oldest_wait_ms = 0; ///< since a block has been due that the primary did not propose

  friend bool operator==(const work_seen&, const work_seen&) = default;
};

/// Pure. Of one primary at a time; clocks are local and monotone, in nanoseconds.
class primary_watch {
public:
  explicit primary_watch(const patience& p) : patience_(p) {}

  /// A new view begins. What was shown before still counts for throughput.
  void begin(std::uint64_t now_ns);
  /// Returns true if something was executed since the last one.
  bool on_work(std::uint64_t now_ns, const work_seen& w);
  void on_link(std::uint64_t now_ns, bool up);
  /// The node itself was stopped: what did not happen meanwhile is nobody's fault.
  void forgive(std::uint64_t now_ns);

  /// Is there cause now? `factor` lengthens patience, 1 usually. A lost link is none unless
  /// `link_counts`: the fault may be this node's own, as the caller knows.
  std::optional<suspicion> due(std::uint64_t now_ns, std::uint32_t factor,
                               bool link_counts = true) const;

private:
  void judge_window(std::uint64_t now_ns, const work_seen& w);

  patience patience_;
  work_seen seen_;
  std::optional<std::uint64_t> waiting_since_ns_; ///< requests pend without execution
  std::uint64_t usual_gap_ns_ = 0; ///< the longest of late, while requests were pending
  std::optional<std::uint64_t> link_down_ns_;

  std::uint64_t window_start_ns_ = 0;
  std::uint64_t window_requests_ = 0; ///< executed_requests at its start
  std::uint32_t least_owed_ = 0;      ///< within it
  std::uint64_t shown_ = 0;           ///< requests in a good window of late
  std::uint32_t slow_windows_ = 0;
};

} // namespace bourse::consensus
