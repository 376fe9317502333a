// What `status` says of the network as a whole, for people and for scripts.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "messages/types.hpp"

namespace bourse::app {

/// Who leads and since when, who is behind, and what each waits for. `all`: a status by replica.
std::vector<std::string> leadership_lines(const nlohmann::json& all, messages::cluster_size size);

/// Adds "behind" and "waits_for" to each status; returns {"replica", "view", "said_by"}, null where
/// nobody leads.
nlohmann::json add_leadership(nlohmann::json& all, messages::cluster_size size);

} // namespace bourse::app
