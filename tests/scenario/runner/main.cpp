// run_scenario FILE...: runs scripts, and says of each what is wrong.
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/scenario/runner/scenario.hpp"

namespace {

bourse::test::problem run(const std::string& file) {
  std::ifstream in{file};
  if (!in)
    return file + ": cannot be read";
  std::ostringstream text;
  text << in.rdbuf();
  auto script = bourse::test::scenario::read(file, text.str());
  return script ? script->run() : script.error();
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: run_scenario FILE...\n";
    return 2;
  }
  int failed = 0;
  for (int i = 1; i < argc; ++i) {
    auto wrong = run(argv[i]);
    if (wrong.empty()) {
      std::cout << argv[i] << ": as it says\n";
    } else {
      std::cerr << wrong << "\n";
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}
