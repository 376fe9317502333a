// `bourse sim` as a script and a person see it: what it refuses, what it prints, and what is
// written about a seed that fails. One fails as soon as its worker process is killed.
#define CAF_SUITE sim
#include "tests/suite.hpp"

#include <csignal>
#include <fstream>
#include <future>
#include <regex>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"

using namespace bourse::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

using words = std::vector<std::string>;

/// Of a process; 0 if it has none.
pid_t child_of(pid_t parent) {
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream file{entry.path() / "stat"};
    std::stringstream all;
    all << file.rdbuf();
    auto text = all.str();
    auto name_end = text.rfind(')'); // pid (name) state parent
    if (name_end == std::string::npos)
      continue;
    std::istringstream rest{text.substr(name_end + 1)};
    char state = 0;
    pid_t its_parent = 0;
    if (rest >> state >> its_parent && its_parent == parent && state != 'Z')
      return static_cast<pid_t>(std::stol(text));
  }
  return 0;
}

/// The value in the first line that has this key alone: so scripts/mutants reads the output.
std::string first_of(const program_result& result, const std::string& key) {
  std::smatch found;
  std::regex line{"\n *\"" + key + "\": \"?([^\"]*[^\",])\"?,*\n"};
  return std::regex_search(result.out, found, line) ? found[1].str() : "";
}

struct fixture {
  temporary_folder folder;

  program_result sim(words more) const {
    words all{"sim", "--traces", folder.path().string()};
    all.insert(all.end(), more.begin(), more.end());
    return run(std::move(all), 120s);
  }

  /// The worker is killed at whatever it is doing.
  program_result killed(words more) const {
    more.insert(more.end(), {"--jobs", "1"});
    auto result = std::async(std::launch::async, [&] { return sim(more); });
    pid_t worker = 0;
    while (worker == 0) {
      std::this_thread::sleep_for(1ms); // nobody says when a process has begun
      auto program = child_of(::getpid());
      worker = program == 0 ? 0 : child_of(program);
    }
    CAF_CHECK_EQUAL(::kill(worker, SIGKILL), 0);
    return result.get();
  }

