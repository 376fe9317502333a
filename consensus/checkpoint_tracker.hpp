// Checkpoints, and when 2f+1 equal ones make the log forgettable (Castro and Liskov, OSDI 1999,
// section 4.3).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "consensus/backoff.hpp"
#include "consensus/context.hpp"

namespace bourse::consensus {

/// Bounded: of each replica only the newest few are kept, so whoever invents sequence numbers
/// pushes out its own. A proof that a peer forwards is collected apart from these, one per peer, so
/// that a signer who says something else meanwhile does not spoil it.
class checkpoint_tracker {
public:
  /// `ctx` outlives it.
  checkpoint_tracker(context& ctx, stable_checkpoint from);

  const stable_checkpoint& stable() const {
    return stable_;
  }

  /// From another replica, which may forward a third one's. True if `stable` has moved.
  bool on_checkpoint(replica_id from, const checkpoint& m);
  /// The own state is durable. True if `stable` has moved.
  bool on_own(std::uint64_t now_ns, sequence_number n, const digest& state);
  /// This replica is silent no more. True if `stable` has moved.
  bool speak(std::uint64_t now_ns);
  /// A proved one that is ahead, out of a NEW-VIEW.
  void adopt(const stable_checkpoint& c) {
    stable_ = c;
    become_stable(c.what);
  }
  /// Says the own ones again that are not stable.
  void on_tick(std::uint64_t now_ns);
  void hurry() {
    resend_.hurry();
  }
  /// Sends the stable proof to a peer that has an older one, at most once per retransmit_ms.
  void help(std::uint64_t now_ns, replica_id to);

  /// The own ones that are not stable.
  const std::map<sequence_number, checkpoint>& own() const {
    return own_;
  }
  /// The most that is kept of one replica, of what it said and of what it forwarded.
  std::size_t most_kept() const;
  std::size_t most_forwarded() const;

private:
  struct vote {
    checkpoint_statement what;
    messages::signature signature;
    bool verified = false;
  };

  /// Verified signatures of one statement that one peer forwards.
  struct forwarded_proof {
    checkpoint_statement what;
    std::map<replica_id, messages::signature> by;
  };

  bool boundary(sequence_number n) const;
  bool say(std::uint64_t now_ns, const checkpoint_statement& what);
  void keep_forwarded(replica_id from, const checkpoint& m);
  const messages::signature* forwarded(replica_id by, const checkpoint_statement& what) const;
  std::size_t most_per_replica() const;
  vote* find(replica_id by, sequence_number n);
  void keep(replica_id by, vote v);
  bool try_stable(const checkpoint_statement& what);
  void become_stable(const checkpoint_statement& what);

  context& ctx_;
  stable_checkpoint stable_;
  std::vector<std::vector<vote>> votes_;      ///< by replica, ascending sequence numbers
  std::vector<forwarded_proof> forwarded_;    ///< by the peer that forwards
  std::map<sequence_number, checkpoint> own_; ///< above `stable_`
  backoff resend_;
  std::vector<std::uint64_t> helped_ns_;
};

} // namespace bourse::consensus
