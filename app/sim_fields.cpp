#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/sim_modes.hpp"
#include "app/sim_report.hpp"
#include "simulation/commit.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/simulation.hpp"

namespace bourse::app {

using nlohmann::json;

namespace {

constexpr auto parts = simulation::field_campaign::usual_parts;

json run_part(std::uint64_t seed, simulation::story* tell) {
  simulation::field_campaign campaign{(seed - 1) % parts, parts};
  auto j = simulation::to_json(simulation::run(simulation::field_plan(seed), tell, &campaign));
  j["fields"] = campaign.report();
  return j;
}

failed_run failed(const fields_options& o, const seed_result& r) {
  return {fmt::format("changed fields, seed {}", r.seed), fmt::format("fields-{}", r.seed),
          fmt::format("bourse sim --mutate-fields --seeds 1 --first-seed {}{}", r.seed,
                      timeout_of(o.range)),
          r};
}

/// What all parts came to.
struct totals {
  std::map<std::string, std::uint64_t> sums;
  std::map<std::string, std::vector<std::string>> left; ///< cases, by why
  std::vector<failed_run> failed;

  void add(const fields_options& o, const seed_result& r) {
    bool all = true;
    if (!r.outcome.is_null()) {
      const auto& f = r.outcome["fields"];
      for (const auto* name : {"cases", "sent", "nothing_to_sign", "unasked", "arrived",
                               "unreadable", "refused", "borne"})
        sums[name] += f[name].get<std::uint64_t>();
      for (const auto* why : {"missing", "unchanged"})
        for (const auto& each : f[why]) {
          left[why].push_back(each.get<std::string>());
          all = false;
        }
    }
    if (!r.passed() || !all)
      failed.push_back(app::failed(o, r));
  }
};

json to_json(const fields_options& o, totals& t) {
  return {{"commit", simulation::commit()},
          {"first_seed", o.range.first},
          {"seeds", o.range.count},
          {"parts", parts},
          {"fields", simulation::all_fields().size()},
          {"mutations", simulation::mutations},
          {"totals", t.sums},
          {"missing", t.left["missing"]},
          {"unchanged", t.left["unchanged"]},
          {"failed", app::to_json(t.failed)},
          {"passed", t.failed.empty()}};
}

void print(const fields_options& o, totals& t, const output& out) {
  out.line(fmt::format("{} fields, {} ways to change each: {} cases in {} clusters",
                       simulation::all_fields().size(), simulation::mutations, t.sums["cases"],
                       o.range.count));
  out.line(fmt::format("{} have nothing to sign anew; of the others {} were sent, {} of them as "
                       "answers that nobody had asked for",
                       t.sums["nothing_to_sign"], t.sums["sent"], t.sums["unasked"]));
  out.line(fmt::format("{} arrived: {} could not be read, {} were refused, {} were taken or of no "
                       "use",
                       t.sums["arrived"], t.sums["unreadable"], t.sums["refused"],
                       t.sums["borne"]));
  for (const auto& each : t.left["missing"])
    out.line("never arrived: " + each);
  for (const auto& each : t.left["unchanged"])
    out.line("never changed: " + each);
  out.line(t.failed.empty()
               ? out.paint(colour::green, "All parts passed.")
               : out.paint(colour::red, fmt::format("{} PARTS FAILED.", t.failed.size())));
}

} // namespace

exit_code run_fields(const fields_options& o, const output& out) {
  totals t;
  std::uint64_t runs = 0;
  {
    progress_line line{out, o.range.count, "clusters"};
    run_seeds(
        o.range, [](std::uint64_t seed) { return run_part(seed, nullptr); },
        [&](const seed_result& r) {
          t.add(o, r);
          line.passed(++runs, t.failed.size());
          return true;
        });
  }
  explain(
      t.failed,
      [](const failed_run& f, std::ostream& head, simulation::story& story) {
        head << simulation::to_json(simulation::field_plan(f.result.seed)).dump() << std::endl;
        return run_part(f.result.seed, &story);
      },
      o.folder, o.range.timeout_s, out);
  if (out.json)
    out.print(to_json(o, t));
  else
    print(o, t, out);
  return t.failed.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace bourse::app
