#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/sim_modes.hpp"
#include "app/sim_workers.hpp"
#include "app/verbs.hpp"
#include "simulation/commit.hpp"
#include "simulation/run.hpp"
#include "simulation/story.hpp"

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
  return fmt::format("bourse sim --seeds 1 --first-seed {}{}", seed,
                     o.genuine ? " --genuine-signatures" : "");
}

/// What all seeds came to.
struct totals {
  std::uint64_t seeds = 0;
  std::map<std::string, std::uint64_t> sums;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> lies;
  std::map<std::string, std::uint64_t> refused;
  std::uint64_t lied_to = 0; ///< seeds with a Byzantine replica
  std::uint64_t longest_recovery_ms = 0;
  std::uint64_t longest_recovery_seed = 0;
  std::uint64_t digest = 0; ///< over all traces, in whatever order
  std::vector<seed_result> failed;

  void add(const seed_result& r) {
    ++seeds;
    if (!r.passed())
      failed.push_back(r);
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
    if (auto ms = r.outcome["recovered_ms"].get<std::uint64_t>(); ms > longest_recovery_ms) {
      longest_recovery_ms = ms;
      longest_recovery_seed = r.seed;
    }
  }
};

json to_json(const sim_options& o, const totals& t, double real_s) {
  json failed = json::array();
  for (const auto& f : t.failed)
    failed.push_back({{"seed", f.seed},
                      {"died", f.died},
                      {"violations", f.outcome.is_null() ? json::array() : f.outcome["violations"]},
                      {"repeat", repeat_command(o, f.seed)}});
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
          {"longest_recovery", {{"ms", t.longest_recovery_ms}, {"seed", t.longest_recovery_seed}}},
          {"traces", fmt::format("{:016x}", t.digest)},
          {"failed", failed},
          {"passed", t.failed.empty()}};
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
  out.line(fmt::format("{} view changes, {} states fetched; longest recovery {:.1f} s (seed {})",
                       count("view_changes"), count("renewals"),
                       static_cast<double>(j["longest_recovery"]["ms"].get<std::uint64_t>()) / 1000,
                       j["longest_recovery"]["seed"].get<std::uint64_t>()));
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

/// Runs it again, in a process of its own, and writes what happened.
void tell_story(const sim_options& o, std::uint64_t seed) {
  auto name = (o.folder / fmt::format("sim-{}.trace.txt", seed)).string();
  seed_range once = o.range;
  once.first = seed;
  once.count = once.jobs = 1;
  once.timeout_s *= 5;
  run_seeds(
      once,
      [&](std::uint64_t s) {
        std::ofstream file{name};
        auto p = plan_of(o, s);
        file << "bourse sim, commit " << simulation::commit() << ", seed " << s << '\n'
             << simulation::to_json(p).dump() << std::endl;
        simulation::story story{file};
        return simulation::to_json(simulation::run(p, &story));
      },
      [](const seed_result&) { return true; });
  std::ifstream lines{name};
  std::ofstream diagram{o.folder / fmt::format("sim-{}.mmd", seed)};
  diagram << simulation::diagram_of(lines);
}

void explain(const sim_options& o, const seed_result& r, const output& out) {
  auto say = [&](const std::string& text) {
    out.progress(text);
  };
  say(fmt::format("seed {} FAILED at commit {}", r.seed, simulation::commit()));
  if (!r.died.empty())
    say("  the process " + r.died);
  else
    for (const auto& v : r.outcome["violations"])
      say(fmt::format("  {:.3f} s, {}: {}", v["at_ms"].get<double>() / 1000,
                      v["rule"].get<std::string>(), v["what"].get<std::string>()));
  say("  repeat: " + repeat_command(o, r.seed));
  tell_story(o, r.seed);
  say(fmt::format("  what happened: {}, as a diagram: {}",
                  (o.folder / fmt::format("sim-{}.trace.txt", r.seed)).string(),
                  (o.folder / fmt::format("sim-{}.mmd", r.seed)).string()));
}

exit_code run_sim(const sim_options& o, const output& out) {
  if (o.describe) {
    for (std::uint64_t i = 0; i < o.range.count; ++i)
      out.print(simulation::to_json(plan_of(o, o.range.first + i)));
    return exit_code::ok;
  }
  totals t;
  auto begin = std::chrono::steady_clock::now();
  auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  std::vector<seed_result> to_explain;
  run_seeds(
      o.range,
      [&](std::uint64_t seed) { return simulation::to_json(simulation::run(plan_of(o, seed))); },
      [&](const seed_result& r) {
        t.add(r);
        if (out.terminal() && !out.json)
          out.err() << fmt::format("\r{} of {} seeds, {} failed, {:.0f} s ", t.seeds, o.range.count,
                                   t.failed.size(), elapsed())
                    << std::flush;
        return t.failed.empty() || o.keep_going;
      });
  auto real_s = elapsed();
  if (out.terminal() && !out.json)
    out.err() << '\n';
  for (std::size_t i = 0; i < t.failed.size() && i < 3; ++i)
    explain(o, t.failed[i], out);
  auto j = to_json(o, t, real_s);
  if (out.json)
    out.print(j);
  else
    print(j, out);
  return t.failed.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_sim(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "sim",
                        "Simulate whole clusters with faults, each drawn from a seed, and check "
                        "every step",
                        "bourse sim --seeds 1000 --first-seed 1 --json");
  auto o = std::make_shared<sim_options>();
  o->range.count = 100;
  o->range.jobs = std::max(1u, std::thread::hardware_concurrency());
  verb->add_option("--seeds", o->range.count, "How many")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  verb->add_option("--first-seed", o->range.first, "They ascend from this one")
      ->capture_default_str();
  verb->add_option("--jobs", o->range.jobs, "So many at a time")
      ->check(CLI::Range(1u, 1024u))
      ->capture_default_str();
  verb->add_option("--timeout", o->range.timeout_s, "Seconds of real time that a seed may take")
      ->check(CLI::Range(1u, 86'400u))
      ->capture_default_str();
  verb->add_flag("--genuine-signatures", o->genuine,
                 "Ed25519 instead of hashes that stand in for it: slower");
  verb->add_flag("--keep-going", o->keep_going, "Do not stop at the first seed that fails");
  verb->add_flag("--describe", o->describe, "Only print what each seed stands for");
  verb->add_option("--traces", o->folder, "Folder for what is written about seeds that fail")
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
  verb->add_option("--sample", o->scenarios.sample, "So many scenarios, drawn from the first seed")
      ->needs(twins)
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  verb->add_option("--scenario", o->scenarios.scenario, "Only this one, by its number")
      ->needs(twins);
  verb->add_flag("--mutate-fields", o->fields,
                 "Instead: every field of every message, changed in every way, shared out over the "
                 "seeds (64)")
      ->excludes(twins);
  verb->callback([o, verb, &context] {
    context.run = [o, verb, &context] {
      if (o->fields) {
        if (verb->count("--seeds") == 0)
          o->range.count = 64;
        return run_fields({o->range}, context.out);
      }
      if (o->twins) {
        o->scenarios.range = o->range;
        o->scenarios.folder = o->folder;
        return run_twins(o->scenarios, context.out);
      }
      return run_sim(*o, context.out);
    };
  });
}

} // namespace bourse::app
