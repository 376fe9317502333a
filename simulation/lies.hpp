// The ways in which a Byzantine replica breaks the protocol, by name.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bourse::simulation {

/// What each of them does stands in docs/TESTING.md, and in the file of its family.
enum class lie_kind : std::uint8_t {
  // votes (lies_votes.cpp)
  two_proposals,
  two_prepares,
  two_commits,
  two_checkpoints,
  votes_for_all,
  invented_votes,
  other_slots,
  empty_blocks,
  bad_blocks,
  // views (lies_views.cpp)
  two_view_changes,
  two_new_views,
  hidden_certificates,
  forged_view_changes,
  forged_new_views,
  huge_wishes,
  // what others fetch (lies_fetch.cpp)
  forged_blocks,
  wrong_bodies,
  false_offers,
  wrong_state,
  no_state,
  slow_state,
  false_standing,
  false_progress,
  endless_questions,
  // links (lies_links.cpp)
  silence_to_some,
  withheld_kind,
  delays,
  slow_proposals,
  slow_new_views,
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
  silence_to_clients,
  old_tales,
  mutated_fields, ///< lies_fields.cpp
};
inline constexpr std::size_t lie_kinds = 42;

std::string_view to_string(lie_kind k);

/// One habit of one Byzantine replica.
struct lie {
  lie_kind kind;
  std::uint16_t node = 0;
  std::uint32_t from_ms = 0; ///< it begins then, and never ends
  std::uint32_t percent = 0; ///< how often, where it could
  std::uint32_t amount = 0;  ///< what it says depends on the kind
};

using lie_counts = std::array<std::uint64_t, lie_kinds>;

} // namespace bourse::simulation
