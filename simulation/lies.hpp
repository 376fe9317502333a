// The ways in which a Byzantine replica breaks the protocol, by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bourse::simulation {

/// What each of them does stands in docs/TESTING.md, and in the file of its family; what its amount
/// means, here. Where nothing is said of it, it has no meaning.
enum class lie_kind : std::uint8_t {
  // votes (lies_votes.cpp)
  two_proposals,
  two_prepares,
  two_commits,
  two_checkpoints,
  votes_for_all,
  invented_votes,
  other_slots,
  others_votes,
  empty_blocks, ///< of so many submissions one is left out; 1: the last, 0: all are
  bad_blocks,
  // stamps (lies_stamps.cpp)
  two_chains,
  false_stamps,     ///< 0: early, 1: late, 2: at random, 3: none, 4: of what it has not seen
  withheld_reports, ///< 0: nobody is told any; else some are
  noisy_reports,
  // views (lies_views.cpp)
  two_view_changes,
  two_new_views,
  hidden_certificates,
  forged_view_changes,
  forged_new_views,
  huge_wishes,
  // what others fetch (lies_fetch.cpp)
  forged_blocks,
  wrong_bodies, ///< 0: it gives none; else they are changed
  false_offers,
  wrong_state, ///< 1: only pages are wrong; whoever gives wrong nodes is not asked for these
  no_state,
  slow_state,  ///< so many ms late
  slow_bodies, ///< likewise, and final blocks
  false_standing,
  false_progress,
  endless_questions,
  // links (lies_links.cpp)
  silence_to_some, ///< a set of nodes, by bits
  withheld_kind,   ///< the index of a kind in peer_message
  delays,          ///< of up to so many ms
  slow_proposals,  ///< so many ms late
  slow_new_views,  ///< likewise
  replays,
  relays,
  huge_numbers,
  garbage,
  // what clients are told (lies_clients.cpp)
  false_reports,
  invented_reports,
  false_welcomes,
  false_refusals,
  false_gone,
  false_answers,
  silence_to_clients, ///< a set of clients, by bits
  old_tales,
  mutated_fields, ///< lies_fields.cpp; stays the last
};
inline constexpr auto lie_kinds = static_cast<std::size_t>(lie_kind::mutated_fields) + 1;

std::string_view to_string(lie_kind k);

/// One habit of one Byzantine replica.
struct lie {
  lie_kind kind;
  std::uint16_t node = 0;
  std::uint32_t from_ms = 0; ///< it begins then, and never ends
  std::uint32_t percent = 0; ///< how often, where it could
  std::uint32_t amount = 0;  ///< see lie_kind
};

using lie_counts = std::array<std::uint64_t, lie_kinds>;

} // namespace bourse::simulation
