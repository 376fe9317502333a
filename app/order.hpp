// What the verbs of `bourse order` share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/trader.hpp"

namespace bourse::app {

struct order_options {
  trader_options trader;
  std::string account;
  std::uint32_t stream = 0;
};

/// Those of add_trader_options, --account and --stream.
void add_order_options(CLI::App& verb, order_options& o);

/// Makes the requests once the genesis file is known. Errors are those of what people typed.
using make_requests = std::function<messages::expected<std::vector<messages::request>>(
    const market::rules&, messages::account_id)>;

/// Attaches, places, and prints what became of it. Fails if any of it was rejected.
exit_code run_order(const order_options& o, const output& out, const make_requests& make);

/// A name for an order that no open order has, whichever process made it: microseconds since the
/// Unix epoch.
messages::client_order_id fresh_order_name();

/// What is typed for every order: SIDE QUANTITY INSTRUMENT and --price.
struct typed_order {
  std::optional<messages::side> side;
  std::string quantity;
  std::string instrument;
  std::string price;
  bool market = false; ///< then there is no price
};

struct order_terms {
  messages::instrument_id instrument;
  messages::side side = messages::side::buy;
  messages::quantity quantity;
  messages::price price; ///< 0 of market orders
};

/// SIDE, QUANTITY and INSTRUMENT, in this order.
void add_order_terms(CLI::App& verb, typed_order& typed, const std::string& side_help,
                     const std::string& quantity_help);

/// SIDE was given. Errors: those of find_instrument and the parsers.
messages::expected<order_terms> read_terms(const typed_order& typed, const market::rules& rules);

void add_order_place(CLI::App& group, app_context& context);
void add_order_cancel(CLI::App& group, app_context& context);
void add_order_cancel_all(CLI::App& group, app_context& context);
void add_order_replace(CLI::App& group, app_context& context);
void add_order_dead_man(CLI::App& group, app_context& context);

} // namespace bourse::app
