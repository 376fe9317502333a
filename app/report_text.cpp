#include "app/report_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

template <class Id, class T>
std::string name_of(Id id, const std::vector<T>& all) {
  return id.value() < all.size() ? all[id.value()].name : fmt::format("#{}", id.value());
}

const market::instrument* find(const report& r, const market::rules& rules) {
  auto i = r.instrument.value();
  return i < rules.instruments.size() ? &rules.instruments[i] : nullptr;
}

std::string quantity_text(quantity q, const market::instrument* i) {
  return i != nullptr ? config::to_text(q, *i) : fmt::format("{} lots", q.value());
}

std::string price_text(price p, const market::instrument* i) {
  return i != nullptr ? config::to_text(p, *i) : fmt::format("{} ticks", p.value());
}

/// Fees are in the quote asset.
std::string fee_text(amount fee, const market::instrument* i, const market::rules& rules) {
  if (i == nullptr)
    return fmt::format("{} units", fee.value());
  const auto& quote = rules.assets[i->quote.value()];
  return fmt::format("{} {}", config::to_text(fee, quote), quote.name);
}

/// Requests without an order have neither quantity nor side.
bool has_order(const report& r) {
  return r.quantity != quantity{0};
}

std::string_view to_string(side s) {
  return s == side::buy ? "buy" : "sell";
}

} // namespace

std::string account_name(account_id id, const market::rules& rules) {
  return name_of(id, rules.accounts);
}

std::string instrument_name(instrument_id id, const market::rules& rules) {
  return name_of(id, rules.instruments);
}

std::string client_name(client_id id, const market::rules& rules) {
  return name_of(id, rules.clients);
}

std::string to_text(order_id id) {
  return fmt::format("{}.{}", id.value() >> 16, id.value() & 0xffff);
}

std::string to_text(trade_id id) {
  return fmt::format("{}.{}", id.value() >> 24, id.value() & 0xff'ffff);
}

std::string to_text(const report& r, const market::rules& rules) {
  const auto* i = find(r, rules);
  auto fill = r.kind == report_kind::fill;
  std::string text{messages::to_string(r.kind)};
  if (r.why != reason::none)
    text += fmt::format(" ({})", messages::to_string(r.why));
  text += ":";
  if (has_order(r)) {
    std::string_view verb = r.side == side::buy ? (fill ? "bought" : "buy")
                            : fill              ? "sold"
                                                : "sell";
    text += fmt::format(" {} {} {}", verb, quantity_text(r.quantity, i),
                        instrument_name(r.instrument, rules));
    text += r.price == price{0} ? " at market" : " at " + price_text(r.price, i);
  }
  text += " for account " + account_name(r.account, rules);
  if (r.role != role::none)
    text += r.role == role::maker ? ", as maker" : ", as taker";
  if (fill)
    text += ", fee " + fee_text(r.fee, i, rules);
  if (r.client_order != client_order_id{0})
    text += fmt::format(", order {}", r.client_order.value());
  if (has_order(r) && r.leaves != quantity{0})
    text += fmt::format(", {} left open", quantity_text(r.leaves, i));
  if (fill)
    text += ", trade " + to_text(r.trade);
  return text;
}

nlohmann::json to_json(const report& r, const market::rules& rules) {
  const auto* i = find(r, rules);
  nlohmann::json json{{"number", r.number.value()},
                      {"kind", messages::to_string(r.kind)},
                      {"client", client_name(r.client, rules)},
                      {"account", account_name(r.account, rules)}};
  if (r.why != reason::none)
    json["reason"] = messages::to_string(r.why);
  if (r.client_order != client_order_id{0})
    json["client_order"] = r.client_order.value();
  if (r.order != order_id{0})
    json["order"] = to_text(r.order);
  if (has_order(r)) {
    json["instrument"] = instrument_name(r.instrument, rules);
    json["side"] = to_string(r.side);
    json["quantity"] = quantity_text(r.quantity, i);
    json["leaves"] = quantity_text(r.leaves, i);
    if (r.price != price{0})
      json["price"] = price_text(r.price, i);
  }
  if (r.kind == report_kind::fill) {
    json["role"] = r.role == role::maker ? "maker" : "taker";
    json["fee"] = fee_text(r.fee, i, rules);
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
