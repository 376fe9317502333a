// Execution reports in the words and numbers of people: names for indices, decimals for ticks, lots
// and units. Made for what comes from outside too: an index that the rules do not know is shown as
// a number.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "market/rules.hpp"
#include "messages/report.hpp"

namespace bourse::app {

/// "fill: bought 0.5 BTC-USD at 236.47 for account bids, as maker, fee 0.118235 USD, order 7,
/// trade 12.3" - one line, without those parts that the report does not have.
std::string to_text(const messages::report& r, const market::rules& rules);
/// Every field that applies, prices and amounts as decimal texts.
nlohmann::json to_json(const messages::report& r, const market::rules& rules);

std::string account_name(messages::account_id id, const market::rules& rules);
std::string instrument_name(messages::instrument_id id, const market::rules& rules);
std::string client_name(messages::client_id id, const market::rules& rules);
/// "BLOCK.INDEX"
std::string to_text(messages::order_id id);
std::string to_text(messages::trade_id id);

} // namespace bourse::app
