// PBFT's normal case (Castro and Liskov 1999, sections 4.2 and 4.3; 2002, sections 2.3.3 and
// 2.3.4) for n = 3f+1: pre-prepare, prepare, commit, execution in order, checkpoints, truncation,
// retransmission and catching up with committed blocks. Pure: events in, effects out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "consensus/authenticator.hpp"
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
  stable_checkpoint stable;
  /// The state was restored up to here (its own last checkpoint plus executed blocks after it).
  sequence_number executed;
  digest chain;
  std::vector<pre_prepare> proposals;
  std::vector<vote_record> votes;
  std::vector<prepared_certificate> prepared;
  /// Final blocks above `stable`, executed or not.
  std::vector<committed_block> committed;
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
  std::uint64_t proposed_ns = 0;  ///< pre-prepare made or received
  std::uint64_t checked_ns = 0;   ///< found acceptable, bodies held
  std::uint64_t prepare_sent_ns = 0;  ///< own vote durable and sent
  std::uint64_t prepared_ns = 0;
  std::uint64_t commit_sent_ns = 0;
  std::uint64_t committed_ns = 0;
  std::uint64_t executed_ns = 0;
};

class replica_core {
public:
  /// `auth` outlives the core.
  replica_core(const options& o, const authenticator& auth, recovered_state from);
  ~replica_core();

  /// Every event carries the local monotone clock, in nanoseconds; the core has no other.
  /// `from` is who the link says it is; whoever forwards another's signed message is fine.
  void on_message(std::uint64_t now_ns, replica_id from, const peer_message& m);
  /// Answers a grant. The block must carry the granted sequence number. False if the grant is void.
  bool on_proposal(std::uint64_t now_ns, sequence_number sequence, shared_bytes block);
  /// Answers a check: whether the block is valid and its bodies are here.
  void on_checked(std::uint64_t now_ns, const statement& what, bool acceptable);
  void on_persisted(std::uint64_t now_ns, std::uint64_t ticket);
  void on_executed(std::uint64_t now_ns, sequence_number sequence);
  /// The state after `sequence` and its pages are durable here. Call it after a restart too, with
  /// the own stored checkpoint: it is signed anew and sent again, the same bytes as before.
  void on_checkpoint(std::uint64_t now_ns, sequence_number sequence, const digest& state);
  /// Call at least every retransmit_ms / 4.
  void on_tick(std::uint64_t now_ns);

  /// All effects since the last call; call after every event (or several).
  effects take_effects();

  view_number view() const;
  bool is_primary() const;
  sequence_number executed() const; ///< last one that `on_executed` named
  sequence_number committed() const; ///< highest without a gap below it
  const stable_checkpoint& stable() const;
  const core_counters& counters() const;
  /// By replica: the highest executed sequence number that it told of.
  std::vector<sequence_number> peers_executed() const;
  /// Times of slots that executed since the last call.
  std::vector<slot_times> take_times();
  /// Slots that are open: what is missing for each, for `status`.
  struct open_slot {
    sequence_number sequence;
    bool proposed = false;
    std::uint16_t prepares = 0;
    std::uint16_t commits = 0;
  };
  std::vector<open_slot> open_slots() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// True if `c` holds 2f+1 valid commits of distinct replicas.
bool valid(const commit_certificate& c, cluster_size size, const authenticator& auth);
bool valid(const prepared_certificate& c, cluster_size size, const authenticator& auth);
bool valid(const stable_checkpoint& c, cluster_size size, const authenticator& auth);

} // namespace bourse::consensus
