#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/sim_modes.hpp"
#include "app/sim_report.hpp"
#include "simulation/commit.hpp"
#include "simulation/simulation.hpp"
#include "simulation/twins.hpp"

namespace bourse::app {

using nlohmann::json;

namespace {

simulation::twins_scenario scenario_of(const twins_options& o, std::uint64_t i) {
  auto all = simulation::twins_scenario::count_of(o.rounds);
  simulation::twins_scenario s;
  s.rounds = o.rounds;
  s.number = o.scenario ? *o.scenario
             : o.sample ? messages::splitmix64{o.range.first + i}.below(all)
                        : i;
  return s;
}

std::uint64_t runs_of(const twins_options& o) {
  return o.scenario ? 1 : o.sample ? o.sample : simulation::twins_scenario::count_of(o.rounds);
}

failed_run failed(const twins_options& o, seed_result r) {
  auto s = scenario_of(o, r.seed);
  r.seed = s.number;
  return {fmt::format("scenario {} ({})", s.number, s.in_words()),
          fmt::format("twins-{}-{}", s.rounds, s.number),
          fmt::format("bourse sim --twins --rounds {} --scenario {}{}", s.rounds, s.number,
                      timeout_of(o.range)),
          std::move(r)};
}

/// All of four rounds would take days, of more years.
constexpr std::uint32_t most_rounds_in_full = 3;

std::string nonsense_in(const twins_options& o) {
  auto all = simulation::twins_scenario::count_of(o.rounds);
  if (o.scenario && *o.scenario >= all)
    return fmt::format("there are {} scenarios of {} rounds: --scenario takes 0 to {}", all,
                       o.rounds, all - 1);
  if (!o.scenario && o.sample == 0 && o.rounds > most_rounds_in_full)
    return fmt::format("{} rounds make {} scenarios: say --sample or --scenario", o.rounds, all);
  return {};
}

/// What all scenarios came to.
struct totals {
  std::uint64_t runs = 0;
  std::uint64_t blocks = 0;
  std::uint64_t views = 0;
  std::uint64_t equivocating = 0; ///< in which the twins did
  double virtual_s = 0;
  std::vector<failed_run> failed;

  void add(const seed_result& r) {
    ++runs;
    if (r.outcome.is_null())
      return;
    virtual_s += r.outcome["virtual_ms"].get<double>() / 1000;
    blocks += r.outcome["blocks"].get<std::uint64_t>();
    views += r.outcome["view_changes"].get<std::uint64_t>();
    equivocating += r.outcome["two_proposals"] > 0 ? 1 : 0;
  }
};

/// Their numbers are scenarios' and no seeds.
json failures_of(const totals& t) {
  auto all = to_json(t.failed);
  for (auto& f : all) {
    f["scenario"] = f["seed"];
    f.erase("seed");
  }
  return all;
}

totals run_all(const twins_options& o, const output& out) {
  totals t;
  auto range = o.range;
  range.first = 0;
  range.count = runs_of(o);
  progress_line progress{out, range.count, "scenarios"};
  run_seeds(
      range,
      [&](std::uint64_t i) {
        return simulation::to_json(simulation::run(simulation::twins_plan(scenario_of(o, i))));
      },
      [&](const seed_result& r) {
        t.add(r);
        if (!r.passed())
          t.failed.push_back(failed(o, r));
        progress.passed(t.runs, t.failed.size());
        return true;
      });
  return t;
}

} // namespace

exit_code run_twins(const twins_options& o, const output& out) {
  if (auto problem = nonsense_in(o); !problem.empty())
    return out.refuse(problem);
  auto t = run_all(o, out);
  auto again = [&](const failed_run& f, std::ostream&, simulation::story& story) {
    auto p = simulation::twins_plan({f.result.seed, o.rounds});
    return simulation::to_json(simulation::run(p, &story));
  };
  explain(t.failed, again, o.folder, o.range.timeout_s, out);
  auto all = simulation::twins_scenario::count_of(o.rounds);
  if (out.json) {
    out.print(json{{"commit", simulation::commit()},
                   {"rounds", o.rounds},
                   {"round_ms", simulation::twins_scenario::round_ms},
                   {"scenarios", all},
                   {"run", t.runs},
                   {"virtual_s", t.virtual_s},
                   {"blocks", t.blocks},
                   {"view_changes", t.views},
                   {"equivocating", t.equivocating},
                   {"failed", failures_of(t)},
                   {"passed", t.failed.empty()}});
  } else {
    out.line(fmt::format("Twins: {} scenarios of {} rounds of {} ms, {} run, {} failed", all,
                         o.rounds, simulation::twins_scenario::round_ms, t.runs, t.failed.size()));
    out.line(fmt::format("{:.0f} virtual seconds, {} blocks, {} view changes; in {} scenarios the "
                         "twins proposed two blocks for one slot",
                         t.virtual_s, t.blocks, t.views, t.equivocating));
    out.line(t.failed.empty()
                 ? out.paint(colour::green, "All scenarios passed.")
                 : out.paint(colour::red, fmt::format("{} SCENARIOS FAILED.", t.failed.size())));
  }
  return t.failed.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace bourse::app
