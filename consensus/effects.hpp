// What consensus wants done. The core never acts: it returns these, and the actor around it carries
// them out in the stated order (after etcd-raft's Ready).
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "messages/consensus.hpp"
#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

// -- what must be durable ----------------------------------------------------------------------

/// The view that this replica has entered: it votes in no lower one.
struct view_record {
  view_number view;
};
/// The NEW-VIEW that it goes by in that view. Replaces that of an earlier view.
struct new_view_record {
  new_view what;
};
/// A proposal that this replica accepted (or made). Its bodies are written with it.
struct proposal_record {
  pre_prepare what;
};
enum class vote_kind : std::uint8_t { pre_prepare = 1, prepare = 2, commit = 3 };
/// A vote that this replica is about to send. After a restart it repeats exactly this or none.
struct vote_record {
  vote_kind kind;
  statement what;
};
struct prepared_record {
  prepared_certificate what;
};
/// A final block. Its bodies are durable already, or are written with it if it was fetched.
struct committed_record {
  committed_block what;
};
/// Consensus records (not blocks) at or below it may be deleted.
struct stable_record {
  stable_checkpoint what;
};
struct equivocation_record {
  equivocation what;
};
using record = std::variant<view_record, new_view_record, proposal_record, vote_record,
                            prepared_record, committed_record, stable_record, equivocation_record>;

// -- what must be sent ---------------------------------------------------------------------------

struct send {
  /// Nothing: to all other replicas.
  std::optional<replica_id> to;
  peer_message what;
};

// -- what others decide or do --------------------------------------------------------------------

/// The slot is free: whoever makes proposals may hand one in by `on_proposal`. At most
/// options.max_in_flight grants are open, each for the next sequence number; they are answered in
/// order, whenever there is something to propose.
struct proposal_grant {
  view_number view;
  sequence_number sequence;
};

/// Is this block acceptable, and are its bodies here? Answered by `on_checked`, as late as it takes
/// to fetch what is missing. This is the seam behind which the rule of order stands.
struct proposal_check {
  statement what;
  shared_bytes block;
  /// True if it is a first proposal: its time must be near the local clock.
  bool fresh = true;
};

/// Final and next in the log: execute it, then call `on_executed`. Always in sequence order,
/// without gaps. Bodies may have to be fetched if the block was.
struct execution {
  sequence_number sequence;
  messages::digest digest;
  messages::digest chain; ///< of the log up to and including this block
  shared_bytes block;
  /// A checkpoint is due after it: answer with `on_checkpoint` once its pages are durable.
  bool checkpoint = false;
};

/// A peer asks for final blocks, and those are the ledger's: send it each as a `committed_block`,
/// in order, as many as fit. The range is bounded and lies within what is committed here.
struct serve {
  replica_id to;
  fetch_blocks what;
};

/// Everything that one or more events gave rise to.
struct effects {
  /// Written and synced in this order, as one unit, before anything of `after_persist` leaves; then
  /// `on_persisted(ticket)` is called. Tickets ascend; 0 means that there is nothing to persist,
  /// and `after_persist`, `departed` and `begun` then wait for what earlier tickets stand for.
  /// Where `after_persist` is empty nothing waits: the write must keep its place in the order, but
  /// may share the next sync instead of having one of its own.
  std::uint64_t ticket = 0;
  std::vector<record> persist;
  std::vector<send> after_persist;
  /// For the view-change manager, and like `after_persist` not before what they rest on is durable:
  /// the old view was left, and this is what the VIEW-CHANGE must say ...
  std::optional<view_change_content> departed;
  /// ... and the view has begun.
  std::optional<view_number> begun;
  /// Need not wait.
  std::vector<send> now;
  /// Proposals of earlier views are over. To be carried out before `checks`, which name those that
  /// are made again, and those before `grants`.
  std::optional<view_number> renewed;
  std::vector<proposal_check> checks;
  std::vector<proposal_grant> grants;
  std::vector<execution> executions;
  std::vector<serve> serves;

  bool empty() const {
    return persist.empty() && after_persist.empty() && !departed && !begun && now.empty()
           && !renewed && checks.empty() && grants.empty() && executions.empty() && serves.empty();
  }
};

} // namespace bourse::consensus
