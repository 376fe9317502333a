#include "app/context.hpp"
#include "app/ledger_explain.hpp"
#include "app/ledger_show.hpp"
#include "app/ledger_verify.hpp"
#include "app/order_name.hpp"
#include "app/typed.hpp"
#include "app/verbs.hpp"

namespace bourse::app {

void add_ledger(CLI::App& app, app_context& context) {
  auto* group = add_group(app, "ledger", "Look into what a node has stored, and check it",
                          "bourse ledger verify net");
  auto genesis_help = "The genesis file, if it is not where `bourse testnet` puts it";

  auto* show = add_verb(*group, context, "show", "Show the newest blocks, or one block in full",
                        "bourse ledger show net/node-0 --last 20");
  auto shown = std::make_shared<ledger_show_options>();
  show->add_option("DIR", shown->directory, "A database, or the folder of a node")->required();
  show->add_option("--genesis", shown->genesis, genesis_help);
  show->add_option("--last", shown->last, "How many blocks")
      ->capture_default_str()
      ->check(from_one());
  show->add_option("--block", shown->block, "Only this one, with its requests and settlements")
      ->check(from_one());
  show->callback([shown, &context] {
    context.run = [shown, &context] {
      return show_ledger(*shown, context.out);
    };
  });

  auto* explain = add_verb(*group, context, "explain",
                           "Show and prove what fixed an order's place in its block",
                           "bourse ledger explain taker/0/3 net/node-0");
  auto explained = std::make_shared<ledger_explain_options>();
  explain
      ->add_option("ORDER", explained->order,
                   "CLIENT/STREAM/NUMBER of its submission, ACCOUNT/ORDER (your name for it), or "
                   "the id BLOCK.POSITION that the exchange gave it")
      ->required()
      ->check(CLI::Validator{[](std::string& text) { return check_order_name(text); }, "", ""});
  explain->add_option("DIR", explained->directory, "A database, or the folder of a node")
      ->required();
  explain->add_option("--genesis", explained->genesis, genesis_help);
  explain->callback([explained, &context] {
    context.run = [explained, &context] {
      return explain_order(*explained, context.out);
    };
  });

  auto* verify = add_verb(*group, context, "verify",
                          "Check every signature and hash, and execute all of it again",
                          "bourse ledger verify net/node-0");
  auto verified = std::make_shared<ledger_verify_options>();
  verify
      ->add_option("DIR", verified->directory,
                   "A database, the folder of a node, or that of a whole network")
      ->required();
  verify->add_option("--genesis", verified->genesis, genesis_help);
  verify->callback([verified, &context] {
    context.run = [verified, &context] {
      return verify_ledgers(*verified, context.out);
    };
  });
}

} // namespace bourse::app
