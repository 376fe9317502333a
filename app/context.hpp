// What every verb gets: where to print, how, and where to leave the work that main then does.
#pragma once

#include <functional>
#include <string>

#include "app/exit_code.hpp"
#include "app/output.hpp"

namespace CLI {
class App;
}

namespace bourse::app {

struct app_context {
  output out;
  /// The work of the verb that the command line named. A verb's callback sets it; main runs it
  /// once all of the command line has been understood.
  std::function<exit_code()> run;
};

/// Adds a verb with the options that all share (--json). Its help ends with `example`, a complete
/// command line. The caller adds options and sets the callback.
CLI::App* add_verb(CLI::App& parent, app_context& context, const std::string& name,
                   const std::string& description, const std::string& example);

/// Adds a verb that only groups others, such as `order`. Its help ends with `example`.
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description,
                    const std::string& example);

} // namespace bourse::app
