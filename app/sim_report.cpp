#include "app/sim_report.hpp"

#include <algorithm>
#include <fstream>
#include <ostream>

#include <fmt/format.h>

#include "simulation/commit.hpp"
#include "simulation/story.hpp"

namespace bourse::app {

using nlohmann::json;

namespace {

constexpr std::size_t most_explained = 3;
/// So much longer may it take when all is written down.
constexpr std::uint32_t telling_takes = 5;

json violations_of(const seed_result& r) {
  return r.outcome.is_null() ? json::array() : r.outcome["violations"];
}

void tell(const failed_run& f, const retelling& again, const std::string& trace,
          const std::string& diagram, std::uint32_t timeout_s) {
  run_seeds(
      {f.result.seed, 1, 1, timeout_s * telling_takes},
      [&](std::uint64_t) {
        std::ofstream file{trace};
        simulation::story story{file};
        file << "bourse sim, commit " << simulation::commit() << ", " << f.what << std::endl;
        return again(f, file, story);
      },
      [](const seed_result&) { return true; });
  std::ifstream lines{trace};
  std::ofstream{diagram} << simulation::diagram_of(lines);
}

} // namespace

json to_json(const std::vector<failed_run>& all) {
  json out = json::array();
  for (const auto& f : all)
    out.push_back({{"what", f.what},
                   {"seed", f.result.seed},
                   {"died", f.result.died},
                   {"violations", violations_of(f.result)},
                   {"repeat", f.repeat}});
  return out;
}

std::string timeout_of(const seed_range& range) {
  return range.timeout_s == seed_range{}.timeout_s ? ""
                                                   : fmt::format(" --timeout {}", range.timeout_s);
}

void explain(const std::vector<failed_run>& all, const retelling& again,
             const std::filesystem::path& folder, std::uint32_t timeout_s, const output& out) {
  for (std::size_t i = 0; i < all.size() && i < most_explained; ++i) {
    const auto& f = all[i];
    out.progress(fmt::format("{} FAILED at commit {}", f.what, simulation::commit()));
    if (!f.result.died.empty())
      out.progress("  the process " + f.result.died);
    for (const auto& v : violations_of(f.result))
      out.progress(fmt::format("  {:.3f} s, {}: {}", v["at_ms"].get<double>() / 1000,
                               v["rule"].get<std::string>(), v["what"].get<std::string>()));
    out.progress("  repeat: " + f.repeat);
    auto trace = (folder / (f.name + ".trace.txt")).string();
    auto diagram = (folder / (f.name + ".mmd")).string();
    tell(f, again, trace, diagram, timeout_s);
    out.progress(fmt::format("  what happened: {}, as a diagram: {}", trace, diagram));
  }
  if (all.size() > most_explained)
    out.progress(fmt::format("and {} more", all.size() - most_explained));
}

progress_line::progress_line(const output& out, std::uint64_t of, std::string what)
    : out_(out), of_(of), what_(std::move(what)) {}

progress_line::~progress_line() {
  if (drawn_)
    out_.err() << '\n';
}

void progress_line::passed(std::uint64_t done, std::size_t failed) {
  if (!out_.terminal() || out_.json)
    return;
  drawn_ = true;
  out_.err() << fmt::format("\r{} of {} {}, {} failed, {:.0f} s ", done, of_, what_, failed,
                            seconds())
             << std::flush;
}

double progress_line::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

} // namespace bourse::app
