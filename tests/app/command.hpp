// The program's verbs, run within the test.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "app/program.hpp"

namespace bourse::tests {

struct outcome {
  app::exit_code code;
  std::string out;
  std::string err;
};

inline outcome run(std::vector<std::string> words) {
  std::ostringstream out;
  std::ostringstream err;
  auto code = app::run_program(std::move(words), out, err);
  return {code, out.str(), err.str()};
}

} // namespace bourse::tests
