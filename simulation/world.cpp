#include "simulation/world.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <caf/all.hpp>

namespace bourse::simulation {

namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

} // namespace

world::world(std::uint64_t seed) : random_(seed), pick_(seed ^ 0x5eed) {
  config_.set("scheduler.policy", caf::atom("testing"));
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  start_ = scheduler_->clock().now().time_since_epoch().count();
}

world::~world() {
  // Timers may hold the last handles of actors, and ending actors may set timers.
  while (!parked_.empty())
    release(parked_.back());
  held_.clear();
  events_ = {};
  scheduler_->clock().cancel_all();
  while (!scheduler_->jobs.empty())
    scheduler_->run_once();
  scheduler_->clock().cancel_all();
}

std::uint64_t world::now() const {
  return static_cast<std::uint64_t>(scheduler_->clock().now().time_since_epoch().count() - start_);
}

void world::at(std::uint64_t ns, std::function<void()> what) {
  events_.push({ns, posted_++, std::make_shared<std::function<void()>>(std::move(what))});
}

void world::run_jobs() {
  auto& jobs = scheduler_->jobs;
  while (!jobs.empty()) {
    auto index = pick_.below(jobs.size());
    if (!held_.empty() && park(index))
      continue;
    std::swap(jobs[0], jobs[index]);
    scheduler_->run_once();
    ++handled_;
  }
}

bool world::park(std::size_t index) {
  auto& jobs = scheduler_->jobs;
  if (!held_.contains(jobs[index]))
    return false;
  parked_.push_back(jobs[index]);
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(index));
  return true;
}

void world::release(caf::resumable* who) {
  held_.erase(who);
  auto ready = std::find(parked_.begin(), parked_.end(), who);
  if (ready == parked_.end())
    return;
  parked_.erase(ready);
  scheduler_->jobs.push_back(who);
}

namespace {

caf::resumable* job_of(const caf::actor& a) {
  return dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(a));
}

} // namespace

void world::hold(const std::vector<caf::actor>& who, std::uint64_t for_ns) {
  auto until = now() + for_ns;
  for (const auto& a : who) {
    auto& end = held_[job_of(a)];
    end = std::max(end, until);
  }
  // The handles keep the actors until then.
  at(until, [this, who] {
    for (const auto& a : who)
      if (auto i = held_.find(job_of(a)); i != held_.end() && i->second <= now())
        release(i->first);
  });
}

std::uint64_t world::next_timer() const {
  const auto& timers = scheduler_->clock().schedule();
  if (timers.empty())
    return never;
  return static_cast<std::uint64_t>(timers.begin()->first.time_since_epoch().count() - start_);
}

void world::trigger_timers(std::uint64_t until_ns) {
  do
    scheduler_->clock().trigger_timeout();
  while (next_timer() <= until_ns);
}

bool world::run(std::uint64_t ms, const std::function<bool()>& done) {
  auto end = now() + ms * 1'000'000;
  auto& clock = scheduler_->clock();
  auto set_time = [&](std::uint64_t ns) {
    if (ns > now())
      clock.current_time = caf::actor_clock::time_point{
          caf::actor_clock::duration_type{start_ + static_cast<std::int64_t>(ns)}};
  };
  for (;;) {
    run_jobs();
    if (done())
      return true;
    auto timer = next_timer();
    auto event = events_.empty() ? never : events_.top().ns;
    if (std::min(timer, event) > end) {
      set_time(end);
      return false;
    }
    if (timer <= event) {
      trigger_timers(timer);
      continue;
    }
    set_time(event);
    while (!events_.empty() && events_.top().ns <= event) {
      auto what = events_.top().what;
      events_.pop();
      (*what)();
    }
  }
}

void world::kill(const std::vector<caf::actor>& victims) {
  for (const auto& a : victims) {
    release(job_of(a));
    // At normal priority it would handle its mail first.
    caf::anon_send<caf::message_priority::high>(
        a, caf::exit_msg{a->address(), caf::exit_reason::kill});
    if (scheduler_->prioritize(a))
      scheduler_->run_once();
  }
}

void world::trace(std::uint64_t what) {
  for (int i = 0; i < 8; ++i) {
    trace_ = (trace_ ^ (what & 0xff)) * 1099511628211ull;
    what >>= 8;
  }
}

void world::trace(messages::byte_view what) {
  for (auto c : what)
    trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 1099511628211ull;
}

} // namespace bourse::simulation
