// Signatures that were found good once are not checked again.
#pragma once

#include <unordered_set>

#include "consensus/authenticator.hpp"

namespace bourse::consensus {

/// A view change brings the same votes in the certificates of many replicas. Bounded: two
/// generations of at most `capacity` each. For one thread.
class remembering_authenticator final : public authenticator {
public:
  /// `below` outlives it.
  remembering_authenticator(const authenticator& below, std::size_t capacity)
      : below_(below), capacity_(capacity) {}

  signature sign(purpose why, byte_view payload) const override {
    return below_.sign(why, payload);
  }
  bool verify(replica_id by, purpose why, byte_view payload, const signature& sig) const override;
  /// One that was verified elsewhere.
  void remember(replica_id by, purpose why, byte_view payload, const signature& sig) const;
  std::uint64_t checks() const {
    return checks_;
  }

private:
  void keep(const digest& d) const;

  const authenticator& below_;
  std::size_t capacity_;
  mutable std::unordered_set<digest> young_;
  mutable std::unordered_set<digest> old_;
  mutable std::uint64_t checks_ = 0;
};

} // namespace bourse::consensus
