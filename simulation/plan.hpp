// What one seed stands for: a cluster, its load, and everything that goes wrong with it. Drawn
// before anything runs, so that it can be read.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "actors/context.hpp"
#include "messages/signature_memo.hpp"
#include "simulation/cluster.hpp"
#include "simulation/lies.hpp"

namespace bourse::simulation {

/// Every fault that can be drawn. A fault has a time, mostly an end, and the nodes that it meets.
enum class fault_kind : std::uint8_t {
  crash,      ///< the process ends; some of what was not synced reached the disk; back at the end
  torn_write, ///< the same in the middle of a write
  lights_out, ///< all at once
  actor_failure, ///< one actor throws; the keeper starts the node again
  disk_full,     ///< writes fail until the end, when the node is started again
  slow_disk,     ///< the ledger stands still again and again
  wiped_disk,    ///< crash, and the disk comes back empty
  pause,         ///< the process is stopped
  slow_node,     ///< all its messages take longer
  cut_off,       ///< one node from all others
  one_way,       ///< from one node to another
  split,         ///< two parts that do not hear each other
  loss,
  duplication,
  delays,      ///< longer, with a tail
  clock,       ///< a wall clock that is off and drifts
  client_link, ///< the clients' connections to a node break
  unrest,      ///< nodes suspect their primary again and again, without cause
};
inline constexpr auto fault_kinds = static_cast<std::size_t>(fault_kind::unrest) + 1;

std::string_view to_string(fault_kind k);

struct fault {
  fault_kind kind;
  std::uint32_t at_ms = 0;
  std::uint32_t for_ms = 0;
  std::uint16_t node = 0;
  std::uint16_t other = 0; ///< one_way: the other one; split: a set of nodes, by bits
  /// crash, lights_out: so many unsynced writes are kept; torn_write: writes until then;
  /// slow_disk, slow_node, delays: us; loss, duplication: percent; unrest: ms between suspicions;
  /// clock: ms, 3000 for one that is right. Others: nothing.
  std::uint32_t amount = 0;
};

/// What clients do while the run lasts.
struct load_plan {
  std::uint32_t placements = 0;    ///< in all
  std::uint32_t requests_each = 1; ///< at most
  /// Most requests under one signature, 0: no limit. With a few, a stream has several submissions
  /// on their way at once.
  std::uint32_t signed_together = 0;
  std::uint32_t questions = 0; ///< to replicas, in all
};

struct plan {
  std::uint64_t seed = 1;
  cluster_options cluster;
  std::vector<std::int32_t> timers_percent; ///< by node: its clock runs so much faster
  load_plan load;
  std::uint32_t load_ms = 16'000;   ///< clients place until then
  std::uint32_t faulty_ms = 16'000; ///< everything heals then
  /// Virtual time after the healing within which all that was placed must be answered, all replicas
  /// the same.
  std::uint32_t recovery_ms = 30'000;
  std::uint32_t least_ms = 20'000;          ///< the run lasts at least so long
  std::vector<fault> faults;                ///< by time
  std::vector<std::uint16_t> byzantine;     ///< with those whose disk is wiped no more than f
  std::vector<lie> lies;                    ///< theirs
  std::vector<std::uint32_t> suspicions_ms; ///< all suspect the primary then, without cause
  std::uint32_t hostile_client_ms = 0;      ///< one lies so often; 0: none does
  signature_memo::making signatures = signature_memo::making::stand_in;
};

plan draw_plan(std::uint64_t seed);
nlohmann::json to_json(const plan& p);

} // namespace bourse::simulation
