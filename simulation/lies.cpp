#include "simulation/lies.hpp"

namespace bourse::simulation {

namespace {

constexpr auto names = std::to_array<std::string_view>({"two_proposals",
                                                        "two_prepares",
                                                        "two_commits",
                                                        "two_checkpoints",
                                                        "votes_for_all",
                                                        "invented_votes",
                                                        "other_slots",
                                                        "others_votes",
                                                        "empty_blocks",
                                                        "bad_blocks",
                                                        "two_chains",
                                                        "false_stamps",
                                                        "withheld_reports",
                                                        "noisy_reports",
                                                        "two_view_changes",
                                                        "two_new_views",
                                                        "hidden_certificates",
                                                        "forged_view_changes",
                                                        "forged_new_views",
                                                        "huge_wishes",
                                                        "forged_blocks",
                                                        "wrong_bodies",
                                                        "false_offers",
                                                        "wrong_state",
                                                        "no_state",
                                                        "slow_state",
                                                        "slow_bodies",
                                                        "false_standing",
                                                        "false_progress",
                                                        "endless_questions",
                                                        "silence_to_some",
                                                        "withheld_kind",
                                                        "delays",
                                                        "slow_proposals",
                                                        "slow_new_views",
                                                        "replays",
                                                        "relays",
                                                        "huge_numbers",
                                                        "garbage",
                                                        "false_reports",
                                                        "invented_reports",
                                                        "false_welcomes",
                                                        "false_refusals",
                                                        "false_gone",
                                                        "false_answers",
                                                        "silence_to_clients",
                                                        "old_tales",
                                                        "mutated_fields"});
static_assert(names.size() == lie_kinds);

} // namespace

std::string_view to_string(lie_kind k) {
  return names.at(static_cast<std::size_t>(k));
}

} // namespace bourse::simulation
