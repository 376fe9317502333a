// Runs many seeds side by side, each in a process of its own sort: a seed that ends in an assertion
// or hangs is one that failed, and the others go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bourse::app {

struct seed_result {
  std::uint64_t seed = 0;
  nlohmann::json outcome; ///< of simulation::run; null if it did not get so far
  std::string died;       ///< why not: the signal, or that it took too long

  bool passed() const {
    return died.empty() && outcome["violations"].empty();
  }
};

struct seed_range {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  std::uint32_t jobs = 1;
  std::uint32_t timeout_s = 120; ///< real time for one seed
};

/// What a worker does with one seed: returns simulation::to_json(outcome).
using seed_work = std::function<nlohmann::json(std::uint64_t seed)>;

/// Hands results to `take` in the order in which they come; false ends the run. The process must
/// have no threads yet.
void run_seeds(const seed_range& range, const seed_work& work,
               const std::function<bool(const seed_result&)>& take);

} // namespace bourse::app
