#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "actors/system_config.hpp"
#include "app/context.hpp"
#include "app/load_target.hpp"
#include "app/verbs.hpp"
#include "bench/load.hpp"
#include "bench/measure.hpp"
#include "bench/run_report.hpp"
#include "bench/verify_limit.hpp"

namespace bourse::app {

namespace {

struct bench_options {
  target_options target;
  bench::load_options load;
  double duration_s = 20;
  std::string page = "bourse-bench.html";
};

/// What repeats the run.
std::string command_of(const bench_options& o) {
  auto where = o.target.net.empty() ? fmt::format("--replicas {}", o.target.replicas)
                                    : "--net " + o.target.net;
  auto command = fmt::format("bourse bench {} --duration {} --orders-per-signature {} --seed {}",
                             where, o.duration_s, o.load.orders_per_signature, o.load.seed);
  if (o.load.rate > 0)
    command += fmt::format(" --rate {}", o.load.rate);
  if (o.load.in_flight > 0)
    command += fmt::format(" --in-flight {}", o.load.in_flight);
  if (o.load.presigned > 0)
    command += fmt::format(" --presign {}", o.load.presigned);
  return command;
}

void show_progress(const output& out, const bench::load_sample& s, const bench::sample& point) {
  if (out.terminal() && !out.json)
    out.err() << fmt::format(
        "\r{:6.1f} s  {:8.0f} orders/s  {:10} done  p50 {:.1f} ms  p99 {:.1f} ms ", s.at_s,
        point.orders_per_second, s.counts->orders, s.counts->finality.percentile_ms(0.5),
        s.counts->finality.percentile_ms(0.99))
              << std::flush;
}

/// Why the run counts as failed; empty if it does not.
std::string verdict_on(const bench::load_result& run, bool same_state) {
  std::vector<std::string> reasons;
  if (run.unanswered > 0)
    reasons.push_back(fmt::format("{} orders were never answered", run.unanswered));
  if (run.counts->failed > 0)
    reasons.push_back(fmt::format("{} orders failed", run.counts->failed));
  if (!same_state)
    reasons.emplace_back("the replicas' states differ");
  return fmt::format("{}", fmt::join(reasons, ", "));
}

/// The page comes last: what was measured is printed even if it can't be written.
exit_code show_report(const bench::run_report& report, const bench_options& o,
                      const load_target& target, std::string verdict, const output& out) {
  out.line(out.json ? bench::to_json(report) : bench::to_table(report));
  if (!o.page.empty()) {
    auto written = bench::write_page(report, o.page);
    if (!written)
      verdict += (verdict.empty() ? "" : ", ") + written.error().detail;
    else if (!out.json)
      out.line("Pictures: " + o.page);
  }
  if (target.kept() && !out.json)
    out.line("Data: " + target.folder().string());
  out.out().flush();
  if (verdict.empty())
    return exit_code::ok;
  out.err() << "bourse: the run failed: " << verdict << '\n';
  return exit_code::failed;
}

exit_code run_bench(bench_options o, const output& out) {
  if (!o.page.empty())
    if (auto ok = check_writable(o.page); !ok)
      return out.fail(ok.error());
  bench::run_report report;
  // First, while nothing else runs: the limit that every replica's signature checks share.
  auto rate = bench::measure_verify_rate(o.load.orders_per_signature, std::chrono::seconds(1));
  auto target = load_target::open(o.target);
  if (!target)
    return out.fail(target.error());
  auto& genesis = (*target)->genesis();
  o.load.duration = std::chrono::milliseconds(static_cast<std::int64_t>(o.duration_s * 1000));

  actors::system_config config;
  caf::actor_system system{config};
  std::optional<bench::load_sample> before;
  auto run = bench::run_load(system, genesis, (*target)->keys(), o.load,
                             [&](const bench::load_sample& s) {
                               report.samples.push_back(to_sample(s, before ? &*before : nullptr));
                               show_progress(out, s, report.samples.back());
                               before = s;
                             });
  if (out.terminal() && !out.json)
    out.err() << '\n';
  if (!run)
    return out.fail(run.error());
  if (auto* network = (*target)->temporary())
    if (auto ok = network->check(); !ok)
      return out.fail(ok.error());

  report.title = "Bourse: load on a network of " + std::to_string(genesis.size.n) + " replicas";
  report.command = command_of(o);
  report.replicas = genesis.size.n;
  report.filesystem = (*target)->filesystem().type;
  report.counts = !(*target)->filesystem().in_memory;
  report.verify_limit_per_second = rate / genesis.size.n;
  fill_report(report, *run, o.load);
  std::string state;
  bool same = bench::same_state(run->final_status, state);
  report.checks = {
      {"states of all replicas", same ? "equal" : "DIFFER: " + state},
      {"orders without an answer", std::to_string(run->unanswered)},
      {"orders refused for credit", std::to_string(run->counts->busy)},
      {"orders failed", std::to_string(run->counts->failed)
                            + (run->counts->failed ? " (" + run->counts->first_failure + ")" : "")},
  };
  return show_report(report, o, **target, verdict_on(*run, same), out);
}

} // namespace

void add_bench(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "bench", "Load a network and measure it",
                        "bourse bench --duration 60 --orders-per-signature 64 --json");
  auto o = std::make_shared<bench_options>();
  add_target_options(*verb, o->target);
  verb->add_option("--duration", o->duration_s, "Seconds of load")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--orders-per-signature", o->load.orders_per_signature,
                   "Most orders in one submission")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  verb->add_option("--rate", o->load.rate,
                   "Orders a second, sent on time whatever happens (0: as many as fit)")
      ->capture_default_str();
  verb->add_option("--in-flight", o->load.in_flight,
                   "Unanswered orders without --rate (default: 128 submissions, 2048 to 8192)");
  verb->add_option("--presign", o->load.presigned, "Orders to sign before the clock starts");
  verb->add_option("--seed", o->load.seed, "Of the made-up market")->capture_default_str();
  verb->add_option("--page", o->page, "The report page to write; empty: none")
      ->capture_default_str();
  verb->callback([o, verb, &context] {
    if (verb->get_subcommands().empty()) // those have set their own
      context.run = [o, &context] {
        return run_bench(*o, context.out);
      };
  });
  add_bench_failover(*verb, context);
}

} // namespace bourse::app