  bool is_there(const std::string& name) const {
    return std::filesystem::exists(folder.path() / name);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sim_tests, fixture)

CAF_TEST(nonsense is refused) {
  for (const auto& [line, problem] : std::vector<std::pair<words, std::string>>{
           {{"--seeds", "0"}, "--seeds"},
           {{"--seeds", "many"}, "--seeds"},
           {{"--first-seed", "-1"}, "must not be below 0"},
           {{"--first-seed", "18446744073709551615", "--seeds", "2"}, "there are no 2 seeds"},
           {{"--jobs", "0"}, "--jobs"},
           {{"--timeout", "0"}, "--timeout"},
           {{"--traces", "/no/such/folder"}, "/no/such/folder"},
           {{"--rounds", "1"}, "--twins"},
           {{"--twins", "--mutate-fields"}, "excludes"},
           {{"--twins", "--attacks"}, "excludes"},
           {{"--attacks", "--traces", "."}, "excludes"},
           {{"--twins", "--scenario", "0", "--sample", "3"}, "excludes"},
           {{"--twins", "--scenario", "-1"}, "must not be below 0"},
           {{"--twins", "--rounds", "1", "--scenario", "128"}, "takes 0 to 127"},
           {{"--twins", "--rounds", "4"}, "say --sample or --scenario"}}) {
    auto all = line;
    all.insert(all.begin(), "sim");
    auto result = run(all, 60s);
    CAF_CHECK_EQUAL(result.code, 2);
    if (!result.says(problem))
      CAF_ERROR("not \"" << problem << "\" but " << result.err);
  }
}

CAF_TEST(a seed is described without being run) {
  auto plan = sim({"--describe", "--first-seed", "7"}).json();
  CAF_CHECK_EQUAL(plan["seed"], 7);
  for (const auto* name : {"replicas", "window", "network", "load", "faults", "lies", "byzantine"})
    CAF_CHECK(plan.contains(name));
  CAF_CHECK(plan == sim({"--describe", "--first-seed", "7", "--json"}).json());
}

CAF_TEST(good seeds are summed up) {
  auto result = sim({"--seeds", "2", "--first-seed", "3", "--json"});
  CAF_CHECK_EQUAL(result.code, 0);
  auto all = result.json();
  CAF_CHECK_EQUAL(all["first_seed"], 3);
  CAF_CHECK_EQUAL(all["seeds"], 2);
  CAF_CHECK_EQUAL(all["passed"], true);
  CAF_CHECK(all["failed"].empty());
  CAF_CHECK_EQUAL(all["signatures"], "stand-in");
  for (const auto* name : {"virtual_ms", "handled", "messages", "blocks", "requests", "votes"})
    CAF_CHECK(part(all, "/totals").value(name, 0) > 0);
  CAF_CHECK(part(all, "/longest_recovery/seed") == 3 || part(all, "/longest_recovery/seed") == 4);
  for (const auto* name : {"commit", "jobs", "real_s", "virtual_s", "virtual_to_real", "faults",
                           "lies", "refused", "seeds_with_byzantine"})
    CAF_CHECK(all.contains(name));
  auto text = sim({"--seeds", "2", "--first-seed", "3"});
  CAF_CHECK_EQUAL(text.code, 0);
  CAF_CHECK(text.out.starts_with("2 seeds from 3, commit "));
  CAF_CHECK(text.out.ends_with("All seeds passed.\n"));
  CAF_CHECK(std::filesystem::is_empty(folder.path()));
}

CAF_TEST(a scenario of twins is run by its number) {
  auto result = sim({"--twins", "--rounds", "1", "--scenario", "5", "--json"});
  CAF_CHECK_EQUAL(result.code, 0);
  auto all = result.json();
  CAF_CHECK_EQUAL(all["scenarios"], 128);
  CAF_CHECK_EQUAL(all["run"], 1);
  CAF_CHECK_EQUAL(all["passed"], true);
  CAF_CHECK(all["blocks"].get<int>() > 0);
}

CAF_TEST(attacks are summed up by the rules of order) {
  auto result = run({"sim", "--attacks", "--seeds", "3", "--first-seed", "5", "--json"}, 120s);
  CAF_CHECK_EQUAL(result.code, 0);
  auto all = result.json();
  CAF_CHECK_EQUAL(all["first_seed"], 5);
  CAF_CHECK_EQUAL(all["seeds"], 3);
  CAF_CHECK_EQUAL(all["passed"], true);
  CAF_CHECK(all["failed"].empty());
  CAF_CHECK_EQUAL(all["attacks"].size(), 26u); // in two sizes of clusters
  for (const auto& row : all["attacks"]) {
    CAF_CHECK_EQUAL(row["tries"], 3);
    CAF_CHECK(row["fair"]["separated"] > 0);
    CAF_CHECK_EQUAL(row["fair"]["flipped"], 0);
    CAF_CHECK_EQUAL(row["fair"]["censored"], 0);
    CAF_CHECK_EQUAL(row["plain"]["flipped"] > 0, row["attack"] != "none");
  }
  auto again = run({"sim", "--attacks", "--seeds", "3", "--first-seed", "5", "--json"}, 120s);
  CAF_CHECK(again.json() == all);
  auto text = run({"sim", "--attacks", "--seeds", "1"}, 120s);
  CAF_CHECK_EQUAL(text.code, 0);
  CAF_CHECK(text.out.starts_with("1 seeds from 1, commit "));
  CAF_CHECK(text.out.find("\nsandwich ") != std::string::npos);
  CAF_CHECK(text.out.ends_with("No attack broke what fair order promises.\n"));
}

CAF_TEST(a seed that fails is named and told for scripts) {
  auto result = killed({"--json", "--seeds", "1000000", "--first-seed", "11"});
  CAF_CHECK_EQUAL(result.code, 1);
  auto all = result.json();
  CAF_CHECK_EQUAL(all["passed"], false);
  CAF_REQUIRE_EQUAL(all["failed"].size(), 1u);
  auto failed = all["failed"][0];
  auto seed = failed["seed"].get<std::uint64_t>();
  CAF_CHECK_EQUAL(seed, 10 + all["seeds"].get<std::uint64_t>()); // the last that was begun
  CAF_CHECK_EQUAL(failed["died"], "ended by Killed");
  CAF_CHECK(failed["violations"].empty());
  auto number = std::to_string(seed);
  CAF_CHECK_EQUAL(failed["repeat"], "bourse sim --seeds 1 --first-seed " + number);
  CAF_CHECK_EQUAL(first_of(result, "seed"), number);
  CAF_CHECK_EQUAL(first_of(result, "died"), "ended by Killed");
  // No seed that did not end has recovered.
  CAF_CHECK_EQUAL(all["longest_recovery"].is_null(), all["seeds"] == 1);

  CAF_CHECK(result.says("seed " + number + " FAILED at commit "));
  CAF_CHECK(result.says("  repeat: " + failed["repeat"].get<std::string>() + "\n"));
  auto trace = read(folder.path() / ("sim-" + number + ".trace.txt"));
  CAF_CHECK(trace.starts_with("bourse sim, commit "));
  CAF_CHECK(trace.find(", seed " + number + "\n{\"") != std::string::npos); // and its plan
  CAF_CHECK(trace.find(" 0 -> 1  ") != std::string::npos);
  CAF_CHECK(read(folder.path() / ("sim-" + number + ".mmd")).starts_with("sequenceDiagram\n"));
}

CAF_TEST(a seed that fails is named for people and what else decides is repeated) {
  auto result = killed(
      {"--genuine-signatures", "--timeout", "77", "--seeds", "1000000", "--first-seed", "500"});
  CAF_CHECK_EQUAL(result.code, 1);
  CAF_CHECK(result.out.ends_with("1 SEEDS FAILED.\n"));
  std::smatch repeat;
  CAF_REQUIRE(std::regex_search(
      result.out, repeat,
      std::regex{"repeat: bourse sim --seeds 1 --first-seed ([0-9]+) --genuine-signatures "
                 "--timeout 77\n"}));
  CAF_CHECK(is_there("sim-" + repeat[1].str() + ".trace.txt"));
  if (result.out.find("1 seeds from 500,") == 0)
    CAF_CHECK(result.out.find("longest recovery") == std::string::npos);
}

CAF_TEST(a scenario of twins that fails is named and told and the others go on) {
  auto result = killed({"--twins", "--rounds", "2", "--sample", "6", "--json"});
  CAF_CHECK_EQUAL(result.code, 1);
  auto all = result.json();
  CAF_CHECK_EQUAL(all["run"], 6);
  CAF_CHECK_EQUAL(all["passed"], false);
  CAF_REQUIRE_EQUAL(all["failed"].size(), 1u);
  auto number = std::to_string(part(all, "/failed/0/scenario").get<std::uint64_t>());
  CAF_CHECK_EQUAL(first_of(result, "scenario"), number);
  CAF_CHECK_EQUAL(part(all, "/failed/0/repeat"),
                  "bourse sim --twins --rounds 2 --scenario " + number);
  CAF_CHECK(result.says("scenario " + number + " (twin "));
  CAF_CHECK(result.says(" FAILED at commit "));
  CAF_CHECK(read(folder.path() / ("twins-2-" + number + ".trace.txt")).find(" 0 -> 1  ")
            != std::string::npos);
  CAF_CHECK(is_there("twins-2-" + number + ".mmd"));
}

CAF_TEST_FIXTURE_SCOPE_END()
