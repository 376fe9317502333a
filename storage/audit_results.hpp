// What a node stored beside the log, against what the log gives.
#pragma once

#include <functional>
#include <string>

#include "consensus/authenticator.hpp"
#include "market/clearing_house.hpp"
#include "storage/audit.hpp"

namespace bourse::storage {

enum class stored { nothing, good };

/// Results, settlements and index entries of a block that was executed again. Errors: corrupt says
/// what differs; io_failed.
expected<stored> check_results(const reader& s, const market::block_result& truth, replica_id self,
                               const consensus::authenticator& keys);

using note_function = std::function<void(sequence_number block, std::string what)>;

/// That the index of reports has this many entries, each of which check_results has found good, and
/// no others.
expected<void> check_index(const reader& s, std::uint64_t entries, const note_function& note);

/// Proposals, votes, prepared certificates, the new view and evidence. Adds to `signatures` how
/// many it verified.
expected<void> check_consensus_records(const reader& s, cluster_size size,
                                       const consensus::authenticator& keys,
                                       std::uint64_t& signatures, const note_function& note);

} // namespace bourse::storage
