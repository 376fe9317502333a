// `bourse conformance`: traces of real nodes, held against the specification.
#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/mapped_file.hpp"
#include "app/context.hpp"
#include "app/verbs.hpp"
#include "config/load.hpp"
#include "conformance/check.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct conformance_options {
  std::vector<std::string> files;
  std::string genesis;
};

struct checked_file {
  std::string file;
  conformance::trace_report report;
};

/// It says how the replica began: without that there is nothing to hold its steps against.
bool can_be_checked(const checked_file& c) {
  return c.report.starts > 0 || c.report.refused;
}

bool is_good(const checked_file& c) {
  return can_be_checked(c) && !c.report.refused;
}

/// Believes every signature if there is no genesis file to know the keys from.
conformance::verifier verifier_of(const std::optional<config::genesis>& g) {
  if (!g)
    return {};
  return conformance::verifier_of(keys_of(*g), g->cluster());
}

expected<std::vector<checked_file>> check_all(const conformance_options& o,
                                              const std::optional<config::genesis>& g,
                                              conformance::spec_cluster& cluster) {
  std::vector<checked_file> out;
  std::set<replica_id> seen;
  for (const auto& file : o.files) {
    auto content = actors::mapped_file::open(file);
    if (!content && content.error().code == errc::not_found)
      return fail(errc::not_found, content.error().detail
                                       + "; a node writes one if its node.toml has [trace] file = "
                                         "\"trace\"");
    if (!content)
      return tl::unexpected(content.error());
    auto report = check_trace(content->view(), verifier_of(g), cluster);
    if (!report)
      return fail(report.error().code, file + ": " + report.error().detail);
    const auto& who = report->who;
    if ((g && who.cluster != g->cluster())
        || (!out.empty() && who.cluster != out.front().report.who.cluster))
      return fail(errc::wrong_cluster, file + ": is of another cluster");
    if (!seen.insert(who.self).second)
      return fail(errc::duplicate, fmt::format("{}: is replica {}'s, like another of these", file,
                                               who.self.value()));
    out.push_back({file, std::move(*report)});
  }
  return out;
}

nlohmann::json to_json(const checked_file& c) {
  const auto& r = c.report;
  nlohmann::json said = nlohmann::json::object();
  for (const auto& [kind, count] : r.said)
    said[std::string{kind}] = count;
  nlohmann::json out{{"file", c.file},         {"replica", r.who.self.value()},
                     {"steps", r.steps},       {"starts", r.starts},
                     {"heard", r.heard},       {"said", said},
                     {"executed", r.executed}, {"full", r.full},
                     {"cut_off", r.cut_off},   {"left_out_bytes", r.left_out_bytes},
                     {"good", is_good(c)}};
  if (r.refused)
    out["refused"] = {{"record", r.refused->record},
                      {"time_ns", r.refused->time_ns},
                      {"step", r.refused->step},
                      {"rule", r.refused->why.rule},
                      {"source", r.refused->why.source}};
  return out;
}

void print_table(const std::vector<checked_file>& all, const output& out) {
  table t;
  t.column("replica", align::right).column("starts", align::right).column("heard", align::right);
  for (const auto* kind :
       {"pre_prepare", "prepare", "commit", "checkpoint", "view_change", "new_view", "other"})
    t.column(kind, align::right);
  t.column("executed", align::right).column("trace");
  for (const auto& [file, r] : all) {
    std::vector<std::string> row{std::to_string(r.who.self.value()), std::to_string(r.starts),
                                 std::to_string(r.heard)};
    std::uint64_t rest = 0;
    for (const auto& [kind, count] : r.said)
      rest += count;
    for (const auto* kind :
         {"pre_prepare", "prepare", "commit", "checkpoint", "view_change", "new_view"}) {
      auto count = r.said.contains(kind) ? r.said.at(kind) : 0;
      rest -= count;
      row.push_back(std::to_string(count));
    }
    row.push_back(std::to_string(rest));
    row.push_back(std::to_string(r.executed));
    row.push_back(file);
    t.row(std::move(row));
  }
  out.print(t);
}

void print_for_people(const std::vector<checked_file>& all, std::size_t blocks, bool signatures,
                      const output& out) {
  print_table(all, out);
  for (const auto& c : all) {
    const auto& [file, r] = c;
    if (!can_be_checked(c))
      out.line(fmt::format("{}: {} has no start in it", out.paint(colour::red, "nothing to check"),
                           file));
    if (r.refused)
      out.line(fmt::format("{} {}: record {}: replica {} {}\n  but {} ({})",
                           out.paint(colour::red, "refused"), file, r.refused->record,
                           r.who.self.value(), r.refused->step, r.refused->why.rule,
                           r.refused->why.source));
    if (r.full)
      out.line(fmt::format("{}: had reached its limit; what came later is not known", file));
    if (r.cut_off)
      out.line(fmt::format("{}: its last {} bytes are no whole record and were left out", file,
                           r.left_out_bytes));
  }
  if (std::ranges::all_of(all, is_good))
    out.line(fmt::format("{} every step is allowed; {} blocks, alike wherever they were executed{}",
                         out.paint(colour::green, "good"), blocks,
                         signatures ? "" : "; signatures were not checked: --genesis"));
}

exit_code check(const conformance_options& o, const output& out) {
  std::optional<config::genesis> g;
  if (!o.genesis.empty()) {
    auto loaded = config::load_genesis(o.genesis);
    if (!loaded)
      return out.fail(loaded.error());
    g = std::move(*loaded);
  }
  conformance::spec_cluster cluster;
  auto all = check_all(o, g, cluster);
  if (!all)
    return out.fail(all.error());
  bool good = std::ranges::all_of(*all, is_good);
  if (out.json) {
    nlohmann::json traces = nlohmann::json::array();
    for (const auto& c : *all)
      traces.push_back(to_json(c));
    out.print(nlohmann::json{{"good", good},
                             {"blocks", cluster.blocks()},
                             {"signatures", g.has_value()},
                             {"traces", traces}});
  } else {
    print_for_people(*all, cluster.blocks(), g.has_value(), out);
  }
  return good ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_conformance(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "conformance",
                        "Hold nodes' traces against the specification of PBFT",
                        "bourse conformance net/node-*/trace --genesis net/genesis.toml");
  auto o = std::make_shared<conformance_options>();
  verb->add_option("FILE", o->files, "Traces, of different replicas of one cluster")->required();
  verb->add_option("--genesis", o->genesis,
                   "The genesis file: signatures are checked too, which takes longer");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return check(*o, context.out);
    };
  });
}

} // namespace bourse::app
