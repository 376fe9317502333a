#include "app/report_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bourse::app {

using namespace messages;

namespace {

/// Requests without an order have neither quantity nor side.
bool has_order(const report& r) {
  return r.quantity != quantity{0};
}

std::string_view verb_of(const report& r) {
  if (r.kind == report_kind::fill)
    return r.side == side::buy ? "bought" : "sold";
  return to_text(r.side);
}

} // namespace

std::string to_text(const report& r, const market::rules& rules) {
  market_text words{rules};
  auto fill = r.kind == report_kind::fill;
  std::string text{to_string(r.kind)};
  if (r.why != reason::none)
    text += fmt::format(" ({})", to_string(r.why));
  text += ":";
  if (has_order(r)) {
    text += fmt::format(" {} {} {}", verb_of(r), words.quantity(r.quantity, r.instrument),
                        words.instrument(r.instrument));
    text += r.price == price{0} ? " at market" : " at " + words.price(r.price, r.instrument);
  }
  text += " for account " + words.account(r.account);
  if (r.role != role::none)
    text += r.role == role::maker ? ", as maker" : ", as taker";
  if (fill)
    text += ", fee " + words.quote_amount(r.fee, r.instrument);
  if (r.client_order != client_order_id{0})
    text += fmt::format(", order {}", r.client_order.value());
  if (has_order(r) && r.leaves != quantity{0})
    text += fmt::format(", {} left open", words.quantity(r.leaves, r.instrument));
  if (fill)
    text += ", trade " + to_text(r.trade);
  return text;
}

nlohmann::json to_json(const report& r, const market::rules& rules) {
  market_text words{rules};
  nlohmann::json json{{"number", r.number.value()},
                      {"kind", to_string(r.kind)},
                      {"client", words.client(r.client)},
                      {"account", words.account(r.account)}};
  if (r.why != reason::none)
    json["reason"] = to_string(r.why);
  if (r.client_order != client_order_id{0})
    json["client_order"] = r.client_order.value();
  if (r.order != order_id{0})
    json["order"] = to_text(r.order);
  if (has_order(r)) {
    json["instrument"] = words.instrument(r.instrument);
    json["side"] = to_text(r.side);
    json["quantity"] = words.quantity(r.quantity, r.instrument);
    json["leaves"] = words.quantity(r.leaves, r.instrument);
    if (r.price != price{0})
      json["price"] = words.price(r.price, r.instrument);
  }
  if (r.kind == report_kind::fill) {
    json["role"] = r.role == role::maker ? "maker" : "taker";
    json["fee"] = words.bare_quote_amount(r.fee, r.instrument);
    json["fee_asset"] = words.quote_asset(r.instrument);
    json["trade"] = to_text(r.trade);
  }
  if (r.submission != submission_number{0}) {
    json["stream"] = r.stream.value();
    json["submission"] = r.submission.value();
    json["index"] = r.index;
  }
  return json;
}

} // namespace bourse::app
