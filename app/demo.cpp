#include <iostream>
#include <mutex>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/system_config.hpp"
#include "app/context.hpp"
#include "app/demo_failure.hpp"
#include "app/ledger_comparison.hpp"
#include "app/load_target.hpp"
#include "app/network_status.hpp"
#include "app/replay_reference.hpp"
#include "app/replay_run.hpp"
#include "app/verbs.hpp"
#include "bench/load.hpp"
#include "bench/measure.hpp"
#include "bench/run_report.hpp"
#include "bench/verify_limit.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct demo_options {
  double seconds = 15; // with start and audit the demo takes about 20
  std::uint64_t seed = 2015;
  std::string replay;
  std::string page = "bourse-demo.html";
  bool remove = false;
};

/// A line about the run so far; on a terminal it is drawn over the one before.
void show(const output& out, const bench::load_sample& s, const bench::sample& point,
          const market::rules& rules) {
  auto& shown = rules.instruments.front();
  auto price_text = [&shown](std::int64_t ticks) {
    return ticks == 0 ? std::string{"-"} : config::to_text(price{ticks}, shown);
  };
  auto line
      = fmt::format("{:5.1f} s  {:7.0f} orders/s  {:9} final  p50 {:5.1f} ms  p99 {:6.1f} ms  "
                    "{} {} / {}",
                    s.at_s, point.orders_per_second, s.counts->orders,
                    s.counts->finality.percentile_ms(0.5), s.counts->finality.percentile_ms(0.99),
                    shown.name, price_text(point.best_bid), price_text(point.best_ask));
  if (out.terminal() && !out.json)
    out.out() << '\r' << line << std::flush;
  else if (static_cast<int>(s.at_s * 2) % 4 == 0)
    out.progress(line);
}

/// Stops the nodes and audits what each has written; false if anything is wrong.
bool check_ledgers(load_target& target, bench::run_report& report, const output& out) {
  out.progress("Stopping the nodes and auditing their ledgers...");
  target.temporary()->stop_nodes();
  auto all = compare_ledgers(*target.temporary());
  report.checks.insert(report.checks.end(), all.findings.begin(), all.findings.end());
  return all.good;
}

expected<bool> run_market(const demo_options& o, load_target& target, bench::run_report& report,
                          const output& out) {
  bench::load_options load;
  load.seed = o.seed;
  load.duration = std::chrono::milliseconds(static_cast<std::int64_t>(o.seconds * 1000));
  load.rate = 8000; // leaves room on two cores, so that the times shown are those of a usual day
  load.orders_per_signature = 32;
  load.liquidations = true;
  actors::system_config config;
  caf::actor_system system{config};
  std::optional<bench::load_sample> before;
  std::mutex talk; // of the load and of the failure, in two threads
  background_load run{system, target, load, [&](const bench::load_sample& s) {
                        std::lock_guard guard{talk};
                        auto point = to_sample(s, before ? &*before : nullptr);
                        report.samples.push_back(point);
                        show(out, s, point, target.genesis().market);
                        before = s;
                      }};
  std::optional<expected<failover>> failure;
  if (o.seconds >= shortest_with_failure_s)
    failure = kill_in_the_middle(system, target, run, load.duration, [&](const std::string& text) {
      std::lock_guard guard{talk};
      out.progress((out.terminal() && !out.json ? "\n   " : "   ") + text);
    });
  auto result = run.finish();
  if (out.terminal() && !out.json)
    out.line("");
  if (!result)
    return tl::unexpected(result.error());
  fill_report(report, *result, load);
  auto& counts = *result->all_counts;
  report.checks.emplace_back("orders without an answer", std::to_string(result->unanswered));
  report.checks.emplace_back("orders failed", std::to_string(counts.failed));
  std::string state;
  bool same = bench::same_state(result->final_status, state);
  report.checks.emplace_back("states of all replicas", same ? "equal" : "DIFFER: " + state);
  bool good = result->unanswered == 0 && counts.failed == 0 && counts.orders > 0 && same;
  if (failure)
    good = report_failure(report, *failure, *result) && good;
  return good;
}

