#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/sim_modes.hpp"
#include "app/sim_report.hpp"
#include "app/sim_workers.hpp"
#include "app/verbs.hpp"
#include "simulation/commit.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/simulation.hpp"

namespace bourse::app {

using nlohmann::json;

namespace {

struct sim_options {
  seed_range range;
  bool genuine = false;
  bool keep_going = false;
  bool describe = false;
  bool twins = false;
  bool fields = false;
  bool attacks = false;
  twins_options scenarios;
  std::filesystem::path folder = ".";
};

simulation::plan plan_of(const sim_options& o, std::uint64_t seed) {
  auto p = simulation::draw_plan(seed);
  if (o.genuine)
    p.signatures = messages::signature_memo::making::genuine;
  return p;
}

std::string repeat_command(const sim_options& o, std::uint64_t seed) {
  return fmt::format("bourse sim --seeds 1 --first-seed {}{}{}", seed,
                     o.genuine ? " --genuine-signatures" : "", timeout_of(o.range));
}

failed_run failed(const sim_options& o, seed_result r) {
  auto seed = r.seed;
  return {fmt::format("seed {}", seed), fmt::format("sim-{}", seed), repeat_command(o, seed),
          std::move(r)};
}

/// What all seeds came to.
struct totals {
  std::uint64_t seeds = 0;
  std::map<std::string, std::uint64_t> sums;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> lies;
  std::map<std::string, std::uint64_t> refused;
  std::uint64_t lied_to = 0; ///< seeds with a Byzantine replica
  json longest_recovery;     ///< null if no run came to its end
  std::uint64_t digest = 0;  ///< over all traces, in whatever order

