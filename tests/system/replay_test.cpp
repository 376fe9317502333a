#define CAF_SUITE replay
#include "tests/suite.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <nlohmann/json.hpp>

// Real order flow through four real processes. The data is not part of the project: the test is
// skipped, and says so, unless it lies beside the checkout or where BOURSE_FLOW points.

namespace {

std::filesystem::path flow_file() {
  if (auto* given = std::getenv("BOURSE_FLOW"))
    return given;
  return std::filesystem::path(BOURSE_SOURCE_DIR).parent_path() / "shared" / "data"
         / "bitstamp-btcusd-2015-05-01.csv.xz";
}

} // namespace

CAF_TEST(every trade and fill is that of a single book) {
  auto file = flow_file();
  if (!std::filesystem::exists(file)) {
    CAF_MESSAGE("skipped: " << file << " is not there");
    CAF_CHECK(true);
    return;
  }
  auto output = std::filesystem::temp_directory_path()
                / ("bourse-replay-test-" + std::to_string(::getpid()) + ".json");
  auto command
      = std::string(BOURSE_PROGRAM) + " replay " + file.string() + " --json > " + output.string();
  CAF_CHECK_EQUAL(std::system(command.c_str()), 0);
  std::ifstream in(output);
  auto summary = nlohmann::json::parse(in, nullptr, false);
  std::filesystem::remove(output);
  CAF_REQUIRE(summary.is_object());
  CAF_CHECK_EQUAL(summary.value("orders", 0), 24894);
  CAF_CHECK_EQUAL(summary.value("trades", 0), 557);
  CAF_CHECK(summary.value("equal_to_single_book", false));
  CAF_CHECK(summary.value("states_equal", false));
}
