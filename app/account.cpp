#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/account_money.hpp"
#include "app/market_text.hpp"
#include "app/trader.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct account_options {
  trader_options trader;
  std::string account;
  bool unproved = false;
};

nlohmann::json to_json(const account_view& view, sequence_number at, bool proved,
                       const market::rules& rules) {
  auto balances = nlohmann::json::array();
  for (const auto& b : view.balances)
    if (b.asset.value() < rules.assets.size()) {
      const auto& asset = rules.assets[b.asset.value()];
      balances.push_back({{"asset", asset.name},
                          {"free", config::to_text(b.free, asset)},
                          {"held", config::to_text(b.held, asset)}});
    }
  auto orders = nlohmann::json::array();
  for (const auto& o : view.orders)
    if (o.instrument.value() < rules.instruments.size()) {
      const auto& i = rules.instruments[o.instrument.value()];
      orders.push_back({{"order", to_text(o.order)},
                        {"client_order", o.client_order.value()},
                        {"instrument", i.name},
                        {"side", to_text(o.side)},
                        {"price", config::to_text(o.price, i)},
                        {"quantity", config::to_text(o.quantity, i)},
                        {"leaves", config::to_text(o.leaves, i)}});
    }
  return {{"account", market_text{rules}.account(view.account)},
          {"block", at.value()},
          {"proved", proved},
          {"balances", balances},
          {"orders", orders}};
}

void print_tables(const nlohmann::json& view, const std::string& said_by, const output& out) {
  auto text = [](const nlohmann::json& row, const char* key) {
    return row[key].is_string() ? row[key].get<std::string>() : row[key].dump();
  };
  table balances;
  balances.column("ASSET").column("FREE", align::right).column("HELD", align::right);
  for (const auto& b : view["balances"])
    balances.row({text(b, "asset"), text(b, "free"), text(b, "held")});
  out.print(balances);
  out.line("");
  if (view["orders"].empty()) {
    out.line("No open orders.");
  } else {
    table orders;
    orders.column("ORDER").column("INSTRUMENT").column("SIDE");
    orders.column("PRICE", align::right).column("QUANTITY", align::right);
    orders.column("OPEN", align::right);
    for (const auto& o : view["orders"])
      orders.row({text(o, "client_order"), text(o, "instrument"), text(o, "side"), text(o, "price"),
                  text(o, "quantity"), text(o, "leaves")});
    out.print(orders);
  }
  out.line(fmt::format("Account {} as of block {}, {}.", text(view, "account"), text(view, "block"),
                       said_by));
}

exit_code show_account(const account_options& o, const output& out) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return out.fail(identity.error());
  auto account = account_of(*identity, o.account);
  if (!account)
    return out.fail(account.error());
  // The replicas would refuse it too, and not say whose it is.
  if (const auto& own = identity->entry().accounts;
      !std::binary_search(own.begin(), own.end(), *account))
    return out.fail({errc::not_authorised,
                     fmt::format("account {} belongs to {}, and this is client {}; choose with "
                                 "--client",
                                 o.account, owner_of(identity->genesis.market, *account),
                                 identity->entry().name)});
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return out.fail(who.error());
  actors::question q;
  q.kind = query_kind::account;
  q.subject = account->value();
  q.how = o.unproved ? actors::trust::one : actors::trust::quorum;
  auto answer = (*who)->ask(q);
  if (!answer)
    return out.fail(answer.error());
  auto view = decode_account_view((*answer)->body);
  if (!view)
    return out.fail(view.error());
  auto json = to_json(*view, (*answer)->at, !o.unproved, (*who)->rules());
  if (out.json)
    out.print(json);
  else
    print_tables(json, said_by((*who)->genesis(), o.unproved), out);
  return exit_code::ok;
}

} // namespace

void add_account(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "account", "Show an account's balances and open orders",
                        "bourse account taker-0 --net net --client taker");
  auto o = std::make_shared<account_options>();
  verb->add_option("ACCOUNT", o->account, "One that the client acts for (its first)");
  verb->add_flag("--unproved", o->unproved,
                 "Believe one replica, instead of f+1 that say the same of one block");
  add_trader_options(*verb, o->trader);
  verb->callback([o, verb, &context] {
    if (!verb->get_subcommands().empty())
      return; // which has left its own work
    context.run = [o, &context] {
      return show_account(*o, context.out);
    };
  });
  add_account_deposit(*verb, context);
  add_account_withdraw(*verb, context);
}

} // namespace bourse::app
