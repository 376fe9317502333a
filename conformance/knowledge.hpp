// What one replica has heard and said, as plain sets of messages: the paper's message log.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "conformance/new_views.hpp"
#include "conformance/step.hpp"

namespace bourse::conformance {

/// It never forgets a message before the paper does, and believes more than a replica might: a vote
/// counts here even if the replica has dropped or lost it since. So it never refuses what is right.
class knowledge {
public:
  knowledge(const identity& who, verifier verify) : who_(who), verify_(std::move(verify)) {}

  // -- learning -----------------------------------------------------------------------------------

  /// Of `from`, which may be the replica itself.
  void learn(replica_id from, const peer_message& m);
  void learn(const started& disk);
  /// It says that this is its stable checkpoint. Until then it may pass on what proves an earlier
  /// one: that a later one is proved it may have read without going by it yet.
  void told(sequence_number stable) {
    told_ = std::max(told_, stable);
  }
  void executed(sequence_number n, const digest& d);

  // -- predicates of the paper --------------------------------------------------------------------

  /// The view's primary has proposed it, by a pre-prepare or in a NEW-VIEW.
  bool proposed(const statement& what) const;
  /// C&L 4.2: proposed, and 2f prepares of different backups.
  bool prepared(const statement& what) const;
  /// C&L 4.2: 2f+1 commits of different replicas, here or in somebody's certificate.
  bool committed(sequence_number n, const digest& d) const;
  /// Every signature of the certificate is of somebody who said so here, or it is on the disk.
  bool composed(const prepared_certificate& c) const;
  bool stable(const checkpoint_statement& what) const;
  /// `by` has said so, or a proof that is known here says it.
  bool checkpointed(const checkpoint_statement& what, replica_id by) const;
  bool heard(const view_change& m) const;
  bool heard(const new_view& m) const;
  /// NEW-VIEWs for the view that are valid: an honest primary makes one.
  const std::vector<reproposals>* begun(view_number v) const;
  /// How many replicas wish for this view or a higher one, this replica among them.
  std::size_t wishing(view_number v, bool with_self = true) const;
  /// The highest view that the replica may be in: 2f+1 wish for it, its NEW-VIEW is here, or the
  /// disk says so.
  /// The wish of a silent replica counts here although it keeps it to itself.
  view_number highest_view(bool silent = false) const;

  /// C&L 4.2: the low watermark is the last stable checkpoint.
  sequence_number low() const {
    return stable_.empty() ? sequence_number{} : stable_.rbegin()->sequence;
  }
  bool below_high(sequence_number n) const {
    return n <= low() || n.value() - low().value() <= who_.window;
  }

private:
  void learn_vote(std::map<statement, std::set<replica_id>>& to, replica_id from,
                  const statement& what, const replica_signature& by, purpose why);
  void learn_stable(const stable_checkpoint& c);
  void learn_final(const commit_certificate& c);
  void learn_checkpoint(const checkpoint& m);
  void learn_view_change(replica_id from, const view_change& m);
  void learn_new_view(const new_view& m);
  void wish(replica_id from, view_number v);
  bool good(replica_id by, purpose why, byte_view payload, const signature& s) const {
    return !verify_ || verify_(by, why, payload, s);
  }

  identity who_;
  verifier verify_;
  std::set<statement> proposals_;
  std::map<statement, std::set<replica_id>> prepares_;
  std::map<statement, std::set<replica_id>> commits_;
  std::set<std::pair<sequence_number, digest>> final_; ///< by a certificate
  std::set<statement> certificates_;                   ///< of the disk
  std::map<checkpoint_statement, std::set<replica_id>> checkpoints_;
  std::set<checkpoint_statement> stable_;
  sequence_number told_;
  std::set<std::pair<digest, replica_id>> view_changes_; ///< by their bodies
  std::set<digest> new_views_;
  std::map<view_number, std::vector<reproposals>> begun_;
  std::map<replica_id, view_number> wishes_;
  sequence_number executed_;
  view_number on_disk_; ///< entered in an earlier life
};

} // namespace bourse::conformance
