// Who leads, how far each replica is behind, and what each waits for: read from the statuses that
// replicas give of themselves. Any of them may say anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "messages/types.hpp"

namespace bourse::app {

/// What one replica says. `status` is any JSON; what it lacks counts as not said.
struct replica_status {
  bool answered = false;
  bool in_view = false; ///< it takes part in `view`
  std::uint64_t view = 0;
  std::uint64_t executed = 0;
  std::uint64_t fetched_blocks = 0; ///< since its start
};
replica_status read_status(const nlohmann::json& status);

/// The latest view that f+1 replicas say they are in: one of them at least is honest.
struct leadership {
  std::uint64_t view = 0;
  std::uint16_t leader = 0;
  std::size_t said_by = 0;
};
/// One a replica. Nothing if no view has f+1.
std::optional<leadership> who_leads(const std::vector<replica_status>& all,
                                    messages::cluster_size size);

/// Of the replicas that answered, the highest; 0 if none did.
std::uint64_t newest_block(const std::vector<replica_status>& all);

/// What the view began with at the replica: how long it took and why the last one was left.
struct last_view_change {
  double ms = 0;
  std::string why; ///< empty: this replica had no cause of its own
};
std::optional<last_view_change> last_view_change_of(const nlohmann::json& status);

/// What keeps the replica from the next block or view, each like "the proposal of block 813".
/// Under load there is always something; in a stall it stays the same.
std::vector<std::string> waits_of(const nlohmann::json& status, messages::cluster_size size);

} // namespace bourse::app
