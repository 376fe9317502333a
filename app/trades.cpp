#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/market_text.hpp"
#include "app/market_view.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

void print(const trades_view& view, const market_view& from, bool proved, const output& out) {
  const auto& i = from.instrument;
  if (out.json) {
    auto all = nlohmann::json::array();
    for (const auto& t : view.trades)
      all.push_back({{"trade", to_text(t.id)},
                     {"time_ms", t.time.value()},
                     {"price", config::to_text(t.price, i)},
                     {"quantity", config::to_text(t.quantity, i)},
                     {"taker", to_text(t.taker_side)}});
    out.print(nlohmann::json{
        {"instrument", i.name}, {"block", from.at.value()}, {"proved", proved}, {"trades", all}});
    return;
  }
  table t;
  t.column("TRADE").column("TIME (UTC)").column("TAKER");
  t.column("QUANTITY", align::right).column("PRICE", align::right);
  for (const auto& one : view.trades)
    t.row({to_text(one.id), to_text(one.time), std::string{to_text(one.taker_side)},
           config::to_text(one.quantity, i), config::to_text(one.price, i)});
  if (t.rows() == 0)
    out.line("No trades.");
  else
    out.print(t);
  out.line(fmt::format("{} as of block {}, {}.", i.name, from.at.value(), from.said_by));
}

exit_code show_trades(const view_options& o, const output& out) {
  auto from = load_view(o, query_kind::trades);
  if (!from)
    return out.fail(from.error());
  auto view = decode_trades_view(from->body);
  if (!view)
    return out.fail(view.error());
  print(*view, *from, !o.unproved, out);
  return exit_code::ok;
}

} // namespace

void add_trades(CLI::App& app, app_context& context) {
  auto* verb = add_verb(app, context, "trades", "Show the latest trades of an instrument",
                        "bourse trades BTC-USD --net net");
  auto o = std::make_shared<view_options>();
  o->limit = 20;
  add_view_options(*verb, *o, "--limit", "How many, newest first");
  verb->callback([o, &context] {
    context.run = [o, &context] {
      return show_trades(*o, context.out);
    };
  });
}

} // namespace bourse::app
