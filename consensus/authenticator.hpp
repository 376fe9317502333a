// The seam between consensus and cryptography. Real nodes sign with Ed25519; a simulator may use
// stand-ins that cost less.
#pragma once

#include "messages/crypto.hpp"
#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Pure: the same call gives the same answer.
class authenticator {
public:
  virtual ~authenticator() = default;

  /// Signs with this replica's key, bound to the cluster.
  virtual signature sign(purpose why, byte_view payload) const = 0;
  virtual bool verify(replica_id by, purpose why, byte_view payload,
                      const signature& sig) const = 0;
};

} // namespace bourse::consensus
