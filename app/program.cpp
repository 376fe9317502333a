#include "app/program.hpp"

#include <algorithm>
#include <exception>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/verbs.hpp"
#include "config/nearest.hpp"
#include "messages/crypto.hpp"

namespace bourse::app {

CLI::App* add_verb(CLI::App& parent, app_context& context, const std::string& name,
                   const std::string& description, const std::string& example) {
  auto* verb = parent.add_subcommand(name, description);
  verb->footer("Example:\n  " + example);
  verb->add_flag("--json", context.out.json, "Print JSON, for scripts");
  return verb;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  auto* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer("Every verb says more with --help.");
  return group;
}

void add_verbs(CLI::App& app, app_context& context) {
  app.description("Bourse: an exchange run by replicas that agree by PBFT.");
  app.footer("Every verb says more with --help.\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 too few replicas answered.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Print the help of every verb");
  add_testnet(app, context);
  add_node(app, context);
  add_demo(app, context);
  add_bench(app, context);
  add_replay(app, context);
  add_keygen(app, context);
  add_config(app, context);
  add_order(app, context);
  add_book(app, context);
  add_trades(app, context);
  add_account(app, context);
  add_status(app, context);
  add_ledger(app, context);
  add_receipt(app, context);
  add_version(app, context);
}

namespace {

/// CLI11 only says that a verb is missing; this says which word is none. Empty if that is not what
/// is wrong.
std::string unknown_verb(const CLI::App& app) {
  const auto* at = &app;
  while (!at->get_subcommands().empty())
    at = at->get_subcommands().front();
  std::vector<std::string> known;
  for (const auto* verb : at->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(verb->get_name());
  auto rest = at->remaining();
  if (known.empty() || rest.empty() || rest.front().starts_with('-'))
    return {};
  auto hint = config::nearest(rest.front(), known);
  return "bourse: there is no verb \"" + rest.front() + "\"; "
         + (hint.empty() ? "try --help" : "did you mean \"" + hint + "\"?");
}

} // namespace

exit_code run_program(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
  app_context context{output{out, err}, nullptr};
  CLI::App app;
  app.name("bourse");
  add_verbs(app, context);
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    if (auto problem = unknown_verb(app); !problem.empty()) {
      err << problem << '\n';
      return exit_code::usage;
    }
    // Asking for help is a success; everything else that CLI11 refuses is wrong usage.
    return app.exit(e, out, err) == 0 ? exit_code::ok : exit_code::usage;
  }
  if (!context.run)
    return context.out.fail({messages::errc::malformed, "this verb does nothing"});
  try {
    messages::init_crypto();
    return context.run();
  } catch (const std::exception& e) {
    return context.out.fail({messages::errc::io_failed, e.what()});
  }
}

} // namespace bourse::app
