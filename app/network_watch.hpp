// A client that looks at the replicas of a network again and again while something happens to them.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include <caf/actor_system.hpp>
#include <nlohmann/json.hpp>

#include "actors/interfaces.hpp"
#include "app/leadership.hpp"
#include "app/load_target.hpp"

namespace bourse::app {

class network_watch {
public:
  /// Errors: those of the client's key and of attach.
  static messages::expected<std::unique_ptr<network_watch>> attach(caf::actor_system& system,
                                                                   const load_target& target);
  ~network_watch();
  network_watch(const network_watch&) = delete;
  network_watch& operator=(const network_watch&) = delete;

  struct view_of_all {
    std::vector<nlohmann::json> status; ///< by replica; null where there was no answer in time
    std::vector<replica_status> replicas;
    std::optional<leadership> leader;
    std::uint64_t newest = 0; ///< block
  };
  /// Waits a moment for those that do not answer.
  view_of_all look();
  /// Looks until `done` says so; false if it does not within that time.
  template <class Predicate>
  bool wait(std::chrono::milliseconds most, Predicate done) {
    auto deadline = std::chrono::steady_clock::now() + most;
    for (;;) {
      if (done(look()))
        return true;
      if (std::chrono::steady_clock::now() >= deadline)
        return false;
      pause();
    }
  }

private:
  network_watch(caf::actor_system& system, messages::cluster_size size,
                actors::client_actor client);
  static void pause();

  caf::actor_system& system_;
  messages::cluster_size size_;
  actors::client_actor client_;
};

} // namespace bourse::app
