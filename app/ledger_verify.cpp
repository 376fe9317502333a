#include "app/ledger_verify.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ledger_place.hpp"
#include "app/progress_line.hpp"
#include "config/decimal.hpp"
#include "config/genesis.hpp"

namespace bourse::app {

using namespace messages;

namespace {

nlohmann::json to_json(const storage::audit_report& r, const ledger_place& place,
                       const config::genesis& g) {
  nlohmann::json supply = nlohmann::json::object();
  for (std::size_t i = 0; i < r.supply.size() && i < g.market.assets.size(); ++i)
    supply[g.market.assets[i].name] = config::to_text(r.supply[i], g.market.assets[i]);
  nlohmann::json json{{"ledger", place.database.string()},
                      {"good", !r.problem},
                      {"replica", r.replica.value()},
                      {"first", r.first.value()},
                      {"base", r.base.value()},
                      {"executed", r.executed.value()},
                      {"blocks", r.blocks},
                      {"submissions", r.submissions},
                      {"requests", r.requests},
                      {"reports", r.reports},
                      {"trades", r.trades},
                      {"signatures", r.signatures},
                      {"stable", r.stable.value()},
                      {"chain", to_hex(r.chain.view())},
                      {"state", to_hex(r.state.view())},
                      {"unfinished", r.without_results + r.not_executable},
                      {"supply", supply}};
  if (r.problem)
    json["problem"] = {{"block", r.problem->block.value()}, {"what", r.problem->what}};
  return json;
}

std::string base_text(const storage::audit_report& r) {
  if (r.base == sequence_number{0})
    return "the genesis";
  return fmt::format("the state after block {}, which a quorum signed", r.base.value());
}

void print_for_people(const storage::audit_report& r, const ledger_place& place,
                      const config::genesis& g, const output& out) {
  if (r.problem)
    out.line(fmt::format("{} {}: block {}: {}", out.paint(colour::red, "bad"),
                         place.database.string(), r.problem->block.value(), r.problem->what));
  else
    out.line(fmt::format("{} {}", out.paint(colour::green, "good"), place.database.string()));
  out.line(fmt::format("  replica {}, blocks {} to {}, executed again from {}", r.replica.value(),
                       r.first.value(), r.executed.value(), base_text(r)));
  out.line(fmt::format(
      "  {} submissions, {} requests, {} reports, {} trades, {} signatures checked",
      grouped(static_cast<std::int64_t>(r.submissions)),
      grouped(static_cast<std::int64_t>(r.requests)), grouped(static_cast<std::int64_t>(r.reports)),
      grouped(static_cast<std::int64_t>(r.trades)),
      grouped(static_cast<std::int64_t>(r.signatures))));
  if (auto open = r.without_results + r.not_executable; open > 0)
    out.line(fmt::format("  the newest {} blocks were not executed yet, which is usual", open));
  out.line(fmt::format("  state {}", to_hex(r.state.view())));
  std::string supply;
  for (std::size_t i = 0; i < r.supply.size() && i < g.market.assets.size(); ++i)
    supply
        += fmt::format("{}{} {}", i == 0 ? "" : ", ",
                       config::to_text(r.supply[i], g.market.assets[i]), g.market.assets[i].name);
  out.line("  all accounts together own " + supply);
}

expected<storage::audit_report> verify(const ledger_place& place, const config::genesis& g,
                                       const output& out) {
  auto store = open_ledger(place);
  if (!store)
    return tl::unexpected(store.error());
  progress_line line{out};
  storage::audit_options options;
  options.progress = [&line](const storage::audit_progress& p) {
    line.draw(p);
  };
  return storage::verify_ledger(**store, believed(g), options);
}

} // namespace

exit_code verify_ledgers(const ledger_verify_options& o, const output& out) {
  auto places = find_ledgers(o.directory, o.genesis);
  if (!places)
    return out.fail(places.error());
  auto code = exit_code::ok;
  nlohmann::json all = nlohmann::json::array();
  for (const auto& place : *places) {
    auto g = load_genesis_of(place);
    if (!g)
      return out.fail(g.error());
    auto report = verify(place, *g, out);
    if (!report || report->problem)
      code = exit_code::failed;
    // A ledger that can't be read does not keep the others from being checked.
    if (!report && out.json)
      all.push_back({{"ledger", place.database.string()},
                     {"good", false},
                     {"problem",
                      {{"code", to_string(report.error().code)},
                       {"what", named(place, report.error()).detail}}}});
    else if (!report)
      out.line(
          fmt::format("{} {}", out.paint(colour::red, "bad"), named(place, report.error()).detail));
    else if (out.json)
      all.push_back(to_json(*report, place, *g));
    else
      print_for_people(*report, place, *g, out);
  }
  if (out.json)
    out.print(all);
  return code;
}

} // namespace bourse::app
