#include "app/failover.hpp"

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace bourse::app {

using namespace messages;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto level_within = 60s;
constexpr auto replaced_within = 20s;
constexpr auto ready_within = 20s;

double ms_between(clock::time_point from, clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

/// True once all replicas are in one view and each has reached what was newest one look before:
/// under load the newest moves on.
class all_level {
public:
  bool operator()(const network_watch::view_of_all& v) {
    auto goal = std::exchange(goal_, v.newest);
    return goal && v.leader && std::ranges::all_of(v.replicas, [&](const replica_status& s) {
             return s.in_view && s.view == v.leader->view && s.executed >= *goal;
           });
  }

private:
  std::optional<std::uint64_t> goal_;
};

/// True once a later view has executed something.
class replaced {
public:
  explicit replaced(std::uint64_t old_view) : old_view_(old_view) {}

  bool operator()(const network_watch::view_of_all& v) {
    if (!v.leader || v.leader->view <= old_view_)
      return false;
    auto at_first = first_.value_or(v.newest);
    first_ = at_first;
    now_ = v;
    return v.newest > at_first;
  }
  const network_watch::view_of_all& now() const {
    return now_;
  }

private:
  std::uint64_t old_view_;
  std::optional<std::uint64_t> first_;
  network_watch::view_of_all now_;
};

nlohmann::json suspicions_of(const nlohmann::json& status) {
  auto at = "/parts/view_change/suspicions"_json_pointer;
  return status.is_object() && status.contains(at) && status[at].is_object()
             ? status[at]
             : nlohmann::json::object();
}

/// What one of the replicas has newly held against a primary.
std::string new_suspicion(const network_watch::view_of_all& before,
                          const network_watch::view_of_all& after) {
  for (std::size_t i = 0; i < after.status.size(); ++i) {
    auto old = suspicions_of(before.status[i]);
    auto now = suspicions_of(after.status[i]);
    for (const auto& [why, count] : now.items())
      if (!old.contains(why) || old[why] != count)
        return why;
  }
  return {};
}

error not_in_time(const std::string& what) {
  return {errc::unreachable, what + " in time"};
}

void hit(node_process& node, strike how) {
  switch (how) {
    case strike::kill:
      node.kill();
      break;
    case strike::stop:
      node.signal(SIGSTOP);
      break;
    case strike::terminate:
      node.signal(SIGTERM);
      break;
  }
}

expected<void> bring_back(node_process& node, strike how) {
  if (how == strike::stop) {
    node.signal(SIGCONT);
    return {};
  }
  if (!node.wait(ready_within))
    return tl::unexpected(not_in_time("the struck node did not end"));
  if (auto started = node.start(); !started)
    return started;
  for (auto end = clock::now() + ready_within; !node.ready(); std::this_thread::sleep_for(5ms))
    if (!node.running() || clock::now() > end)
      return fail(errc::unreachable, "the node that was started again " + node.obituary());
  return {};
}

} // namespace

expected<failover> strike_primary(network_watch& watch, temporary_network& network, strike how,
                                  std::chrono::milliseconds down_at_least, const teller& tell) {
  failover f;
  network_watch::view_of_all before;
  if (!watch.wait(level_within, [&, level = all_level{}](const auto& v) mutable {
        before = v;
        return level(v);
      }))
    return tl::unexpected(not_in_time("the replicas were not level"));
  f.victim = before.leader->leader;
  f.old_view = before.leader->view;
  auto& node = network.node(f.victim);
  f.at = clock::now();
  hit(node, how);
  tell(fmt::format("Replica {}, which leads view {}, is {}.", f.victim, f.old_view,
                   how == strike::kill   ? "killed"
                   : how == strike::stop ? "stopped"
                                         : "told to end"));

  replaced taken_over{f.old_view};
  if (!watch.wait(replaced_within, std::ref(taken_over)))
    return tl::unexpected(not_in_time("no other primary took over"));
  const auto& after = taken_over.now();
  f.new_view = after.leader->view;
  f.why = new_suspicion(before, after);
  if (auto last = last_view_change_of(after.status[after.leader->leader]))
    f.view_change_ms = last->ms;
  tell(fmt::format("Replica {} leads view {}{}.", after.leader->leader, f.new_view,
                   f.why.empty() ? "" : " (" + f.why + ")"));

  std::this_thread::sleep_until(f.at + down_at_least);
  auto back = clock::now();
  f.down_ms = ms_between(f.at, back);
  if (auto ok = bring_back(node, how); !ok)
    return tl::unexpected(ok.error());
  tell(fmt::format("Replica {} is back after {:.1f} s.", f.victim, f.down_ms / 1000));
  network_watch::view_of_all end;
  if (!watch.wait(level_within, [&, level = all_level{}](const auto& v) mutable {
        end = v;
        return level(v);
      }))
    return tl::unexpected(
        not_in_time(fmt::format("replica {} did not catch up with the others", f.victim)));
  f.catch_up_ms = ms_between(back, clock::now());
  f.fetched_blocks = end.replicas[f.victim].fetched_blocks;
  if (how == strike::stop)
    f.fetched_blocks -= std::min(f.fetched_blocks, before.replicas[f.victim].fetched_blocks);
  tell(fmt::format(
      "Replica {} is level with the others {:.0f} ms later, at block {}, having fetched "
      "{} blocks.",
      f.victim, f.catch_up_ms, end.replicas[f.victim].executed, f.fetched_blocks));
  return f;
}

double stall_ms_of(const failover& f, const bench::answer_gaps& gaps, clock::time_point load_end) {
  auto longest = gaps.longest(f.at, std::min(f.at + stall_window, load_end));
  return std::chrono::duration<double, std::milli>(longest).count();
}

} // namespace bourse::app
