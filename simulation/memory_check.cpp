#include "simulation/memory_check.hpp"

#include <caf/all.hpp>
#include <nlohmann/json.hpp>

#include "actors/serve_budget.hpp"
#include "consensus/delivery.hpp"
#include "market/pending_pool.hpp"
#include "storage/layout.hpp"

namespace bourse::simulation {

namespace {

/// Of the credit: what the pool and the queue in front of it admit (market/pending_pool.hpp).
constexpr std::uint64_t credits = market::pending_pool::admitted_credits;
/// Reports of one replica: what nobody asked for, and what blocks have named since the last stable
/// checkpoint, each as far as a chain may run ahead.
constexpr std::uint64_t held_reports = 8 * 1024;

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
  const auto& parts = status["parts"];
  ++looks_;
  for (const auto& limit : limits(i)) {
    if (!parts.contains(limit.part) || parts[limit.part].empty())
      continue; // that actor did not answer: the node is ending
    const auto& part = parts[limit.part];
    if (!part.contains(limit.what)) {
      out_.add("memory", "{} does not say how many {} there are", limit.part, limit.what);
      continue;
    }
    ++judged_[limit.part + std::string{'.'} + limit.what];
    if (auto n = part[limit.what].get<std::uint64_t>(); n > limit.most)
      out_.add("memory", "replica {}: {} of {} is {}, more than {}", i, limit.what, limit.part, n,
               limit.most);
  }
}

std::vector<memory_check::limit> memory_check::limits(std::size_t i) const {
  const auto& g = cluster_.genesis();
  const auto& o = cluster_.options_of(i);
  auto streams = g.market.clients.size() * max_streams;
  auto pooled = streams * g.market.stream_window * credits;
  // Each replica may make some up.
  auto stamped = std::uint64_t{g.market.order.max_open_stamps} * g.size.n;
  // Proposals of two views at a time, and final blocks that are ahead of execution.
  auto blocks = 2 * g.window + consensus::delivery::max_ahead;
  return {{"mempool", "pending", pooled},
          {"mempool", "verifying", pooled},
          {"mempool", "wanted_bodies", stamped},
          {"sequencer", "open_checks", blocks},
          {"sequencer", "open_stamps", g.market.order.max_open_stamps},
          {"sequencer", "tallied", stamped},
          {"sequencer", "held_reports", std::uint64_t{g.size.n} * held_reports},
          {"sequencer", "queued_blocks", consensus::delivery::max_ahead},
          {"execution", "queued_blocks", consensus::delivery::max_ahead},
          {"consensus", "open_checks", blocks},
          // For each block of the window its proposal, votes and bodies, in two views.
          {"consensus", "waiting_for_disk", 8 * g.window + consensus::delivery::max_ahead},
          {"gateway", "sessions", g.market.clients.size() * o.max_sessions_per_client},
          {"ledger", "serves_waiting",
           std::uint64_t{g.size.n} * actors::serve_budget::waiting_per_peer},
          {"view_change", "view_changes_held", g.size.n}};
}

void memory_check::finish() {
  if (looks_ == 0)
    out_.add("memory", "nobody has said what it holds");
  for (const auto& limit : limits(0))
    if (looks_ > 0 && !judged_.contains(limit.part + std::string{'.'} + limit.what))
      out_.add("memory", "{} of {} was never judged", limit.what, limit.part);
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
