#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/sim_modes.hpp"
#include "simulation/commit.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/run.hpp"

namespace bourse::app {

using nlohmann::json;

exit_code run_fields(const fields_options& o, const output& out) {
  json failed = json::array();
  json missing = json::array();
  std::map<std::string, std::uint64_t> sums;
  run_seeds(
      o.range,
      [&](std::uint64_t seed) {
        simulation::field_campaign campaign{seed - o.range.first, o.range.count};
        auto j = simulation::to_json(
            simulation::run(simulation::field_plan(seed), nullptr, &campaign));
        j["fields"] = campaign.report();
        return j;
      },
      [&](const seed_result& r) {
        if (!r.passed())
          failed.push_back(
              {{"seed", r.seed},
               {"died", r.died},
               {"violations", r.outcome.is_null() ? json::array() : r.outcome["violations"]}});
        if (r.outcome.is_null())
          return true;
        const auto& f = r.outcome["fields"];
        for (const auto* name : {"cases", "sent", "arrived", "unreadable", "refused", "borne"})
          sums[name] += f[name].get<std::uint64_t>();
        for (const auto& each : f["missing"])
          missing.push_back(each);
        return true;
      });
  bool good = failed.empty() && missing.empty();
  json j{{"commit", simulation::commit()},
         {"first_seed", o.range.first},
         {"seeds", o.range.count},
         {"fields", simulation::all_fields().size()},
         {"mutations", simulation::mutations},
         {"totals", sums},
         {"missing", missing},
         {"failed", failed},
         {"passed", good}};
  if (out.json) {
    out.print(j);
    return good ? exit_code::ok : exit_code::failed;
  }
  out.line(fmt::format("{} fields, {} ways to change each: {} cases, {} sent in {} clusters",
                       simulation::all_fields().size(), simulation::mutations, sums["cases"],
                       sums["sent"], o.range.count));
  out.line(fmt::format("{} arrived: {} could not be read, {} were refused, {} were taken or of no "
                       "use",
                       sums["arrived"], sums["unreadable"], sums["refused"], sums["borne"]));
  for (const auto& each : missing)
    out.line("never sent: " + each.get<std::string>());
  for (const auto& each : failed)
    out.line("FAILED: " + each.dump());
  return good ? exit_code::ok : exit_code::failed;
}

} // namespace bourse::app
