#include "simulation/memory_check.hpp"

#include <caf/all.hpp>
#include <nlohmann/json.hpp>

#include "consensus/delivery.hpp"
#include "storage/layout.hpp"

namespace bourse::simulation {

namespace {

/// Of the credit: what the pool and the queue in front of it admit (market/pending_pool.hpp).
constexpr std::uint64_t credits = 4;

} // namespace

void memory_check::ask(std::size_t i) {
  if (!cluster_.up(i))
    return;
  auto supervisor = cluster_.node(i).supervisor;
  cluster_.universe().system().spawn([this, i, supervisor](caf::event_based_actor* self) {
    self->request(supervisor, caf::infinite, status_atom::value, false)
        .then(
            [this, i](const std::string& text) {
              out_.set_now(cluster_.universe().now());
              judge(i, nlohmann::json::parse(text));
            },
            [](caf::error&) {});
  });
}

void memory_check::judge(std::size_t i, const nlohmann::json& status) {
  const auto& g = cluster_.genesis();
  const auto& parts = status["parts"];
  auto expect = [&](const char* part, const char* what, std::uint64_t most) {
    if (!parts.contains(part) || !parts[part].contains(what))
      return; // that actor did not answer: the node is ending
    auto n = parts[part][what].get<std::uint64_t>();
    if (n > most)
      out_.add("memory", "replica {}: {} of {} is {}, more than {}", i, what, part, n, most);
  };
  auto streams = g.market.clients.size() * max_streams;
  // A body that a proposal names is admitted beyond the credit, as many as a window can name.
  auto named = g.window * std::uint64_t{g.market.blocks.max_requests};
  expect("mempool", "pending", streams * g.market.stream_window * credits + named);
  expect("mempool", "verifying", streams * g.market.stream_window * credits + named);
  // Proposals of two views at a time, and final blocks that are ahead of execution.
  auto blocks = 2 * g.window + consensus::delivery::max_ahead;
  expect("mempool", "open_checks", blocks);
  expect("mempool", "grants", cluster_.options_of(i).max_in_flight);
  expect("execution", "queued_blocks", consensus::delivery::max_ahead);
  expect("consensus", "blocks_held", blocks);
  expect("gateway", "sessions",
         g.market.clients.size() * cluster_.options_of(i).max_sessions_per_client);
  expect("view_change", "view_changes_held", g.size.n);
}

/// Pruned, a log holds two runs of `retain_blocks`; a third is what may come while a slow disk
/// makes the copy of the state that the log is to begin with. What was executed since the last look
/// is left out: one that has lagged executes many blocks in one instant, and prunes after it.
void memory_check::look_at_disk(std::size_t i, std::uint64_t executed) {
  auto retain = cluster_.options_of(i).retain_blocks;
  if (retain == 0)
    return;
  sequence_number before{std::exchange(executed_[i], executed)};
  auto blocks
      = cluster_.disk(i).entries(storage::family::blocks, storage::layout::sequence_key(before));
  auto most = 3 * retain + 2 * cluster_.genesis().window + consensus::delivery::max_ahead;
  if (blocks > most)
    out_.add("memory", "replica {} keeps {} blocks up to {}, more than {}", i, blocks,
             before.value(), most);
}

} // namespace bourse::simulation
