#include <csignal>
#include <iostream>

#include "app/program.hpp"

int main(int argc, char** argv) {
  // A peer or a pager that goes away is an error of one write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  auto code = bourse::app::run_program({argv + 1, argv + argc}, std::cout, std::cerr);
  std::cout.flush();
  return static_cast<int>(code);
}
