#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/sim_modes.hpp"
#include "app/sim_report.hpp"
#include "simulation/attack_run.hpp"
#include "simulation/commit.hpp"

namespace bourse::app {

using nlohmann::json;
using simulation::attack_rule;

namespace {

constexpr std::array<std::uint16_t, 2> sizes{4, 7};

/// Every attack on the flow of one seed, in clusters of both sizes, under both rules.
json run_one(std::uint64_t seed) {
  json runs = json::array(), violations = json::array();
  for (const auto& a : simulation::all_attacks())
    for (auto n : sizes) {
      auto fair = simulation::run_attack({&a, {n}, seed, attack_rule::fair});
      auto plain = simulation::run_attack({&a, {n}, seed, attack_rule::plain});
      auto complain = [&](const char* rule, std::uint64_t times) {
        if (times > 0)
          violations.push_back(
              {{"rule", rule}, {"attack", a.name}, {"replicas", n}, {"times", times}});
      };
      complain("separation", fair.pairs.flipped);
      complain("no-censorship", fair.censored);
      runs.push_back({{"attack", a.name},
                      {"replicas", n},
                      {"fair", to_json(fair)},
                      {"plain", to_json(plain)}});
    }
  return {{"runs", std::move(runs)}, {"violations", std::move(violations)}};
}

/// What all seeds came to.
class totals {
public:
  totals() {
    for (const auto& a : simulation::all_attacks())
      for (auto n : sizes)
        rows_.push_back({{"attack", a.name},
                         {"what", a.what},
                         {"replicas", n},
                         {"tries", 0},
                         {"fair", json::object()},
                         {"plain", json::object()}});
  }

  void add(const attacks_options& o, const seed_result& r) {
    ++seeds_;
    if (!r.passed())
      failed_.push_back(
          {{"seed", r.seed},
           {"died", r.died},
           {"violations", r.outcome.is_null() ? json::array() : r.outcome["violations"]},
           {"repeat", fmt::format("bourse sim --attacks --seeds 1 --first-seed {}{}", r.seed,
                                  timeout_of(o.range))}});
    if (r.outcome.is_null())
      return;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& run = r.outcome["runs"][i];
      rows_[i]["tries"] = rows_[i]["tries"].get<std::uint64_t>() + 1;
      for (const auto* rule : {"fair", "plain"})
        add(rows_[i][rule], run[rule]);
    }
  }

  const json& rows() const {
    return rows_;
  }
  const json& failed() const {
    return failed_;
  }
  std::uint64_t seeds() const {
    return seeds_;
  }
  /// Over all that executed, in whatever order seeds ended.
  std::uint64_t trace() const {
    return trace_;
  }

private:
  void add(json& sums, const json& run) {
    for (const auto& [name, n] : run.items())
      if (name == "trace")
        trace_ ^= n.get<std::uint64_t>();
      else
        sums[name] = sums.value(name, std::int64_t{0}) + n.get<std::int64_t>();
  }

  json rows_ = json::array();
  json failed_ = json::array();
  std::uint64_t seeds_ = 0;
  std::uint64_t trace_ = 0;
};

json to_json(const attacks_options& o, const totals& t) {
  return {{"commit", simulation::commit()},
          {"first_seed", o.range.first},
          {"seeds", t.seeds()},
          {"attacks", t.rows()},
          {"trace", fmt::format("{:016x}", t.trace())},
          {"failed", t.failed()},
          {"passed", t.failed().empty()}};
}

std::string count_of(const json& row, const char* rule, const char* name) {
  return grouped(row[rule].value(name, std::int64_t{0}));
}

/// Ticks times lots, of one try.
std::string profit_of(const json& row, const char* rule) {
  auto tries = row["tries"].get<double>();
  return tries > 0 ? fixed(row[rule].value("profit", 0.0) / tries, 1) : "";
}

void print(const attacks_options& o, const totals& t, const output& out) {
  out.line(fmt::format("{} seeds from {}, commit {}: each attack with fair order (F) and by the "
                       "plain rule that the primary orders (P)",
                       t.seeds(), o.range.first, simulation::commit()));
  table all;
  all.column("ATTACK");
  for (const auto* title :
       {"N", "TRIES", "SEPARATED", "FLIPS F", "FLIPS P", "OVERLAPPING", "FLIPS F", "FLIPS P",
        "CENSORED F", "CENSORED P", "PROFIT F", "PROFIT P"})
    all.column(title, align::right);
  for (const auto& row : t.rows())
    all.row({row["attack"].get<std::string>(), std::to_string(row["replicas"].get<int>()),
             grouped(row["tries"].get<std::int64_t>()), count_of(row, "fair", "separated"),
             count_of(row, "fair", "flipped"), count_of(row, "plain", "flipped"),
             count_of(row, "fair", "overlapping"), count_of(row, "fair", "overlapping_flipped"),
             count_of(row, "plain", "overlapping_flipped"), count_of(row, "fair", "censored"),
             count_of(row, "plain", "censored"), profit_of(row, "fair"), profit_of(row, "plain")});
  out.print(all);
  out.line("Pairs are those of the runs with fair order. Profit: ticks times lots, of one try.");
  for (const auto& f : t.failed()) {
    for (const auto& v : f["violations"])
      out.line(fmt::format("seed {}: {}, {} replicas: {}, {} times", f["seed"].get<std::uint64_t>(),
                           v["attack"].get<std::string>(), v["replicas"].get<int>(),
                           v["rule"].get<std::string>(), v["times"].get<std::uint64_t>()));
    if (!f["died"].get<std::string>().empty())
      out.line(fmt::format("seed {}: the process {}", f["seed"].get<std::uint64_t>(),
                           f["died"].get<std::string>()));
    out.line("  repeat: " + f["repeat"].get<std::string>());
  }
  out.line(t.failed().empty()
               ? out.paint(colour::green, "No attack broke what fair order promises.")
               : out.paint(colour::red, fmt::format("{} SEEDS FAILED.", t.failed().size())));
}

} // namespace

exit_code run_attacks(const attacks_options& o, const output& out) {
  totals t;
  {
    progress_line line{out, o.range.count, "seeds"};
    run_seeds(o.range, run_one, [&](const seed_result& r) {
      t.add(o, r);
      line.passed(t.seeds(), t.failed().size());
      return true;
    });
  }
  if (out.json)
    out.print(to_json(o, t));
  else
    print(o, t, out);
  return t.failed().empty() ? exit_code::ok : exit_code::failed;
}

} // namespace bourse::app
