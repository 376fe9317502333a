#include "app/market_text.hpp"

#include <ctime>

#include <fmt/format.h>

#include "config/decimal.hpp"

namespace bourse::app {

using namespace messages;

namespace {

template <class Id, class T>
std::string name_of(Id id, const std::vector<T>& all) {
  return id.value() < all.size() ? all[id.value()].name : fmt::format("#{}", id.value());
}

/// One overload a kind of request.
struct request_words {
  const market_text& text;

  std::string operator()(const place& x) const {
    auto words
        = fmt::format("{} {} {}", app::to_text(x.side), text.quantity(x.quantity, x.instrument),
                      text.instrument(x.instrument));
    words
        += x.type == order_type::market ? " at market" : " at " + text.price(x.price, x.instrument);
    words += " for account " + text.account(x.account);
    if (x.max_spend != amount{0})
      words += ", for at most " + text.quote_amount(x.max_spend, x.instrument);
    if (x.tif != time_in_force::good_till_cancel)
      words += fmt::format(", {}", app::to_text(x.tif));
    if (x.expire_after != sequence_number{0})
      words += fmt::format(" {}", x.expire_after.value());
    if (x.liquidation)
      words += ", liquidation";
    return words + fmt::format(", order {}", x.client_order.value());
  }
  std::string operator()(const cancel& x) const {
    return fmt::format("cancel order {} in {} of account {}", x.client_order.value(),
                       text.instrument(x.instrument), text.account(x.account));
  }
  std::string operator()(const replace& x) const {
    return fmt::format("replace order {} in {} of account {} by order {}: {} at {}{}",
                       x.client_order.value(), text.instrument(x.instrument),
                       text.account(x.account), x.new_client_order.value(),
                       text.quantity(x.quantity, x.instrument), text.price(x.price, x.instrument),
                       x.post_only ? ", post_only" : "");
  }
  std::string operator()(const cancel_all& x) const {
    return fmt::format("cancel all orders of account {} in {}", text.account(x.account),
                       x.instrument ? text.instrument(*x.instrument) : "every instrument");
  }
  std::string operator()(const deposit& x) const {
    return fmt::format("deposit {} to account {}", text.amount(x.amount, x.asset),
                       text.account(x.account));
  }
  std::string operator()(const withdraw& x) const {
    return fmt::format("withdraw {} from account {}", text.amount(x.amount, x.asset),
                       text.account(x.account));
  }
  std::string operator()(const dead_man_switch& x) const {
    if (x.timeout_ms == 0)
      return fmt::format("disarm the dead-man's switch of account {}", text.account(x.account));
    return fmt::format("cancel all orders of account {} unless told otherwise within {} ms",
                       text.account(x.account), x.timeout_ms);
  }
};

} // namespace

const market::instrument* market_text::find(instrument_id id) const {
  return id.value() < rules_.instruments.size() ? &rules_.instruments[id.value()] : nullptr;
}

std::string market_text::account(account_id id) const {
  return name_of(id, rules_.accounts);
}

std::string market_text::client(client_id id) const {
  return name_of(id, rules_.clients);
}

std::string market_text::instrument(instrument_id id) const {
  return name_of(id, rules_.instruments);
}

std::string market_text::asset(asset_id id) const {
  return name_of(id, rules_.assets);
}

std::string market_text::bare_price(messages::price p, instrument_id of) const {
  const auto* i = find(of);
  return i != nullptr ? config::to_text(p, *i) : std::to_string(p.value());
}

std::string market_text::bare_quantity(messages::quantity q, instrument_id of) const {
  const auto* i = find(of);
  return i != nullptr ? config::to_text(q, *i) : std::to_string(q.value());
}

std::string market_text::bare_amount(messages::amount x, asset_id of) const {
  return of.value() < rules_.assets.size() ? config::to_text(x, rules_.assets[of.value()])
                                           : std::to_string(x.value());
}

std::string market_text::bare_quote_amount(messages::amount x, instrument_id of) const {
  const auto* i = find(of);
  return i != nullptr ? bare_amount(x, i->quote) : std::to_string(x.value());
}

std::string market_text::quote_asset(instrument_id of) const {
  const auto* i = find(of);
  return i != nullptr ? asset(i->quote) : std::string{};
}

std::string market_text::price(messages::price p, instrument_id of) const {
  return bare_price(p, of) + (find(of) != nullptr ? "" : " ticks");
}

std::string market_text::quantity(messages::quantity q, instrument_id of) const {
  return bare_quantity(q, of) + (find(of) != nullptr ? "" : " lots");
}

std::string market_text::amount(messages::amount x, asset_id of) const {
  auto known = of.value() < rules_.assets.size();
  return fmt::format("{}{} {}", bare_amount(x, of), known ? "" : " units of", asset(of));
}

std::string market_text::quote_amount(messages::amount x, instrument_id of) const {
  const auto* i = find(of);
  return i != nullptr ? amount(x, i->quote) : bare_quote_amount(x, of) + " units";
}

std::string market_text::request(const messages::request& r) const {
  return std::visit(request_words{*this}, r);
}

std::string to_text(order_id id) {
  return fmt::format("{}.{}", id.value() >> 16, id.value() & 0xffff);
}

std::string to_text(trade_id id) {
  return fmt::format("{}.{}", id.value() >> 24, id.value() & 0xff'ffff);
}

std::string_view to_text(side s) {
  return s == side::buy ? "buy" : "sell";
}

std::string_view to_text(time_in_force tif) {
  switch (tif) {
    case time_in_force::good_till_cancel:
      return "good_till_cancel";
    case time_in_force::immediate_or_cancel:
      return "immediate_or_cancel";
    case time_in_force::fill_or_kill:
      return "fill_or_kill";
    case time_in_force::post_only:
      return "post_only";
    case time_in_force::good_till_block:
      return "good_till_block";
  }
  return "unknown_time_in_force";
}

std::string to_text(block_time t) {
  auto seconds = static_cast<std::time_t>(t.value() / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts); // false of times beyond the year 2^31, which then are shown as 1900
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     t.value() % 1000);
}

} // namespace bourse::app
