#include "app/order.hpp"

#include <algorithm>
#include <chrono>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/report_text.hpp"
#include "app/typed.hpp"
#include "app/verbs.hpp"
#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

void add_order_options(CLI::App& verb, order_options& o) {
  add_trader_options(verb, o.trader);
  verb.add_option("--account", o.account, "For which account (the client's first)");
  verb.add_option("--stream", o.stream,
                  "On which of the client's streams; requests of one never overtake each other")
      ->capture_default_str()
      ->check(CLI::Range(std::uint32_t{0}, static_cast<std::uint32_t>(max_streams - 1)));
}

client_order_id fresh_order_name() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  return client_order_id{static_cast<std::uint64_t>(us)};
}

namespace {

exit_code print(const actors::placed& placed, const market::rules& rules, const output& out) {
  bool rejected = std::any_of(placed.reports.begin(), placed.reports.end(),
                              [](const report& r) { return r.kind == report_kind::rejected; });
  if (out.json) {
    auto reports = nlohmann::json::array();
    for (const auto& r : placed.reports)
      reports.push_back(to_json(r, rules));
    out.print(nlohmann::json{{"block", placed.block.value()},
                             {"submission", placed.number.value()},
                             {"rejected", rejected},
                             {"reports", reports}});
  } else {
    for (const auto& r : placed.reports)
      out.line(fmt::format("{:>6}  {}", r.number.value(),
                           out.paint(r.kind == report_kind::rejected ? colour::red : colour::plain,
                                     to_text(r, rules))));
    out.line(fmt::format("Executed in block {}.", placed.block.value()));
  }
  return rejected ? exit_code::failed : exit_code::ok;
}

} // namespace

void add_order_terms(CLI::App& verb, typed_order& typed, const std::string& side_help,
                     const std::string& quantity_help) {
  add_choice<side>(verb, "SIDE", typed.side, {{"buy", side::buy}, {"sell", side::sell}}, side_help)
      ->required();
  verb.add_option("QUANTITY", typed.quantity, quantity_help)->required()->check(above_zero());
  verb.add_option("INSTRUMENT", typed.instrument, "Such as BTC-USD")->required();
}

expected<order_terms> read_terms(const typed_order& typed, const market::rules& rules) {
  auto where = config::find_instrument(rules, typed.instrument);
  if (!where)
    return tl::unexpected{where.error()};
  const auto& instrument = rules.instruments[where->value()];
  auto quantity = config::parse_quantity(typed.quantity, instrument);
  if (!quantity)
    return tl::unexpected{quantity.error()};
  order_terms terms{*where, typed.side.value(), *quantity, {}};
  if (typed.market)
    return terms;
  auto price = config::parse_price(typed.price, instrument);
  if (!price)
    return tl::unexpected{price.error()};
  terms.price = *price;
  return terms;
}

exit_code run_order(const order_options& o, const output& out, const make_requests& make) {
  auto identity = load_trader(o.trader);
  if (!identity)
    return out.fail(identity.error());
  auto account = account_of(*identity, o.account);
  if (!account)
    return out.fail(account.error());
  auto requests = make(identity->genesis.market, *account);
  if (!requests)
    return out.fail(requests.error());
  auto who = trader::attach(std::move(*identity), o.trader);
  if (!who)
    return out.fail(who.error());
  auto placed = (*who)->place(stream_id{static_cast<std::uint8_t>(o.stream)}, std::move(*requests));
  if (!placed)
    return out.fail(placed.error());
  return print(**placed, (*who)->rules(), out);
}

void add_order(CLI::App& app, app_context& context) {
  auto* group = add_group(app, "order", "Place, change and cancel orders",
                          "bourse order place buy 0.5 BTC-USD --price 236.47 --net net");
  add_order_place(*group, context);
  add_order_replace(*group, context);
  add_order_cancel(*group, context);
  add_order_cancel_all(*group, context);
  add_order_dead_man(*group, context);
}

} // namespace bourse::app
