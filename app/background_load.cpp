#include "app/background_load.hpp"

#include <utility>

namespace bourse::app {

using namespace std::chrono_literals;

background_load::background_load(caf::actor_system& system, const load_target& target,
                                 bench::load_options options,
                                 std::function<void(const bench::load_sample&)> on_sample) {
  options.enough = enough_;
  thread_ = std::thread{[this, &system, &target, options, on_sample = std::move(on_sample)] {
    auto result = bench::run_load(system, target.genesis(), target.keys(), options,
                                  [&](const bench::load_sample& s) {
                                    {
                                      std::lock_guard guard{mutex_};
                                      latest_ = s.counts;
                                    }
                                    on_sample(s);
                                  });
    std::lock_guard guard{mutex_};
    latest_ = result ? result->all_counts : nullptr;
    result_ = std::move(result);
    ended_ = true;
  }};
}

background_load::~background_load() {
  stop();
  if (thread_.joinable())
    thread_.join();
}

bench::load_counts_ptr background_load::counts_after(std::chrono::steady_clock::time_point t) {
  for (;; std::this_thread::sleep_for(10ms)) {
    std::lock_guard guard{mutex_};
    if (ended_ || (latest_ && latest_->taken >= t))
      return latest_;
  }
}

void background_load::stop() {
  enough_->store(true);
}

messages::expected<bench::load_result> background_load::finish() {
  thread_.join();
  return std::move(result_);
}

} // namespace bourse::app
