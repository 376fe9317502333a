#include "app/program.hpp"

#include <algorithm>
#include <exception>
#include <ostream>

#include <CLI/CLI.hpp>

#include "app/verbs.hpp"
#include "config/nearest.hpp"
#include "messages/crypto.hpp"
#include "messages/version.hpp"

namespace bourse::app {

CLI::App* add_verb(CLI::App& parent, app_context& context, const std::string& name,
                   const std::string& description, const std::string& example) {
  auto* verb = parent.add_subcommand(name, description);
  verb->footer("Example:\n  " + example);
  verb->add_flag("--json", context.out.json, "Print JSON, for scripts");
  return verb;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description,
                    const std::string& example) {
  auto* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  group->footer("Every verb says more with --help. Example:\n  " + example);
  return group;
}

namespace {

/// CLI11 hands the flag down to every verb; it says more than --help only where there are verbs
/// below.
void keep_help_all_of_groups(CLI::App& app) {
  auto below = app.get_subcommands([](CLI::App*) { return true; });
  if (below.empty())
    app.set_help_all_flag();
  for (auto* verb : below)
    keep_help_all_of_groups(*verb);
}

} // namespace

void add_verbs(CLI::App& app, app_context& context) {
  app.description("Bourse: an exchange run by replicas that agree by PBFT.");
  app.footer("Every verb says more with --help.\n"
             "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 too few replicas answered.");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string{messages::version()}, "Print the version");
  app.set_help_all_flag("--help-all", "Print the help of every verb");
  add_testnet(app, context);
  add_node(app, context);
  add_demo(app, context);
  add_bench(app, context);
  add_replay(app, context);
  add_sim(app, context);
  add_keygen(app, context);
  add_config(app, context);
  add_order(app, context);
  add_book(app, context);
  add_trades(app, context);
  add_account(app, context);
  add_status(app, context);
  add_is_leader(app, context);
  add_ledger(app, context);
  add_receipt(app, context);
  add_conformance(app, context);
  add_version(app, context);
  keep_help_all_of_groups(app);
}

namespace {

/// The verb, or group of verbs, that the command line has got to.
const CLI::App& innermost(const CLI::App& app) {
  const auto* at = &app;
  while (!at->get_subcommands().empty())
    at = at->get_subcommands().front();
  return *at;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

/// The words that no verb took. --json stands here only because no verb has been found to take it.
std::vector<std::string> words_left(const CLI::App& at) {
  auto words = at.remaining();
  std::erase(words, "--json");
  return words;
}

/// CLI11 only says that a verb is missing; this says which word is none. Empty if that is not what
/// is wrong.
std::string unknown_verb(const CLI::App& at) {
  auto known = verbs_of(at);
  auto rest = words_left(at);
  if (known.empty() || rest.empty() || rest.front().starts_with('-'))
    return {};
  auto hint = config::nearest(rest.front(), known);
  return "there is no verb \"" + rest.front() + "\"; "
         + (hint.empty() ? "try --help" : "did you mean \"" + hint + "\"?");
}

/// "bourse order place"
std::string command_of(const CLI::App& at) {
  auto own = at.get_name();
  return at.get_parent() == nullptr ? own : command_of(*at.get_parent()) + ' ' + own;
}

exit_code refuse(const CLI::App& app, const CLI::ParseError& e, const output& out) {
  const auto& at = innermost(app);
  if (auto problem = unknown_verb(at); !problem.empty())
    return out.refuse(problem);
  if (at.get_require_subcommand_min() > 0
      && words_left(at).empty()) { // such as `bourse` or `bourse order`
    if (out.json)
      return out.refuse("say which verb");
    const auto* parent = at.get_parent();
    out.err() << at.help(parent != nullptr ? command_of(*parent) : "");
    return exit_code::usage;
  }
  return out.refuse(e.what(), "More with: " + command_of(at) + " --help");
}

} // namespace

exit_code run_program(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
  app_context context{output{out, err}, nullptr};
  CLI::App app;
  app.name("bourse");
  add_verbs(app, context);
  // What refuses the command line may come before the flag was read.
  bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    context.out.json = json;
    // Asking for help is a success; everything else that CLI11 refuses is wrong usage.
    if (e.get_exit_code() != 0)
      return refuse(app, e, context.out);
    app.exit(e, out, err);
    return exit_code::ok;
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
