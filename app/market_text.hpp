// The market's things in the words and numbers of people: names for indices, decimals for ticks,
// lots and units. What comes from outside may name what the rules do not know; that is shown as a
// number.
#pragma once

#include <string>

#include "market/rules.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::app {

class market_text {
public:
  /// `rules` outlives it; without any instruments and assets everything is shown as numbers.
  explicit market_text(const market::rules& rules) : rules_(rules) {}

  std::string account(messages::account_id id) const;
  std::string client(messages::client_id id) const;
  std::string instrument(messages::instrument_id id) const;
  std::string asset(messages::asset_id id) const;

  /// "236.47", or "23647 ticks"
  std::string price(messages::price p, messages::instrument_id of) const;
  /// "0.5", or "50000000 lots"
  std::string quantity(messages::quantity q, messages::instrument_id of) const;
  /// "12.5 USD", or "125 units of #7"
  std::string amount(messages::amount x, messages::asset_id of) const;
  /// In the instrument's quote asset.
  std::string quote_amount(messages::amount x, messages::instrument_id of) const;

  /// The numbers alone, of what is named beside them: "236.47", or "23647".
  std::string bare_price(messages::price p, messages::instrument_id of) const;
  std::string bare_quantity(messages::quantity q, messages::instrument_id of) const;
  std::string bare_amount(messages::amount x, messages::asset_id of) const;
  std::string bare_quote_amount(messages::amount x, messages::instrument_id of) const;
  /// The asset that prices of the instrument are in; empty if the rules do not know it.
  std::string quote_asset(messages::instrument_id of) const;

  /// "buy 0.5 BTC-USD at 236.47 for account bids, post_only, order 7"
  std::string request(const messages::request& r) const;

private:
  const market::instrument* find(messages::instrument_id id) const;

  const market::rules& rules_;
};

/// "BLOCK.INDEX"
std::string to_text(messages::order_id id);
std::string to_text(messages::trade_id id);
std::string_view to_text(messages::side s);
/// "good_till_cancel"
std::string_view to_text(messages::time_in_force tif);
/// "2015-05-01 00:00:04.518", in UTC
std::string to_text(messages::block_time t);

} // namespace bourse::app
