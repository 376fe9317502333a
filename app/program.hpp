// The whole program as a function, so that tests can run it without a process.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "app/context.hpp"

namespace CLI {
class App;
}

namespace bourse::app {

/// Describes the program and all of its verbs to `app`.
void add_verbs(CLI::App& app, app_context& context);

/// Understands and runs a command line (without the program's name). Never throws.
exit_code run_program(std::vector<std::string> arguments, std::ostream& out, std::ostream& err);

} // namespace bourse::app
