// Checking a receipt with nothing but the genesis file: no node is asked and none is trusted.
#pragma once

#include "config/genesis.hpp"
#include "messages/client.hpp"

namespace bourse::config {

/// The execution report that the receipt proves: f+1 replicas of the genesis file signed the
/// results of a block, and the report is one of them. Errors: wrong_cluster; invalid_certificate
/// for too few signatures, one replica twice, or a path that does not lead to what was signed;
/// unknown_replica; bad_signature, also if enough others are good; malformed.
expected<report> verify_receipt(const receipt& r, const genesis& g);

} // namespace bourse::config
