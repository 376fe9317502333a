// What can be checked of one block by itself, by any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/authenticator.hpp"
#include "market/clearing_house.hpp"
#include "messages/consensus.hpp"
#include "storage/audit.hpp"

namespace bourse::storage {

/// Verifies with the genesis file's keys; it has none to sign with.
class auditor_keys final : public consensus::authenticator {
public:
  explicit auditor_keys(const audit_genesis& g) : genesis_(g) {}

  signature sign(purpose why, byte_view payload) const override;
  bool verify(replica_id by, purpose why, byte_view payload, const signature& sig) const override;

private:
  const audit_genesis& genesis_;
};

/// A block as it was read, and what was found.
struct audited_block {
  sequence_number sequence;
  committed_block source;
  std::optional<std::vector<signed_submission>> bodies; ///< nothing: there are none
  /// Set by the reader if it could not even be read, or by check_alone.
  std::optional<std::string> problem;

  // Set by check_alone:
  market::block_input input;
  std::uint64_t signatures = 0;
};

/// Hash, certificate, form, bodies, client signatures, canonical order.
void check_alone(audited_block& b, const audit_genesis& g);

} // namespace bourse::storage
