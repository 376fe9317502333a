// A deterministic world for whole nodes of the real actors: one thread, virtual time, and every
// choice drawn from one seed. The same seed gives the same run, message by message.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "bench/synthetic_market.hpp"
#include "messages/bytes.hpp"

namespace bourse::simulation {

using namespace messages;

using bench::random_source;

class world {
public:
  explicit world(std::uint64_t seed);
  /// Everything in it must have ended.
  ~world();

  caf::actor_system& system() {
    return *system_;
  }
  caf::scheduler::test_coordinator& scheduler() {
    return *scheduler_;
  }
  random_source& random() {
    return random_;
  }

  /// Nanoseconds since the world began.
  std::uint64_t now() const;
  /// Milliseconds since the Unix epoch, as a wall clock here would say.
  std::uint64_t wall_ms() const {
    return 1'700'000'000'000 + now() / 1'000'000;
  }

  /// Does something at that time; things of one time in the order of their posting.
  void at(std::uint64_t ns, std::function<void()> what);
  void after(std::uint64_t ns, std::function<void()> what) {
    at(now() + ns, std::move(what));
  }

  /// Runs until `done` holds, asked after every instant, or for `ms` at most. Returns whether it
  /// held.
  bool run(
      std::uint64_t ms, const std::function<bool()>& done = [] { return false; });

  /// Ends actors at once, whatever is in their mailboxes.
  void kill(const std::vector<caf::actor>& victims);

  /// These handle nothing for so long, and then what has gathered: a process that is stopped, or a
  /// disk that takes its time.
  void hold(const std::vector<caf::actor>& who, std::uint64_t for_ns);
  /// Somebody stands still, with mail that may be waiting.
  bool holding() const {
    return !held_.empty();
  }

  /// How many messages actors have handled.
  std::uint64_t handled() const {
    return handled_;
  }

  /// Mixes what happened into the trace.
  void trace(std::uint64_t what);
  void trace(messages::byte_view what);
  std::uint64_t trace() const {
    return trace_;
  }

private:
  struct event {
    std::uint64_t ns;
    std::uint64_t order;
    std::shared_ptr<std::function<void()>> what;
    bool operator<(const event& o) const {
      return ns != o.ns ? ns > o.ns : order > o.order;
    }
  };
  void run_jobs();
  bool park(std::size_t index);
  void release(caf::resumable* who);
  void trigger_timers(std::uint64_t until_ns);
  std::uint64_t next_timer() const;

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_;
  random_source random_;
  random_source pick_; ///< which actor runs next
  std::int64_t start_;
  std::uint64_t posted_ = 0;
  std::uint64_t handled_ = 0;
  std::unordered_map<caf::resumable*, std::uint64_t> held_; ///< until when
  std::vector<caf::resumable*> parked_;                     ///< of those, what is ready to run
  std::priority_queue<event> events_;
  std::uint64_t trace_ = 14695981039346656037ull;
};

} // namespace bourse::simulation
