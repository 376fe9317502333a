// Signing and verifying as consensus does it: of statements, and counted.
#pragma once

#include "consensus/authenticator.hpp"
#include "consensus/options.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

class signatures {
public:
  /// Both outlive it.
  signatures(const authenticator& auth, core_counters& counters)
      : auth_(auth), counters_(counters) {}

  template <class Statement>
  signature sign(purpose why, const Statement& what) {
    ++counters_.signatures_made;
    return auth_.sign(why, signed_bytes(what));
  }

  /// A bad one is counted.
  template <class Statement>
  bool verify(replica_id by, purpose why, const Statement& what, const signature& sig) {
    ++counters_.signatures_verified;
    if (auth_.verify(by, why, signed_bytes(what), sig))
      return true;
    ++counters_.bad_signatures;
    return false;
  }

private:
  const authenticator& auth_;
  core_counters& counters_;
};

} // namespace bourse::consensus
