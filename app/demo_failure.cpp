#include "app/demo_failure.hpp"

#include <thread>

#include <fmt/format.h>

namespace bourse::app {

using namespace messages;
using namespace std::chrono_literals;

namespace {

/// Long enough to miss some blocks.
constexpr auto down_at_least = 2000ms;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

} // namespace

expected<failover> kill_in_the_middle(caf::actor_system& system, load_target& target,
                                      background_load& load, std::chrono::milliseconds duration,
                                      const teller& tell) {
  auto watch = network_watch::attach(system, target);
  if (!watch)
    return tl::unexpected(watch.error());
  load.counts_after(std::chrono::steady_clock::now()); // it has begun
  std::this_thread::sleep_for(duration / 3);
  return strike_primary(**watch, *target.temporary(), strike::kill, down_at_least, tell);
}

bool report_failure(bench::run_report& report, const expected<failover>& f,
                    const bench::load_result& run) {
  if (!f) {
    report.checks.emplace_back("killing the primary", "FAILED: " + f.error().detail);
    return false;
  }
  auto load_end = run.start
                  + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(run.duration_s));
  auto stall_ms = stall_ms_of(*f, run.all_counts->gaps, load_end);
  bench::failure_mark mark;
  mark.replica = f->victim;
  mark.at_s = seconds_between(run.start, f->at);
  mark.back_at_s = mark.at_s + f->down_ms / 1000;
  mark.view = f->new_view;
  mark.stall_ms = stall_ms;
  mark.view_change_ms = f->view_change_ms;
  mark.why = f->why;
  mark.catch_up_ms = f->catch_up_ms;
  mark.fetched_blocks = f->fetched_blocks;
  report.failures.push_back(mark);
  auto in_time = stall_ms < static_cast<double>(longest_stall.count());
  report.checks.emplace_back(
      "pause when the primary was killed",
      fmt::format("{:.0f} ms, view change in {:.0f} ms: {} {} ms", stall_ms, f->view_change_ms,
                  in_time ? "less than" : "TOO LONG, more than", longest_stall.count()));
  report.checks.emplace_back(fmt::format("replica {} after its restart", f->victim),
                             fmt::format("level in {:.0f} ms, having fetched {} blocks",
                                         f->catch_up_ms, f->fetched_blocks));
  return in_time;
}

} // namespace bourse::app
