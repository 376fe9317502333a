#include "app/account_money.hpp"

#include <memory>

#include "app/order.hpp"
#include "app/typed.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct money_options {
  order_options order;
  std::string amount;
  std::string asset;
};

/// Request: deposit or withdraw.
template <class Request>
expected<std::vector<request>> make_move(const money_options& o, const market::rules& rules,
                                         account_id account) {
  auto asset = config::find_asset(rules, o.asset);
  if (!asset)
    return tl::unexpected{asset.error()};
  auto much = config::parse_amount(o.amount, rules.assets[asset->value()]);
  if (!much)
    return tl::unexpected{much.error()};
  return std::vector<request>{Request{account, *asset, *much}};
}

template <class Request>
void add_move(CLI::App& group, app_context& context, const std::string& name,
              const std::string& description) {
  auto* verb = add_verb(group, context, name, description,
                        "bourse account " + name + " taker-0 1000 USD --net net");
  auto o = std::make_shared<money_options>();
  o->order.trader.as_treasurer = true;
  verb->add_option("ACCOUNT", o->order.account, "Whose it is; any account")->required();
  verb->add_option("AMOUNT", o->amount, "How much")->required()->check(above_zero());
  verb->add_option("ASSET", o->asset, "Such as USD")->required();
  add_trader_options(*verb, o->order.trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return run_order(o->order, context.out, [o](const market::rules& rules, account_id account) {
        return make_move<Request>(*o, rules, account);
      });
    };
  });
}

} // namespace

void add_account_deposit(CLI::App& account, app_context& context) {
  add_move<deposit>(account, context, "deposit", "As treasurer: bring an asset into the exchange");
}

void add_account_withdraw(CLI::App& account, app_context& context) {
  add_move<withdraw>(account, context, "withdraw", "As treasurer: take a free balance out of it");
}

} // namespace bourse::app
