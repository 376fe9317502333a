#define CAF_SUITE example
#include "tests/suite.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "app/load_target.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::tests;

// The client program that README.md shows, against four real processes.

CAF_TEST(the program of the readme places an order and says what became of it) {
  app::target_options options;
  options.program = BOURSE_PROGRAM;
  auto network = app::load_target::open(options);
  if (!network)
    CAF_FAIL(to_string(network.error()));
  temporary_folder folder;
  auto said = folder.path() / "said";
  auto run = [&](const std::string& net) {
    auto command = fmt::format("{} {} > {} 2>&1", BOURSE_EXAMPLE, net, said.string());
    return std::system(command.c_str());
  };
  CAF_CHECK_EQUAL(run((*network)->folder().string()), 0);
  CAF_CHECK_EQUAL(read(said), "accepted 0.5 at 236.47 none\n");
  CAF_CHECK_EQUAL(run((*network)->folder().string()), 0);
  CAF_CHECK_EQUAL(read(said), "accepted 0.5 at 236.47 none\n");
  CAF_CHECK_NOT_EQUAL(run(folder.path().string()), 0);
  CAF_CHECK_NOT_EQUAL(read(said).find("genesis.toml"), std::string::npos);
}
