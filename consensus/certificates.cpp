#include "consensus/certificates.hpp"

namespace bourse::consensus {

bool well_formed(const std::vector<replica_signature>& signers, std::uint16_t needed,
                 cluster_size size) {
  if (signers.size() != needed)
    return false;
  std::vector<bool> seen(size.n);
  for (const auto& by : signers) {
    if (by.replica.value() >= size.n || seen[by.replica.value()])
      return false;
    seen[by.replica.value()] = true;
  }
  return true;
}

namespace {

auto with(const authenticator& auth) {
  return [&auth](replica_id by, purpose why, const auto& what, const signature& sig) {
    return auth.verify(by, why, signed_bytes(what), sig);
  };
}

} // namespace

bool valid(const commit_certificate& c, cluster_size size, const authenticator& auth) {
  return valid_commits(c, size, with(auth));
}

bool valid(const prepared_certificate& c, cluster_size size, const authenticator& auth) {
  return valid_prepares(c, size, with(auth));
}

bool valid(const stable_checkpoint& c, cluster_size size, const authenticator& auth) {
  return valid_proof(c, size, with(auth));
}

} // namespace bourse::consensus