  void add(const seed_result& r) {
    ++seeds;
    if (r.outcome.is_null())
      return;
    for (const auto* name :
         {"virtual_ms", "handled", "messages", "lost", "blocks", "requests", "trades", "answers",
          "votes", "steps", "view_changes", "renewals", "byzantine", "hostile_submissions"})
      sums[name] += r.outcome[name].get<std::uint64_t>();
    for (const auto& [kind, n] : r.outcome["faults"].items())
      faults[kind] += n.get<std::uint64_t>();
    for (const auto& [kind, n] : r.outcome["lies"].items())
      lies[kind] += n.get<std::uint64_t>();
    for (const auto& [what, n] : r.outcome["refused"].items())
      refused[what] += n.get<std::uint64_t>();
    lied_to += r.outcome["byzantine"].get<std::uint64_t>() > 0 ? 1 : 0;
    digest ^= std::stoull(r.outcome["trace"].get<std::string>(), nullptr, 16);
    auto ms = r.outcome["recovered_ms"].get<std::uint64_t>();
    if (longest_recovery.is_null() || ms > longest_recovery["ms"].get<std::uint64_t>())
      longest_recovery = {{"ms", ms}, {"seed", r.seed}};
  }
};

json to_json(const sim_options& o, const totals& t, const std::vector<failed_run>& failed,
             double real_s) {
  auto virtual_s
      = static_cast<double>(t.sums.contains("virtual_ms") ? t.sums.at("virtual_ms") : 0) / 1000;
  return {{"commit", simulation::commit()},
          {"first_seed", o.range.first},
          {"seeds", t.seeds},
          {"jobs", o.range.jobs},
          {"signatures", o.genuine ? "genuine" : "stand-in"},
          {"virtual_s", virtual_s},
          {"real_s", real_s},
          {"virtual_to_real", real_s > 0 ? virtual_s / real_s : 0},
          {"totals", t.sums},
          {"faults", t.faults},
          {"lies", t.lies},
          {"refused", t.refused},
          {"seeds_with_byzantine", t.lied_to},
          {"longest_recovery", t.longest_recovery},
          {"traces", fmt::format("{:016x}", t.digest)},
          {"failed", to_json(failed)},
          {"passed", failed.empty()}};
}

void print(const json& j, const output& out) {
  auto count = [&](const char* name) {
    return grouped(j["totals"].value(name, std::int64_t{0}));
  };
  out.line(fmt::format("{} seeds from {}, commit {}, {} signatures, {} at a time",
                       j["seeds"].get<std::uint64_t>(), j["first_seed"].get<std::uint64_t>(),
                       j["commit"].get<std::string>(), j["signatures"].get<std::string>(),
                       j["jobs"].get<std::uint32_t>()));
  out.line(fmt::format("{:.0f} virtual seconds in {:.1f}: {:.0f} times as fast",
                       j["virtual_s"].get<double>(), j["real_s"].get<double>(),
                       j["virtual_to_real"].get<double>()));
  out.line(fmt::format("{} messages between replicas, {} lost; {} handled by actors",
                       count("messages"), count("lost"), count("handled")));
  out.line(fmt::format("{} blocks, {} requests, {} trades, {} answers to questions, {} votes; "
                       "{} steps held against the specification",
                       count("blocks"), count("requests"), count("trades"), count("answers"),
                       count("votes"), count("steps")));
  auto line
      = fmt::format("{} view changes, {} states fetched", count("view_changes"), count("renewals"));
  if (const auto& longest = j["longest_recovery"]; !longest.is_null())
    line += fmt::format("; longest recovery {:.1f} s (seed {})", longest["ms"].get<double>() / 1000,
                        longest["seed"].get<std::uint64_t>());
  out.line(line);
  out.line(fmt::format("{} Byzantine replicas in {} seeds; {} messages of hostile clients",
                       count("byzantine"), j["seeds_with_byzantine"].get<std::uint64_t>(),
                       count("hostile_submissions")));
  auto print_counts = [&](const char* title, const json& counts) {
    table t;
    t.column(title).column("TIMES", align::right);
    for (const auto& [kind, n] : counts.items())
      t.row({kind, grouped(n.get<std::int64_t>())});
    if (t.rows() > 0)
      out.print(t);
  };
  print_counts("FAULT", j["faults"]);
  print_counts("LIE", j["lies"]);
  print_counts("REFUSED", j["refused"]);
  out.line(j["passed"].get<bool>()
               ? out.paint(colour::green, "All seeds passed.")
               : out.paint(colour::red, fmt::format("{} SEEDS FAILED.", j["failed"].size())));
}

exit_code describe(const sim_options& o, const output& out) {
  auto plans = json::array();
  for (std::uint64_t i = 0; i < o.range.count; ++i)
    plans.push_back(simulation::to_json(plan_of(o, o.range.first + i)));
  out.print(o.range.count == 1 ? plans.front() : plans);
  return exit_code::ok;
}

exit_code run_sim(const sim_options& o, const output& out) {
  totals t;
  std::vector<failed_run> failures;
  double real_s = 0;
  {
    progress_line progress{out, o.range.count, "seeds"};
    run_seeds(
        o.range,
        [&](std::uint64_t seed) { return simulation::to_json(simulation::run(plan_of(o, seed))); },
        [&](const seed_result& r) {
          t.add(r);
          if (!r.passed())
            failures.push_back(failed(o, r));
          progress.passed(t.seeds, failures.size());
          return failures.empty() || o.keep_going;
        });
    real_s = progress.seconds();
  }
  auto again = [&](const failed_run& f, std::ostream& head, simulation::story& story) {
    auto p = plan_of(o, f.result.seed);
    head << simulation::to_json(p).dump() << std::endl;
    return simulation::to_json(simulation::run(p, &story));
  };
  explain(failures, again, o.folder, o.range.timeout_s, out);
  auto j = to_json(o, t, failures, real_s);
  if (out.json)
    out.print(j);
  else
    print(j, out);
  return failures.empty() ? exit_code::ok : exit_code::failed;
}

/// What a mode does if nothing is said about `--seeds`.
void default_seeds(sim_options& o) {
  o.range.count = o.fields ? simulation::field_campaign::usual_parts : o.describe ? 1 : 100;
}

exit_code run_mode(const sim_options& o, const output& out) {
  if (o.range.count - 1 > std::numeric_limits<std::uint64_t>::max() - o.range.first)
    return out.refuse(fmt::format("there are no {} seeds from {} on: the last is {}", o.range.count,
                                  o.range.first, std::numeric_limits<std::uint64_t>::max()));
  if (o.attacks)
    return run_attacks({o.range}, out);
  if (o.fields)
    return run_fields({o.range, o.folder}, out);
  if (o.twins) {
    auto scenarios = o.scenarios;
    scenarios.range = o.range;
    scenarios.folder = o.folder;
    return run_twins(scenarios, out);
  }
  return o.describe ? describe(o, out) : run_sim(o, out);
}

/// Which CLI11 would take for one near 2^64.
std::string not_negative(const std::string& number) {
  return number.starts_with('-') ? "must not be below 0" : "";
}

} // namespace

void add_sim(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "sim",
                        "Simulate whole clusters with faults, each drawn from a seed, and check "
                        "every step",
                        "bourse sim --seeds 1000 --first-seed 1 --json");
  auto o = std::make_shared<sim_options>();
  o->range.jobs = std::max(1u, std::thread::hardware_concurrency());
  auto* seeds = verb->add_option("--seeds", o->range.count, "How many (100; 1 to describe)");
  seeds->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  verb->add_option("--first-seed", o->range.first, "They ascend from this one")
      ->check(not_negative)
      ->capture_default_str();
  verb->add_option("--jobs", o->range.jobs, "So many at a time")
      ->check(CLI::Range(1u, 1024u))
      ->capture_default_str();
  verb->add_option("--timeout", o->range.timeout_s, "Seconds of real time that a seed may take")
      ->check(CLI::Range(1u, 86'400u))
      ->capture_default_str();
  auto* genuine = verb->add_flag("--genuine-signatures", o->genuine,
                                 "Ed25519 instead of hashes that stand in for it: slower");
  auto* keep_going
      = verb->add_flag("--keep-going", o->keep_going, "Do not stop at the first seed that fails");
  auto* describe
      = verb->add_flag("--describe", o->describe, "Only print what each seed stands for");
  auto* traces
      = verb->add_option("--traces", o->folder, "Folder for what is written about seeds that fail")
            ->check(CLI::ExistingDirectory)
            ->capture_default_str();
  auto* twins
      = verb->add_flag("--twins", o->twins,
                       "Instead: one of four replicas runs twice, with one key, through all "
                       "scenarios of so many rounds");
  verb->add_option("--rounds", o->scenarios.rounds, "Of a scenario")
      ->needs(twins)
      ->check(CLI::Range(1u, 10u))
      ->capture_default_str();
  auto* sample = verb->add_option("--sample", o->scenarios.sample,
                                  "So many scenarios, drawn from the first seed")
                     ->needs(twins)
                     ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  verb->add_option("--scenario", o->scenarios.scenario, "Only this one, by its number")
      ->needs(twins)
      ->check(not_negative)
      ->excludes(sample);
  auto* fields
      = verb->add_flag("--mutate-fields", o->fields,
                       "Instead: every field of every message, changed in every way; each of 64 "
                       "seeds has its part")
            ->excludes(twins);
  auto* attacks
      = verb->add_flag("--attacks", o->attacks,
                       "Instead: attacks on the order by a primary, replicas and clients that "
                       "collude, with fair order and without: bourse sim --attacks --seeds 1000")
            ->excludes(twins)
            ->excludes(fields);
  // What these modes have no use for is a mistake.
  twins->excludes(seeds);
  attacks->excludes(traces);
  for (auto* mode : {twins, fields, attacks})
    for (auto* other : {genuine, keep_going, describe})
      mode->excludes(other);
  verb->callback([o, verb, &context] {
    context.run = [o, verb, &context] {
      if (verb->count("--seeds") == 0)
        default_seeds(*o);
      return run_mode(*o, context.out);
    };
  });
}

} // namespace bourse::app
