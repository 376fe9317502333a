// What the verbs that look at one instrument share.
#pragma once

#include <cstdint>
#include <string>

#include "app/trader.hpp"

namespace bourse::app {

struct view_options {
  trader_options trader;
  std::string instrument;
  std::uint32_t limit = 0;
  bool unproved = false;
};

/// INSTRUMENT, `limit_name` (what it limits, in words), --unproved, and those of
/// add_trader_options.
void add_view_options(CLI::App& verb, view_options& o, const std::string& limit_name,
                      const std::string& limits);

struct market_view {
  market::instrument instrument;
  messages::sequence_number at; ///< the block that it is true of
  messages::bytes body;         ///< encoded, of the kind asked for
  std::string said_by;          ///< "as 2 replicas say"
};

/// Asks what the options name. Errors: those of load_trader, find_instrument and the answer.
messages::expected<market_view> load_view(const view_options& o, messages::query_kind kind);

} // namespace bourse::app
