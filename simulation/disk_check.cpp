#include "simulation/disk_check.hpp"

#include "storage/base.hpp"
#include "storage/records.hpp"

namespace bourse::simulation {

namespace {

/// To read all of a disk costs more than a step; so often is often enough.
constexpr std::uint64_t look_every_ns = 50'000'000;

/// A fetched state is installed: the node ends, and what its memory has is of the old one.
bool taken_over(const storage::reader& disk) {
  auto base = storage::load_base(disk);
  auto own = storage::load_checkpoint(disk);
  return base && *base && (!own || !*own || (*own)->sequence < (*base)->what.sequence);
}

} // namespace

void disk_check::stepped(std::size_t i, const consensus::core_picture& core) {
  if (!cluster_.up(i)) // it died in the middle of something, and the rest has no effect
    return;
  auto& at = nodes_[i];
  at.core_seen = true;
  at.core.view = core.view;
  at.core.installed = core.installed;
  auto now = cluster_.universe().now();
  // With nothing unsynced what is there is what is durable.
  if (now < at.next_look_ns || cluster_.disk(i).unsynced() > 0)
    return;
  at.next_look_ns = now + look_every_ns;
  auto disk = storage::open_memory_store(cluster_.disk(i));
  if (taken_over(*disk))
    return;
  ++looks_;
  if (auto durable = storage::load_consensus(*disk, cluster_.genesis().cluster()))
    report(i, consensus::broken_invariants(core, *durable));
  else
    out_.add("invariants", "replica {}: its disk cannot be read: {}", i,
             to_string(durable.error()));
}

void disk_check::stepped(std::size_t i, const consensus::manager_picture& manager) {
  auto& at = nodes_[i];
  at.manager_seen = true;
  at.manager.entered = manager.entered;
  at.manager.begun = manager.begun;
  at.manager.handed = manager.handed;
}

void disk_check::crashed(std::size_t i) {
  auto disk = storage::open_memory_store(cluster_.disk(i));
  auto left = storage::load_consensus(*disk, cluster_.genesis().cluster());
  if (left)
    report(i, consensus::broken_invariants(*left));
}

void disk_check::at_rest(std::size_t i) {
  const auto& at = nodes_[i];
  if (cluster_.up(i) && at.core_seen && at.manager_seen)
    report(i, consensus::broken_invariants(at.core, at.manager));
}

void disk_check::report(std::size_t i, const std::vector<std::string>& broken) {
  for (const auto& what : broken)
    out_.add("invariants", "replica {}: {}", i, what);
}

} // namespace bourse::simulation
