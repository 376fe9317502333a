#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/system_config.hpp"
#include "app/background_load.hpp"
#include "app/context.hpp"
#include "app/failover.hpp"
#include "app/ledger_comparison.hpp"
#include "app/verbs.hpp"
#include "bench/measure.hpp"

namespace bourse::app {

using namespace messages;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct failover_options {
  target_options target;
  bench::load_options load;
  std::uint32_t kills = 20;
  std::string signal = "KILL";
};

struct check {
  std::string what;
  bool good;
  std::string how;
};

struct failover_run {
  std::vector<failover> kills;
  bench::load_result load;
  std::chrono::steady_clock::time_point load_end;
  std::uint64_t view_changes = 0;
  std::vector<check> checks;

  std::vector<double> stalls() const {
    std::vector<double> all;
    for (const auto& f : kills)
      all.push_back(stall_ms_of(f, load.all_counts->gaps, load_end));
    return all;
  }
  bool good() const {
    return std::ranges::all_of(checks, &check::good);
  }
};

strike strike_of(const std::string& signal) {
  return signal == "STOP" ? strike::stop : signal == "TERM" ? strike::terminate : strike::kill;
}

/// One that is killed comes back as soon as it is replaced; one that is stopped after everybody has
/// long gone on without it.
std::chrono::milliseconds down_at_least(strike how) {
  return how == strike::stop ? 2500ms : 500ms;
}

double median(std::vector<double> all) {
  if (all.empty())
    return 0;
  std::ranges::sort(all);
  auto half = all.size() / 2;
  return all.size() % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
}

double most(const std::vector<double>& all) {
  return all.empty() ? 0 : *std::ranges::max_element(all);
}

std::string command_of(const failover_options& o) {
  return fmt::format("bourse bench failover --kills {} --rate {} --signal {} --replicas {}",
                     o.kills, o.load.rate, o.signal, o.target.replicas);
}

void find_out(failover_run& run, load_target& target) {
  const auto& c = *run.load.all_counts;
  auto find = [&](std::string what, bool good, std::string how) {
    run.checks.push_back({std::move(what), good, std::move(how)});
  };
  find("orders lost", run.load.unanswered == 0 && c.failed == 0,
       fmt::format("{} without an answer, {} failed{}", run.load.unanswered, c.failed,
                   c.first_failure.empty() ? "" : " (" + c.first_failure + ")"));
  auto answers = c.orders + c.busy + c.failed + run.load.unanswered;
  find("answers to orders", c.sent == answers && c.orders > 0,
       fmt::format("{} orders, {} confirmed, {} refused for credit", c.sent, c.orders, c.busy));
  std::string detail;
  bool same = bench::same_state(run.load.final_status, detail);
  find("states of all replicas", same, same ? "equal: " + detail : "DIFFER: " + detail);
  find("views that began", run.view_changes >= run.kills.size(),
       fmt::format("{} for {} strikes", run.view_changes, run.kills.size()));
  auto alive = target.temporary()->check();
  find("nodes", alive.has_value(), alive ? "all run" : alive.error().detail);
  target.temporary()->stop_nodes();
  auto ledgers = compare_ledgers(*target.temporary());
  for (auto& [what, how] : ledgers.findings)
    find(what, true, how);
  find("ledgers of all replicas", ledgers.good, ledgers.good ? "sound and equal" : "see above");
  // Once each: one that is done twice, or done without the client's knowledge, is one too many.
  find("orders in the ledger", ledgers.requests == c.orders,
       fmt::format("{} executed, {} confirmed", ledgers.requests, c.orders));
}

expected<failover_run> carry_out(const failover_options& o, load_target& target,
                                 const output& out) {
  failover_run run;
  actors::system_config config;
  caf::actor_system system{config};
  auto watch = network_watch::attach(system, target);
  if (!watch)
    return tl::unexpected(watch.error());
  background_load load{system, target, o.load, [](const bench::load_sample&) {
                       }};
  if (auto counts = load.counts_after(std::chrono::steady_clock::now() + 1s); !counts)
    return tl::unexpected(load.finish().error());
  auto how = strike_of(o.signal);
  for (std::uint32_t i = 0; i < o.kills; ++i) {
    auto f = strike_primary(**watch, *target.temporary(), how, down_at_least(how),
                            [](const std::string&) {});
    if (!f)
      return tl::unexpected(f.error());
    auto counts = load.counts_after(f->at + stall_window);
    if (!counts)
      return tl::unexpected(load.finish().error());
    run.kills.push_back(*f);
    if (out.terminal() && !out.json)
      out.err() << fmt::format("\r{:3} of {}: replica {} replaced, stall {:.0f} ms, level again "
                               "{:.1f} s after its return; {} orders ",
                               i + 1, o.kills, f->victim,
                               stall_ms_of(*f, counts->gaps, counts->taken), f->catch_up_ms / 1000,
                               grouped(static_cast<std::int64_t>(counts->orders)))
                << std::flush;
  }
  if (out.terminal() && !out.json)
    out.err() << '\n';
  if (auto now = (*watch)->look(); now.leader)
    run.view_changes = now.leader->view;
  run.load_end = std::chrono::steady_clock::now();
  load.stop();
  auto result = load.finish();
  if (!result)
    return tl::unexpected(result.error());
  run.load = std::move(*result);
  return run;
}

json to_json(const failover_options& o, const load_target& target, const failover_run& run) {
  const auto& c = *run.load.all_counts;
  auto stalls = run.stalls();
  json each = json::array();
  for (std::size_t i = 0; i < run.kills.size(); ++i) {
    const auto& f = run.kills[i];
    each.push_back({{"replica", f.victim},
                    {"view_before", f.old_view},
                    {"view_after", f.new_view},
                    {"stall_ms", stalls[i]},
                    {"view_change_ms", f.view_change_ms},
                    {"why", f.why},
                    {"down_ms", f.down_ms},
                    {"catch_up_ms", f.catch_up_ms},
                    {"fetched_blocks", f.fetched_blocks}});
  }
  json checks = json::object();
  for (const auto& one : run.checks)
    checks[one.what] = {{"good", one.good}, {"found", one.how}};
  return {{"command", command_of(o)},
          {"filesystem", target.filesystem().type},
          {"replicas", target.genesis().size.n},
          {"rate", o.load.rate},
          {"signal", o.signal},
          {"kills", run.kills.size()},
          {"duration_s", run.load.duration_s},
          {"stall_ms", {{"median", median(stalls)}, {"max", most(stalls)}, {"each", stalls}}},
          {"finality_ms",
           {{"p50", c.finality.percentile_ms(0.5)},
            {"p99", c.finality.percentile_ms(0.99)},
            {"max", c.finality.max_ms()}}},
          {"view_changes", run.view_changes},
          {"orders",
           {{"sent", c.sent},
            {"confirmed", c.orders},
            {"refused_for_credit", c.busy},
            {"failed", c.failed},
            {"unanswered", run.load.unanswered}}},
          {"failovers", each},
          {"checks", checks},
          {"passed", run.good()}};
}

void print_tables(const failover_options& o, const failover_run& run, const output& out) {
  const auto& c = *run.load.all_counts;
  auto stalls = run.stalls();
  table t;
  t.column("#", align::right).column("REPLICA", align::right).column("VIEW", align::right);
  t.column("STALL ms", align::right).column("VIEW CHANGE ms", align::right);
  t.column("AWAY s", align::right).column("LEVEL AFTER ms", align::right);
  t.column("FETCHED", align::right).column("BECAUSE");
  for (std::size_t i = 0; i < run.kills.size(); ++i) {
    const auto& f = run.kills[i];
    t.row({std::to_string(i + 1), std::to_string(f.victim), std::to_string(f.new_view),
           fixed(stalls[i], 0), fixed(f.view_change_ms, 0), fixed(f.down_ms / 1000, 1),
           fixed(f.catch_up_ms, 0), std::to_string(f.fetched_blocks), f.why});
  }
  out.print(t);
  out.line(
      fmt::format("\nClients heard nothing for {:.0f} ms (median; at most {:.0f} ms) at {} times "
                  "SIG{} to the primary.",
                  median(stalls), most(stalls), run.kills.size(), o.signal));
  out.line(fmt::format("Finality from the intended send: p50 {:.1f}, p99 {:.1f}, max {:.0f} ms, at "
                       "{:.0f} orders/s for {:.0f} s.",
                       c.finality.percentile_ms(0.5), c.finality.percentile_ms(0.99),
                       c.finality.max_ms(), o.load.rate, run.load.duration_s));
  for (const auto& one : run.checks)
    out.line(fmt::format("  {:<26} {}{}", one.what, one.good ? "" : "WRONG: ", one.how));
  out.line(run.good() ? out.paint(colour::green, "All checks passed.")
                      : out.paint(colour::red, "SOME CHECKS FAILED."));
}

exit_code run_failover(failover_options o, const output& out) {
  o.load.duration = 24h; // it is told when it is enough
  auto target = load_target::open(o.target);
  if (!target)
    return out.fail(target.error());
  auto run = carry_out(o, **target, out);
  if (!run)
    return out.fail(run.error());
  find_out(*run, **target);
  if (out.json)
    out.print(to_json(o, **target, *run));
  else {
    print_tables(o, *run, out);
    if ((*target)->kept())
      out.line("Data: " + (*target)->folder().string());
  }
  return run->good() ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_bench_failover(CLI::App& bench, app_context& context) {
  auto* verb = add_verb(bench, context, "failover",
                        "Strike the primary again and again under load, and measure what clients "
                        "see of it",
                        "bourse bench failover --kills 20 --rate 5000 --signal KILL");
  auto o = std::make_shared<failover_options>();
  o->load.rate = 5000;
  o->load.orders_per_signature = 32;
  verb->add_option("--kills", o->kills, "How often")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  verb->add_option("--rate", o->load.rate, "Orders a second, sent on time whatever happens")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  verb->add_option("--signal", o->signal,
                   "KILL: it dies and is started again; STOP: it hangs for a while and goes on; "
                   "TERM: it is told to end, may hand over, and is started again")
      ->check(CLI::IsMember({"KILL", "STOP", "TERM"}))
      ->capture_default_str();
  add_replicas_option(*verb, o->target);
  verb->add_option("--orders-per-signature", o->load.orders_per_signature,
                   "Most orders in one submission")
      ->check(CLI::Range(1U, 256U))
      ->capture_default_str();
  verb->add_option("--seed", o->load.seed, "Of the made-up market")->capture_default_str();
  verb->add_flag("--keep", o->target.keep, "Leave the network's data behind");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_failover(*o, context.out);
    };
  });
}

} // namespace bourse::app
