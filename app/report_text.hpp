// Execution reports for people and for scripts.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/market_text.hpp"
#include "market/rules.hpp"
#include "messages/report.hpp"

namespace bourse::app {

/// "fill: bought 0.5 BTC-USD at 236.47 for account bids, as maker, fee 0.118235 USD, order 7,
/// trade 12.3" - one line, without those parts that the report does not have.
std::string to_text(const messages::report& r, const market::rules& rules);
/// Every field that applies, prices and amounts as decimal texts, the fee's asset beside it.
nlohmann::json to_json(const messages::report& r, const market::rules& rules);

} // namespace bourse::app
