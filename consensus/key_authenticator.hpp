// The authenticator of real nodes: Ed25519 keys out of the genesis file.
#pragma once

#include <vector>

#include "consensus/authenticator.hpp"

namespace bourse::consensus {

class key_authenticator final : public authenticator {
public:
  /// `replicas` by replica id; `cluster` is bound into every signature.
  key_authenticator(key_pair own, std::vector<public_key> replicas, const digest& cluster);

  signature sign(purpose why, byte_view payload) const override;
  /// False for a replica that the cluster does not have.
  bool verify(replica_id by, purpose why, byte_view payload, const signature& sig) const override;

private:
  key_pair own_;
  std::vector<public_key> replicas_;
  digest cluster_;
};

} // namespace bourse::consensus
