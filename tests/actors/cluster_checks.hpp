// What tests of whole clusters share.
#pragma once

#include <string>

#include "simulation/crowd.hpp"

namespace bourse::simulation {

/// A seed that is new each run, or that of the environment variable BOURSE_SEED; printed.
std::uint64_t test_seed(const char* test);

/// Fails the test for each.
void check_no_complaints(const crowd& traders);

/// What one thread gets out of the blocks that node `i` has on its disk: chain and state digest.
struct replayed {
  std::uint64_t executed = 0;
  std::string chain;
  std::string state;
};
replayed replay(cluster& c, std::size_t i);

} // namespace bourse::simulation
