#include "messages/version.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/context.hpp"
#include "app/verbs.hpp"

namespace bourse::app {

void add_version(CLI::App& app, app_context& context) {
  auto* verb
      = add_verb(app, context, "version", "Print the version of this program", "bourse version");
  verb->callback([&context] {
    context.run = [&context] {
      if (context.out.json)
        context.out.print(nlohmann::json{{"version", messages::version()}});
      else
        context.out.line(messages::version());
      return exit_code::ok;
    };
  });
}

} // namespace bourse::app
