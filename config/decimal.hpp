// Exact decimals: between what people and files write ("236.47") and the integers that the market
// knows (ticks, lots, smallest units). Nothing is ever rounded: what does not fit is an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "market/rules.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::config {

using namespace messages;

/// coefficient * 10^-scale, the scale as small as possible. Never negative.
struct decimal {
  __int128 coefficient = 0;
  std::uint8_t scale = 0;

  friend bool operator==(const decimal&, const decimal&) = default;
};

/// Most digits behind the point, and most decimals of an asset.
inline constexpr std::uint8_t max_decimals = 18;

/// Digits, then perhaps a point and more digits; no sign, exponent or blanks. At most 19 digits
/// before the point and max_decimals behind it, zeros at either end apart. Errors: config_invalid
/// with the text and what is wrong with it.
expected<decimal> parse_decimal(std::string_view text);

/// `text` in units of 10^-decimals. Errors: config_invalid, also for a part of a unit.
expected<std::int64_t> parse_units(std::string_view text, std::uint8_t decimals);
/// The reverse, without zeros at the end: "1.5", "-0.01", "100".
std::string format_units(std::int64_t units, std::uint8_t decimals);

/// What people type for an order, checked against the instrument: 1 to max_price, 1 to
/// max_quantity. Errors: config_invalid, such as "price 236.475 is not on the tick 0.01 of
/// BTC-USD".
expected<price> parse_price(std::string_view text, const market::instrument& i);
expected<quantity> parse_quantity(std::string_view text, const market::instrument& i);
/// 0 or more of the asset. Errors: config_invalid.
expected<amount> parse_amount(std::string_view text, const market::asset& a);

/// A price has as many digits behind the point as the tick, so that columns line up.
std::string to_text(price p, const market::instrument& i);
std::string to_text(quantity q, const market::instrument& i);
std::string to_text(amount x, const market::asset& a);

/// Fills in lot_units and tick_lot_units from `tick` and `lot`. Errors: config_invalid if a lot is
/// not a whole number of the base asset's smallest unit, or a lot at a price of one tick not a
/// whole number of the quote asset's; the detail says which and what would do.
expected<void> derive_units(market::instrument& i, const market::asset& base,
                            const market::asset& quote);

} // namespace bourse::config
