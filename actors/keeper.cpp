#include "actors/keeper.hpp"

#include <chrono>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/logger.h>

namespace bourse::actors {

namespace {

std::uint64_t now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

} // namespace

node_keeper::node_keeper(caf::actor_system& system, spawner spawn,
                         std::shared_ptr<spdlog::logger> log, restart_policy policy)
    : system_(system), spawn_(std::move(spawn)), log_(std::move(log)), policy_(policy) {}

expected<void> node_keeper::run(const std::function<void()>& ready) {
  for (bool first = true;; first = false) {
    auto node = spawn_();
    if (!node && first)
      return tl::unexpected(node.error());
    std::string failed;
    bool anew = false;
    if (node) {
      caf::scoped_actor self{system_};
      self->monitor(node->supervisor);
      if (!started(*node))
        caf::anon_send(node->supervisor, stop_atom::value);
      else if (first)
        ready();
      self->receive([](const caf::down_msg&) {});
      failed = node->context->failed_child;
      anew = node->context->begins_anew;
      node = node_handles{}; // the database closes with the last handle
      std::lock_guard lock{mutex_};
      supervisor_ = nullptr;
    } else {
      failed = to_string(node.error());
    }
    if (failed.empty() && anew) { // no failure: it has another state
      log_->info("starts again with the state that it fetched");
      if (!pause(0))
        return {};
      continue;
    }
    if (failed.empty())
      return {};
    if (failed == "ledger")
      return fail(errc::io_failed, "the ledger failed: see the log, and the disk");
    auto after = policy_.failed(now_ms());
    if (!after)
      return fail(errc::shutting_down, "failed too often, at last: " + failed);
    log_->warn("starts again in {} ms, since this failed: {}", *after, failed);
    if (!pause(*after))
      return {};
  }
}

bool node_keeper::started(const node_handles& node) {
  std::lock_guard lock{mutex_};
  supervisor_ = node.supervisor;
  return !stopping_;
}

/// False if the node is to stop.
bool node_keeper::pause(std::uint64_t for_ms) {
  std::unique_lock lock{mutex_};
  if (wake_.wait_for(lock, std::chrono::milliseconds(for_ms), [this] { return stopping_; }))
    return false;
  ++restarts_;
  return true;
}

void node_keeper::stop() {
  std::lock_guard lock{mutex_};
  stopping_ = true;
  wake_.notify_all();
  if (supervisor_)
    caf::anon_send(supervisor_, stop_atom::value);
}

std::uint32_t node_keeper::restarts() const {
  std::lock_guard lock{mutex_};
  return restarts_;
}

} // namespace bourse::actors