expected<bool> run_flow(const demo_options& o, load_target& target, bench::run_report& report,
                        const output& out) {
  replay_options run;
  run.file = o.replay;
  auto& rules = target.genesis().market;
  auto roles = find_replay_roles(rules, run.instrument);
  if (!roles)
    return tl::unexpected(roles.error());
  auto& instrument = rules.instruments[roles->instrument.value()];
  auto yardstick = order_flow::open(run.file, instrument);
  auto flow = order_flow::open(run.file, instrument);
  if (!yardstick || !flow)
    return tl::unexpected(yardstick ? flow.error() : yardstick.error());
  auto reference = run_reference(*yardstick, rules, *roles);
  if (!reference)
    return tl::unexpected(reference.error());
  actors::system_config config;
  caf::actor_system system{config};
  actors::question status{query_kind::status, 0, 0, {}, actors::trust::each, 0};
  actors::question timeline{query_kind::timeline, 0, 512, {}, actors::trust::each, 0};
  bench::load_result measured;
  measured.first.status = ask_each(system, target, roles->client, status);
  std::uint64_t shown = 0;
  auto outcome = run_replay(system, target, *flow, *roles, run, [&](const replay_progress& p) {
    if (p.answered >= shown + 5000) {
      shown = p.answered;
      out.progress(
          fmt::format("{:6} of {} instructions executed", p.answered, reference->instructions()));
    }
  });
  if (!outcome)
    return tl::unexpected(outcome.error());
  measured.last.status = ask_each(system, target, roles->client, status);
  measured.timeline = ask_each(system, target, roles->client, timeline);
  measured.duration_s = outcome->seconds;
  auto counts = std::make_shared<bench::load_counts>();
  counts->orders = reference->instructions();
  counts->finality = outcome->finality;
  measured.counts = counts;
  fill_report(report, measured, {});
  auto differs = difference(outcome->record, *reference);
  report.checks.emplace_back("against a single book",
                             differs.empty() ? "every trade and fill is equal" : differs);
  std::string state;
  auto same = same_states(system, target, roles->client, state);
  report.checks.emplace_back("states of all replicas", same ? "equal" : "DIFFER: " + state);
  return differs.empty() && same;
}

/// Prints what was measured, writes the page, and says how it all ended.
exit_code finish(const bench::run_report& report, const demo_options& o, const load_target& target,
                 bool good, const output& out) {
  if (!out.json)
    out.line("\n" + bench::to_table(report));
  auto written = bench::write_page(report, o.page);
  if (out.json) {
    auto all = nlohmann::json::parse(bench::to_json(report));
    if (written)
      all["page"] = o.page;
    if (target.kept())
      all["data"] = target.folder().string();
    all["passed"] = good;
    out.print(all);
  } else {
    if (written)
      out.line("Pictures: " + o.page);
    if (target.kept())
      out.line("Data: " + target.folder().string());
    out.line(good ? "All checks passed." : "SOME CHECKS FAILED.");
  }
  if (!written)
    out.err() << "bourse: " << written.error().detail << '\n';
  return good && written ? exit_code::ok : exit_code::failed;
}

/// What repeats the run.
std::string command_of(const demo_options& o) {
  return o.replay.empty() ? fmt::format("bourse demo --seconds {} --seed {}", o.seconds, o.seed)
                          : "bourse demo --replay " + o.replay;
}

exit_code run_demo(const demo_options& o, const output& out) {
  // Before any node is started.
  if (auto ok = check_writable(o.page); !ok)
    return out.fail(ok.error());
  if (!o.replay.empty())
    if (auto file = line_reader::open(o.replay); !file)
      return out.fail(file.error());
  bench::run_report report;
  auto rate = bench::measure_verify_rate(32, std::chrono::milliseconds(300));
  target_options where;
  where.keep = !o.remove;
  out.progress("Starting four replicas as processes of their own...");
  auto target = load_target::open(where);
  if (!target)
    return out.fail(target.error());
  report.title = "Bourse: four replicas, one exchange";
  report.command = command_of(o);
  report.replicas = (*target)->genesis().size.n;
  report.filesystem = (*target)->filesystem().type;
  report.counts = !(*target)->filesystem().in_memory;
  report.verify_limit_per_second = rate / report.replicas;
  auto ran = o.replay.empty() ? run_market(o, **target, report, out)
                              : run_flow(o, **target, report, out);
  if (ran)
    if (auto ok = (*target)->temporary()->check(); !ok)
      ran = tl::unexpected(ok.error());
  if (!ran) {
    (*target)->discard();
    return out.fail(ran.error());
  }
  bool good = check_ledgers(**target, report, out) && *ran;
  return finish(report, o, **target, good, out);
}

} // namespace

void add_demo(CLI::App& app, app_context& context) {
  auto* verb
      = add_verb(app, context, "demo",
                 "Run a whole exchange on this machine for some seconds, kill its primary, and "
                 "check it",
                 "bourse demo --seconds 15");
  auto o = std::make_shared<demo_options>();
  verb->add_option(
          "--seconds", o->seconds,
          "How long the made-up market trades; from 6 on, the primary is killed on the way")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--seed", o->seed, "Of the made-up market")->capture_default_str();
  verb->add_option("--replay", o->replay, "Recorded order flow to use instead of it");
  verb->add_option("--page", o->page, "The report page to write")->capture_default_str();
  verb->add_flag("--remove", o->remove, "Remove the data at the end");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_demo(*o, context.out);
    };
  });
}

} // namespace bourse::app
