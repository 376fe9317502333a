// What can be checked of one block by itself, by any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/authenticator.hpp"
#include "messages/consensus.hpp"
#include "messages/stamps.hpp"
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
  struct stored_bodies {
    std::vector<signed_submission> executed; ///< in this order
    std::vector<signed_submission> voided;
  };
  struct stored_report {
    chain_head name;
    signed_report source;
  };

  sequence_number sequence;
  committed_block source;
  std::vector<chain_head> heads;       ///< as far as the block decodes
  std::optional<stored_bodies> bodies; ///< nothing: there are none
  /// Those of chains up to its heads, from the heads of blocks before it on; branches as well.
  std::vector<stored_report> reports;
  /// Set by the reader if it could not even be read, or by check_alone.
  std::optional<std::string> problem;

  // Set by check_alone:
  std::vector<submission_ptr> executed;
  std::vector<submission_ptr> voided;
  std::vector<report_ptr> chains;
  std::uint64_t signatures = 0;
};

/// Hash, certificate, form, bodies, client signatures, reports of stamps.
void check_alone(audited_block& b, const audit_genesis& g);

/// Does not check the signature. Errors: malformed, unknown_client.
expected<submission_ptr> decode_body(signed_submission source, const audit_genesis& g);
/// Errors: those of decode_body, bad_signature.
expected<submission_ptr> check_body(signed_submission source, const audit_genesis& g);
/// Errors: those of verify_report; corrupt: it is not the one of that name.
expected<report_ptr> check_report(const chain_head& name, signed_report source,
                                  const audit_genesis& g);

} // namespace bourse::storage
