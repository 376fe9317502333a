// What tests say of a run's outcome.
#pragma once

#include <string>

#include "simulation/simulation.hpp"

namespace bourse::simulation {

/// Its violations, a line each; empty if there are none.
inline std::string all_of(const outcome& o) {
  std::string out;
  for (const auto& v : o.violations)
    out += v.rule + ": " + v.what + "\n";
  return out;
}

} // namespace bourse::simulation
