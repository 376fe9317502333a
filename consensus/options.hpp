// What a core is started with, and what it counts and measures.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "consensus/effects.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

struct options {
  replica_id self;
  cluster_size size;
  digest cluster; ///< also the start of the log's chain
  /// High watermark = stable checkpoint + window. At most 64; a multiple of checkpoint_interval.
  std::uint32_t window = 64;
  std::uint32_t checkpoint_interval = 32;
  /// A proposal with a longer block is not kept: one can't be within the genesis file's limits.
  std::size_t max_block_bytes = 4 * 1024 * 1024;
  /// How many proposals the primary keeps in flight: more hides latency, fewer make fuller blocks.
  std::uint32_t max_in_flight = 4;
  /// Votes for a slot that is not final are sent again after this, then at doubling intervals.
  std::uint32_t retransmit_ms = 250;
  /// Progress is told to the others at least this often.
  std::uint32_t progress_ms = 500;
};

/// What a replica's disk knew before a restart.
struct recovered_state {
  view_number view;
  /// The last one that was gone by; none before the first view change. May be of an earlier view.
  std::optional<messages::new_view> new_view;
  stable_checkpoint stable;
  /// The state was restored up to here (its own last checkpoint plus executed blocks after it).
  sequence_number executed;
  digest chain;
  std::vector<pre_prepare> proposals;
  std::vector<vote_record> votes;
  std::vector<prepared_certificate> prepared;
  /// Final blocks above `stable`, executed or not.
  std::vector<committed_block> committed;
  /// It says and counts no votes of its own until it may: see consensus/newcomer.hpp.
  bool silent = false;
};

/// Counted and reported by `status`; hostile input ends in one of these and nowhere else.
struct core_counters {
  std::uint64_t bad_signatures = 0;
  std::uint64_t bad_certificates = 0;
  std::uint64_t outside_watermarks = 0;
  std::uint64_t wrong_view = 0;
  std::uint64_t not_from_primary = 0;
  std::uint64_t equivocations = 0;
  std::uint64_t rejected_proposals = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t fetched_blocks = 0;
  std::uint64_t signatures_verified = 0;
  std::uint64_t signatures_made = 0;
  /// A sender or signer that does not exist, is this replica, or may not say what it says: votes
  /// count only over their own voter's link.
  std::uint64_t bad_senders = 0;
  /// Blocks that do not hash to what was signed, or are missing.
  std::uint64_t wrong_hashes = 0;
  /// 2f+1 replicas agree on another state than this one computed: its state is damaged.
  std::uint64_t diverged = 0;
};

/// When a slot passed each phase here, for the report's timeline. Times are the `now_ns` of the
/// event that did it; 0: not yet.
struct slot_times {
  sequence_number sequence;
  view_number view;
  std::uint64_t proposed_ns = 0;     ///< pre-prepare made or received
  std::uint64_t checked_ns = 0;      ///< found acceptable, bodies held
  std::uint64_t prepare_sent_ns = 0; ///< own vote durable and sent
  std::uint64_t prepared_ns = 0;
  std::uint64_t commit_sent_ns = 0;
  std::uint64_t committed_ns = 0;
  std::uint64_t executed_ns = 0;
};

} // namespace bourse::consensus
