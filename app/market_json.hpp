// Requests and settlements for scripts: names, and decimals as texts. Where the rules do not know
// an instrument or asset, numbers count ticks, lots and smallest units.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "market/rules.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"

namespace bourse::app {

/// Every field that applies to that kind of request, which is named in `kind`.
nlohmann::json to_json(const messages::request& r, const market::rules& rules);
/// The trade, unless it is a deposit or withdrawal, and the transfers; `from` or `to` is null where
/// that is outside the exchange.
nlohmann::json to_json(const messages::settlement& s, const market::rules& rules);

} // namespace bourse::app
