// The votes of one kind for one slot in one view: at most one per replica, verified only when they
// could make a quorum.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "messages/consensus.hpp"

namespace bourse::consensus {

using namespace messages;

/// A vote arrives over its voter's own link, so a bad signature harms only who sent it: the bad
/// vote is dropped when a quorum would rest on it, and a later good one takes its place.
class vote_set {
public:
  explicit vote_set(cluster_size size) : votes_(size.n) {}
  cluster_size size() const {
    return {static_cast<std::uint16_t>(votes_.size())};
  }

  enum class outcome { added, repeated, ignored };
  /// Keeps an unverified vote. It replaces another unverified one of the same replica, but never a
  /// verified one. Precondition: `by` is of the cluster.
  outcome add(replica_id by, const digest& d, const signature& sig);
  /// Keeps a vote that needs no verification: an own one, or one from the own disk.
  void add_verified(replica_id by, const digest& d, const signature& sig);

  bool has(replica_id by) const {
    return at(by).state != validity::none;
  }
  bool names(replica_id by, const digest& d) const {
    return has(by) && at(by).what == d;
  }
  const digest& named(replica_id by) const {
    return at(by).what;
  }
  /// True if exactly this vote was verified before.
  bool verified(replica_id by, const digest& d, const signature& sig) const;

  /// How many votes are for `d`, verified or not.
  std::uint16_t count(const digest& d) const;

  using verifier = std::function<bool(replica_id by, const signature& sig)>;
  /// True if `needed` valid votes for `d` are here. Verifies only if there can be that many, and
  /// no more of them than are needed; bad ones are dropped.
  bool reach(const digest& d, std::uint16_t needed, const verifier& verify);
  /// `count` verified votes for `d`. Precondition: `reach` said so.
  std::vector<replica_signature> certificate(const digest& d, std::uint16_t count) const;

private:
  enum class validity : std::uint8_t { none, unverified, verified };
  struct vote {
    validity state = validity::none;
    digest what;
    messages::signature signature;
  };

  const vote& at(replica_id by) const {
    return votes_[by.value()];
  }
  std::uint16_t verified_count(const digest& d) const;

  std::vector<vote> votes_;
};

} // namespace bourse::consensus
