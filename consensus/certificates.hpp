// What makes a certificate valid: exactly a quorum of valid signatures of distinct replicas. How a
// signature is verified is the caller's choice, so that what was verified before need not be again.
#pragma once

#include <vector>

#include "consensus/authenticator.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

using namespace messages;

/// True if there are exactly `needed` signers, all of the cluster and no two the same. Costs no
/// signature check, so it comes first.
bool well_formed(const std::vector<replica_signature>& signers, std::uint16_t needed,
                 cluster_size size);

/// True if `c` holds exactly the signatures that it needs, all valid.
bool valid(const commit_certificate& c, cluster_size size, const authenticator& auth);
bool valid(const prepared_certificate& c, cluster_size size, const authenticator& auth);
bool valid(const stable_checkpoint& c, cluster_size size, const authenticator& auth);

// The same with `verify(replica_id, purpose, statement, signature) -> bool`; these stop at the
// first bad one.

template <class Verify>
bool valid_commits(const commit_certificate& c, cluster_size size, Verify&& verify) {
  if (!well_formed(c.commits, size.quorum(), size))
    return false;
  for (const auto& by : c.commits)
    if (!verify(by.replica, purpose::commit, c.what, by.signature))
      return false;
  return true;
}

template <class Verify>
bool valid_prepares(const prepared_certificate& c, cluster_size size, Verify&& verify) {
  auto primary = size.primary_of(c.what.view);
  auto needed = static_cast<std::uint16_t>(size.quorum() - 1); // the pre-prepare is one
  if (!well_formed(c.prepares, needed, size))
    return false;
  for (const auto& by : c.prepares)
    if (by.replica == primary)
      return false;
  if (!verify(primary, purpose::pre_prepare, c.what, c.pre_prepare))
    return false;
  for (const auto& by : c.prepares)
    if (!verify(by.replica, purpose::prepare, c.what, by.signature))
      return false;
  return true;
}

template <class Verify>
bool valid_proof(const stable_checkpoint& c, cluster_size size, Verify&& verify) {
  if (c.what.sequence.value() == 0) // genesis: the caller knows its state
    return c.proof.empty();
  if (!well_formed(c.proof, size.quorum(), size))
    return false;
  for (const auto& by : c.proof)
    if (!verify(by.replica, purpose::checkpoint, c.what, by.signature))
      return false;
  return true;
}

} // namespace bourse::consensus
