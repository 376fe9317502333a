#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/sim_modes.hpp"
#include "simulation/commit.hpp"
#include "simulation/run.hpp"
#include "simulation/story.hpp"
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

/// With everything written down.
std::string tell(const twins_options& o, const simulation::twins_scenario& s) {
  auto name = (o.folder / fmt::format("twins-{}-{}.trace.txt", s.rounds, s.number)).string();
  seed_range once{0, 1, 1, o.range.timeout_s * 5};
  run_seeds(
      once,
      [&](std::uint64_t) {
        std::ofstream file{name};
        auto p = simulation::twins_plan(s);
        file << "bourse sim --twins, commit " << simulation::commit() << ", " << s.in_words()
             << std::endl;
        simulation::story story{file};
        return simulation::to_json(simulation::run(p, &story));
      },
      [](const seed_result&) { return true; });
  return name;
}

} // namespace

exit_code run_twins(const twins_options& o, const output& out) {
  json failed = json::array();
  std::uint64_t runs = 0, blocks = 0, views = 0, equivocating = 0;
  double virtual_s = 0;
  auto range = o.range;
  range.first = 0;
  range.count = runs_of(o);
  run_seeds(
      range,
      [&](std::uint64_t i) {
        return simulation::to_json(simulation::run(simulation::twins_plan(scenario_of(o, i))));
      },
      [&](const seed_result& r) {
        ++runs;
        auto s = scenario_of(o, r.seed);
        if (!r.outcome.is_null()) {
          virtual_s += r.outcome["virtual_ms"].get<double>() / 1000;
          blocks += r.outcome["blocks"].get<std::uint64_t>();
          views += r.outcome["view_changes"].get<std::uint64_t>();
          equivocating += r.outcome["two_proposals"] > 0 ? 1 : 0;
        }
        if (!r.passed())
          failed.push_back(
              {{"scenario", s.number},
               {"words", s.in_words()},
               {"died", r.died},
               {"violations", r.outcome.is_null() ? json::array() : r.outcome["violations"]},
               {"repeat",
                fmt::format("bourse sim --twins --rounds {} --scenario {}", s.rounds, s.number)}});
        return true;
      });
  json j{{"commit", simulation::commit()},
         {"rounds", o.rounds},
         {"round_ms", simulation::twins_scenario::round_ms},
         {"scenarios", simulation::twins_scenario::count_of(o.rounds)},
         {"run", runs},
         {"virtual_s", virtual_s},
         {"blocks", blocks},
         {"view_changes", views},
         {"equivocating", equivocating},
         {"violations", failed.size()},
         {"failed", failed}};
  for (std::size_t i = 0; i < failed.size() && i < 3; ++i) {
    auto name = tell(o, {failed[i]["scenario"].get<std::uint64_t>(), o.rounds});
    out.progress(fmt::format("{} FAILED\n  repeat: {}\n  what happened: {}",
                             failed[i]["words"].get<std::string>(),
                             failed[i]["repeat"].get<std::string>(), name));
  }
  if (out.json) {
    out.print(j);
  } else {
    out.line(fmt::format("Twins: {} scenarios of {} rounds of {} ms, {} run, {} violations",
                         j["scenarios"].get<std::uint64_t>(), o.rounds,
                         simulation::twins_scenario::round_ms, runs, failed.size()));
    out.line(fmt::format("{:.0f} virtual seconds, {} blocks, {} view changes; in {} scenarios the "
                         "twins proposed two blocks for one slot",
                         virtual_s, blocks, views, equivocating));
  }
  return failed.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace bourse::app
