// One sequence number in the current view: its proposal, the votes for it, and what this replica
// itself has said (Castro and Liskov, OSDI 1999, section 4.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "consensus/backoff.hpp"
#include "consensus/effects.hpp"
#include "consensus/options.hpp"
#include "consensus/vote_set.hpp"

namespace bourse::consensus {

/// Whether the proposal may be voted for.
enum class verdict : std::uint8_t { none, asked, acceptable, rejected };

/// What this replica said of the slot. Nothing leaves, and nothing counts, before it is durable.
struct own_vote {
  enum class durability : std::uint8_t { none, pending, durable };
  durability state = durability::none;
  messages::digest digest;
  messages::signature signature;

  bool made() const {
    return state != durability::none;
  }
  bool durable() const {
    return state == durability::durable;
  }
};

/// What a slot can be in the current view. It moves down only, but for one second look at what was
/// rejected, and every stage can be skipped.
///
///   stage     proposal  verdict     own votes             came by
///   open      -         none        none                  a vote, or `early`
///   renewed   -         none        primary: pre-prepare  a NEW-VIEW; the block is not here
///   proposed  here      asked       as above              the block; it is being checked
///   rejected  here      rejected    as above              the check; see `refused`
///   accepted  here      acceptable  pre-prepare, prepare  the check, or the primary made it
///   prepared  here      acceptable  and commit            2f prepares; `prepared` is of this view
///   final     any       any         any                   2f+1 commits, or a block and its proof
///
/// An own vote is pending, then durable; a silent backup has none. `renewed` stays once it is
/// there, and `proposal` then is the same statement. `prepared` may be of an earlier view in any
/// stage but its own, and `kept` may hold blocks in all. `equivocated` says nothing of the stage.
/// Leaving the view keeps `prepared`, `kept` (the proposal's block too) and `final`: the slot is
/// open or final then. From the disk it comes as accepted or prepared if an own vote binds it to a
/// block that is here, else as open, renewed, proposed or final.
struct slot {
  slot(sequence_number n, cluster_size size) : sequence(n), prepares(size), commits(size) {}

  sequence_number sequence;
  /// The one that was accepted: signed by the view's primary, and its hash is right.
  std::optional<pre_prepare> proposal;
  consensus::verdict verdict = verdict::none;
  vote_set prepares; ///< of backups
  vote_set commits;
  std::array<own_vote, 3> own_votes; ///< by vote_kind
  /// What the view's NEW-VIEW says of the slot. Only this can be proposed here.
  struct renewal {
    statement what;
    messages::signature signature;
  };
  std::optional<renewal> renewed;
  /// The primary's, come before its NEW-VIEW was accepted here.
  std::optional<pre_prepare> early;
  /// Its own view's: from the disk it may be of an earlier one.
  std::optional<prepared_certificate> prepared;
  /// The block and its proof: nothing can change any more.
  std::optional<committed_block> final;
  /// Blocks that were proposed in earlier views, since a NEW-VIEW names one of them by its digest:
  /// the prepared one and the last others. Not the last alone: a faulty replica may come late with
  /// the certificate of an early view, and only those that voted for its block then have that.
  static constexpr std::size_t most_kept = 8;
  std::vector<std::pair<digest, shared_bytes>> kept;
  bool equivocated = false; ///< one piece of evidence is enough
  bool refused = false;     ///< and looked at once more since f+1 replicas stand for it

  backoff resend;       ///< of the own votes
  backoff ask_proposal; ///< votes are here and the proposal is not
  std::uint16_t asked = 0;
  /// By replica: when it was last helped with this slot. Empty: nobody yet.
  std::vector<std::uint64_t> helped_ns;
  slot_times times;

  /// What the view's primary has signed for the slot, if it is known here.
  std::optional<renewal> said_by_primary() const {
    if (proposal)
      return renewal{proposal->what, proposal->signature};
    return renewed;
  }

  own_vote& own(vote_kind k) {
    return own_votes[static_cast<std::size_t>(k) - 1];
  }
  const own_vote& own(vote_kind k) const {
    return own_votes[static_cast<std::size_t>(k) - 1];
  }
  vote_set& votes(vote_kind k) {
    return k == vote_kind::prepare ? prepares : commits;
  }
  const vote_set& votes(vote_kind k) const {
    return k == vote_kind::prepare ? prepares : commits;
  }

  /// Votes and proposals of the old view go; what was prepared stays.
  void leave_view();
  void keep(const digest& d, shared_bytes block);
  /// Null if it is not here.
  shared_bytes find_block(const digest& d) const;

  /// The digest that this replica is bound to by an earlier vote of this view, if any.
  std::optional<digest> bound() const;
  /// True if `who` has voted for `d`, one way or the other.
  bool supports(replica_id who, const digest& d) const {
    return prepares.names(who, d) || commits.names(who, d);
  }
  /// Replicas that voted for `d`, one way or the other. Votes come over their voters' links, so
  /// f+1 of these include an honest one although nothing is verified yet.
  std::vector<replica_id> supporters(const digest& d, cluster_size size) const;
  /// What at least f+1 replicas vote for: at most one digest if at most f replicas are faulty.
  std::optional<digest> supported(cluster_size size) const;
  /// The digest that the slot is about here; nothing if there is neither a proposal nor a block.
  std::optional<digest> known() const;
};

} // namespace bourse::consensus
