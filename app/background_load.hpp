// A load that runs by itself while its owner does something to the network.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <caf/actor_system.hpp>

#include "app/load_target.hpp"
#include "bench/load.hpp"

namespace bourse::app {

class background_load {
public:
  /// All of these outlive it. `on_sample` is called in the load's own thread.
  background_load(caf::actor_system& system, const load_target& target, bench::load_options options,
                  std::function<void(const bench::load_sample&)> on_sample);
  ~background_load(); ///< ends it, if need be

  background_load(const background_load&) = delete;
  background_load& operator=(const background_load&) = delete;

  /// Counts that were taken at `t` or later, for which it waits. Those of the end if the load ends
  /// before; null if it failed.
  bench::load_counts_ptr counts_after(std::chrono::steady_clock::time_point t);
  /// Sends no more; returns before the last is answered.
  void stop();
  /// Waits for the end.
  messages::expected<bench::load_result> finish();

private:
  std::shared_ptr<std::atomic<bool>> enough_ = std::make_shared<std::atomic<bool>>(false);
  std::mutex mutex_; ///< of what follows
  bench::load_counts_ptr latest_;
  bool ended_ = false;
  messages::expected<bench::load_result> result_;
  std::thread thread_;
};

} // namespace bourse::app
