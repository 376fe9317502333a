// Keeps a node running: when a part of it fails, all of it begins anew from its disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <caf/actor_system.hpp>

#include "actors/node.hpp"
#include "actors/restart_policy.hpp"

namespace spdlog {
class logger;
}

namespace bourse::actors {

/// A node's actors are one failure domain: what one of them had in memory the others build on, and
/// the disk has all that the node promised. So whichever fails, the rest end in order, and a node
/// is spawned again in the same process. But for the ledger: a replica that cannot write must not
/// vote, and what the disk did to it needs a look, so then the process ends.
class node_keeper {
public:
  using spawner = std::function<expected<node_handles>()>;

  node_keeper(caf::actor_system& system, spawner spawn, std::shared_ptr<spdlog::logger> log,
              restart_policy policy = {});

  /// Blocks until the node was stopped, or has failed for good, or could not be started: then the
  /// error says why. `ready` is called after the first start.
  expected<void> run(const std::function<void()>& ready);

  /// Ends the node in order. From any thread, once or often.
  void stop();
  /// Restarts so far.
  std::uint32_t restarts() const;

private:
  bool started(const node_handles& node);
  bool pause(std::uint64_t for_ms);

  caf::actor_system& system_;
  spawner spawn_;
  std::shared_ptr<spdlog::logger> log_;
  restart_policy policy_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  supervisor_actor supervisor_; ///< of the node that runs; null between two
  std::uint32_t restarts_ = 0;
};

} // namespace bourse::actors
