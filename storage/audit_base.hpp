// The state that a log begins from, without believing whoever wrote it.
#pragma once

#include "consensus/authenticator.hpp"
#include "fairness/fair_exchange.hpp"
#include "storage/audit_results.hpp"
#include "storage/base.hpp"

namespace bourse::storage {

/// That a quorum signed the base, and that its pages, chain and time are what it signed. Restores
/// them into `to`, which has executed nothing, and adds to `signatures` how many it verified.
/// Errors: corrupt says what is wrong; io_failed.
expected<void> check_base(const reader& s, const base_record& b, cluster_size size,
                          const consensus::authenticator& keys, fairness::fair_exchange& to,
                          std::uint64_t& signatures);

/// Likewise of the base to come, if there is one; and that all other pages that are being gathered
/// are whole.
expected<void> check_next_base(const reader& s, cluster_size size,
                               const consensus::authenticator& keys, std::uint64_t& signatures,
                               const note_function& note);

} // namespace bourse::storage
