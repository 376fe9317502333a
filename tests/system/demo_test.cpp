#define CAF_SUITE demo
#include "tests/suite.hpp"

#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/config/files.hpp"

using namespace bourse::tests;

CAF_TEST(with json the output is one document and progress goes to the error stream) {
  temporary_folder folder;
  auto in = [&](const char* name) {
    return (folder.path() / name).string();
  };
  auto command = std::string(BOURSE_PROGRAM) + " demo --json --seconds 1 --remove --page "
                 + in("page.html") + " > " + in("out") + " 2> " + in("err");
  CAF_CHECK_EQUAL(std::system(command.c_str()), 0);
  auto summary = nlohmann::json::parse(read(in("out")), nullptr, false);
  CAF_REQUIRE(summary.is_object());
  CAF_CHECK(summary.value("passed", false));
  CAF_CHECK_GREATER(summary.value("orders", 0), 0);
  CAF_CHECK_EQUAL(summary.value("page", ""), in("page.html"));
  CAF_CHECK(!summary.contains("data"));
  CAF_CHECK_NOT_EQUAL(read(in("err")).find("Starting four replicas"), std::string::npos);
}
