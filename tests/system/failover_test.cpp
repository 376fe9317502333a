#define CAF_SUITE failover
#include "tests/suite.hpp"

#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/config/files.hpp"

using namespace bourse::tests;
using nlohmann::json;

namespace {

struct fixture {
  temporary_folder folder;

  /// What two strikes with that signal came to.
  json strike(const char* signal) {
    auto out = (folder.path() / "out").string();
    auto err = (folder.path() / "err").string();
    auto command = std::string(BOURSE_PROGRAM)
                   + " bench failover --kills 2 --rate 200 --json --signal " + signal + " > " + out
                   + " 2> " + err;
    CAF_CHECK_EQUAL(std::system(command.c_str()), 0);
    auto result = json::parse(read(out), nullptr, false);
    CAF_REQUIRE(result.is_object());
    CAF_MESSAGE(result.dump());
    CAF_REQUIRE(result.contains("stall_ms"));
    CAF_CHECK(result["passed"].get<bool>());
    CAF_CHECK_EQUAL(result["failovers"].size(), 2u);
    CAF_CHECK(result["view_changes"].get<int>() >= 2);
    CAF_CHECK(result["orders"]["sent"].get<int>() > 0);
    CAF_CHECK_EQUAL(result["orders"]["unanswered"].get<int>(), 0);
    CAF_CHECK(result["stall_ms"]["median"].get<double>() > 0);
    CAF_CHECK(result["stall_ms"]["max"].get<double>() < 5000);
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(failover_tests, fixture)

CAF_TEST(killed primaries are replaced and nothing is lost) {
  strike("KILL");
}

CAF_TEST(hanging primaries are replaced and nothing is lost) {
  strike("STOP");
}

CAF_TEST(a primary that is told to end hands over) {
  auto result = strike("TERM");
  for (auto& one : result["failovers"]) {
    CAF_CHECK_EQUAL(one["why"].get<std::string>(), "it wishes for another one itself");
    CAF_CHECK(one["stall_ms"].get<double>() < 1000); // the machine may be busy
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
