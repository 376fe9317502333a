#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/market_text.hpp"
#include "app/trader.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

struct trades_options {
  trader_options trader;
  std::string instrument;
  std::uint32_t limit = 20;
  bool unproved = false;
};

void print(const trades_view& view, const market::instrument& i, const output& out) {
  if (out.json) {
    auto all = nlohmann::json::array();
    for (const auto& t : view.trades)
      all.push_back({{"trade", to_text(t.id)},
                     {"time_ms", t.time.value()},
                     {"price", config::to_text(t.price, i)},
                     {"quantity", config::to_text(t.quantity, i)},
                     {"taker", to_text(t.taker_side)}});
    out.print(nlohmann::json{{"instrument", i.name}, {"trades", all}});
    return;
  }
  if (view.trades.empty()) {
    out.line("No trades.");
    return;
  }
  table t;
  t.column("TRADE").column("TIME (UTC)").column("TAKER");
  t.column("QUANTITY", align::right).column("PRICE", align::right);
  for (const auto& one : view.trades)
    t.row({to_text(one.id), to_text(one.time), std::string{to_text(one.taker_side)},
           config::to_text(one.quantity, i), config::to_text(one.price, i)});
  out.print(t);
}

exit_code show_trades(const trades_options& o, const output& out) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return out.fail(identity.error());
  auto where = config::find_instrument(identity->genesis.market, o.instrument);
  if (!where)
    return out.fail(where.error());
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return out.fail(who.error());
  actors::question q;
  q.kind = query_kind::trades;
  q.subject = where->value();
  q.limit = o.limit;
  q.how = o.unproved ? actors::trust::one : actors::trust::quorum;
  auto answer = (*who)->ask(q);
  if (!answer)
    return out.fail(answer.error());
  auto view = decode_trades_view((*answer)->body);
  if (!view)
    return out.fail(view.error());
  print(*view, (*who)->rules().instruments[where->value()], out);
  return exit_code::ok;
}

} // namespace

void add_trades(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "trades", "Show the latest trades of an instrument",
                        "bourse trades BTC-USD --net net");
  auto o = std::make_shared<trades_options>();
  verb->add_option("INSTRUMENT", o->instrument, "Such as BTC-USD")->required();
  verb->add_option("--limit", o->limit, "How many, newest first")->capture_default_str();
  verb->add_flag("--unproved", o->unproved, "Believe one replica, instead of f+1 that agree");
  add_trader_options(*verb, o->trader);
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return show_trades(*o, context.out);
    };
  });
}

} // namespace bourse::app
