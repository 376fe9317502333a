#include "app/market_json.hpp"

#include <nlohmann/json.hpp>

#include "app/market_text.hpp"

namespace bourse::app {

using namespace messages;

namespace {

using nlohmann::json;

struct request_members {
  const market_text& text;

  json operator()(const place& x) const {
    json out{{"kind", "place"},
             {"account", text.account(x.account)},
             {"instrument", text.instrument(x.instrument)},
             {"client_order", x.client_order.value()},
             {"side", to_text(x.side)},
             {"quantity", text.bare_quantity(x.quantity, x.instrument)}};
    if (x.type == order_type::market)
      out["market"] = true;
    else
      out["price"] = text.bare_price(x.price, x.instrument);
    out["time_in_force"] = to_text(x.tif);
    if (x.max_spend != amount{0})
      out["max_spend"] = text.bare_quote_amount(x.max_spend, x.instrument);
    if (x.expire_after != sequence_number{0})
      out["expire_after"] = x.expire_after.value();
    if (x.liquidation)
      out["liquidation"] = true;
    return out;
  }
  json operator()(const cancel& x) const {
    return {{"kind", "cancel"},
            {"account", text.account(x.account)},
            {"instrument", text.instrument(x.instrument)},
            {"client_order", x.client_order.value()}};
  }
  json operator()(const replace& x) const {
    return {{"kind", "replace"},
            {"account", text.account(x.account)},
            {"instrument", text.instrument(x.instrument)},
            {"client_order", x.client_order.value()},
            {"new_client_order", x.new_client_order.value()},
            {"side", to_text(x.side)},
            {"quantity", text.bare_quantity(x.quantity, x.instrument)},
            {"price", text.bare_price(x.price, x.instrument)},
            {"post_only", x.post_only}};
  }
  json operator()(const cancel_all& x) const {
    json out{{"kind", "cancel_all"}, {"account", text.account(x.account)}};
    if (x.instrument)
      out["instrument"] = text.instrument(*x.instrument);
    return out;
  }
  json operator()(const deposit& x) const {
    return moved("deposit", x.account, x.asset, x.amount);
  }
  json operator()(const withdraw& x) const {
    return moved("withdraw", x.account, x.asset, x.amount);
  }
  json operator()(const dead_man_switch& x) const {
    return {{"kind", "dead_man_switch"},
            {"account", text.account(x.account)},
            {"timeout_ms", x.timeout_ms}};
  }

  json moved(const char* kind, account_id account, asset_id asset, amount much) const {
    return {{"kind", kind},
            {"account", text.account(account)},
            {"amount", text.bare_amount(much, asset)},
            {"asset", text.asset(asset)}};
  }
};

} // namespace

json to_json(const request& r, const market::rules& rules) {
  market_text text{rules};
  return std::visit(request_members{text}, r);
}

json to_json(const settlement& s, const market::rules& rules) {
  market_text text{rules};
  json out = json::object();
  if (s.trade != trade_id{0})
    out = {{"trade", to_text(s.trade)},
           {"instrument", text.instrument(s.instrument)},
           {"price", text.bare_price(s.price, s.instrument)},
           {"quantity", text.bare_quantity(s.quantity, s.instrument)},
           {"taker", to_text(s.taker_side)},
           {"maker_order", to_text(s.maker_order)},
           {"taker_order", to_text(s.taker_order)}};
  auto owner = [&text](account_id id) {
    return id == transfer::outside ? json{} : json(text.account(id));
  };
  out["transfers"] = json::array();
  for (const auto& t : s.transfers)
    out["transfers"].push_back({{"amount", text.bare_amount(t.amount, t.asset)},
                                {"asset", text.asset(t.asset)},
                                {"from", owner(t.from)},
                                {"to", owner(t.to)}});
  return out;
}

} // namespace bourse::app
