#include "config/decimal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "messages/assert.hpp"
#include "messages/checked.hpp"

namespace bourse::config {

namespace {

constexpr std::size_t max_whole_digits = 19; // 2^63 has as many
constexpr unsigned max_step_digits = 18;     // so that a price times its tick fits 128 bits
constexpr std::size_t max_shown = 60;        // of a text that is quoted in an error

__int128 power_of_ten(unsigned n) {
  __int128 x = 1;
  for (; n > 0; --n)
    x *= 10;
  return x;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string quoted(std::string_view text) {
  if (text.size() <= max_shown)
    return fmt::format("\"{}\"", text);
  return fmt::format("\"{}...\"", text.substr(0, max_shown));
}

/// `count` steps as text, with `digits` behind the point or more if it takes them.
std::string multiply(std::int64_t count, std::string_view step, std::uint8_t digits) {
  auto s = parse_decimal(step);
  BOURSE_ASSERT(s.has_value()); // derive_units has read it before
  auto negative = count < 0;
  auto product = (negative ? -static_cast<__int128>(count) : count) * s->coefficient;
  auto unit = power_of_ten(s->scale);
  std::string text = fmt::format("{}{}", negative ? "-" : "", product / unit);
  std::string behind = s->scale > 0 ? fmt::format("{:0{}}", product % unit, s->scale) : "";
  while (behind.size() > digits && behind.back() == '0')
    behind.pop_back();
  if (behind.size() < digits)
    behind.append(digits - behind.size(), '0');
  return behind.empty() ? text : text + '.' + behind;
}

/// As many digits behind the point as the text itself has.
std::uint8_t digits_behind_point(std::string_view text) {
  auto point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<std::uint8_t>(text.size() - point - 1);
}

} // namespace

expected<decimal> parse_decimal(std::string_view text) {
  auto point = text.find('.');
  auto whole = text.substr(0, point);
  auto behind = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || !all_digits(whole) || !all_digits(behind)
      || (point != std::string_view::npos && behind.empty()))
    return fail(errc::config_invalid,
                quoted(text) + R"( is not a decimal number such as "12" or "0.05")");
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  behind = behind.substr(0, behind.find_last_not_of('0') + 1);
  if (whole.size() > max_whole_digits)
    return fail(errc::config_invalid, fmt::format("{} has more than {} digits before the point",
                                                  quoted(text), max_whole_digits));
  if (behind.size() > max_decimals)
    return fail(errc::config_invalid, fmt::format("{} has more than {} digits behind the point",
                                                  quoted(text), max_decimals));
  decimal d;
  d.scale = static_cast<std::uint8_t>(behind.size());
  for (auto part : {whole, behind})
    for (char c : part)
      d.coefficient = d.coefficient * 10 + (c - '0');
  return d;
}

expected<std::int64_t> parse_units(std::string_view text, std::uint8_t decimals) {
  auto d = parse_decimal(text);
  if (!d)
    return tl::unexpected(d.error());
  if (d->scale > decimals)
    return fail(errc::config_invalid,
                fmt::format("{} has more than {} digits behind the point", quoted(text), decimals));
  __int128 units = 0;
  auto overflow = __builtin_mul_overflow(d->coefficient, power_of_ten(decimals - d->scale), &units);
  auto n = overflow ? std::nullopt : narrow(units);
  if (!n)
    return fail(errc::config_invalid, fmt::format("{} is more than the largest amount, {}",
                                                  quoted(text), format_units(INT64_MAX, decimals)));
  return *n;
}

std::string format_units(std::int64_t units, std::uint8_t decimals) {
  auto unit = decimals == 0 ? std::string{"1"} : "0." + std::string(decimals - 1U, '0') + "1";
  return multiply(units, unit, 0);
}

namespace {

enum class misfit : std::uint8_t { off_step, too_large };

/// How many of `step` are in `value`.
tl::expected<std::int64_t, misfit> count_of(const decimal& value, const decimal& step) {
  auto scale = std::max(value.scale, step.scale);
  __int128 v = 0;
  __int128 s = 0;
  // Coefficients are below 10^37, so a factor of up to 10^18 may leave 128 bits.
  if (__builtin_mul_overflow(value.coefficient, power_of_ten(scale - value.scale), &v)
      || __builtin_mul_overflow(step.coefficient, power_of_ten(scale - step.scale), &s))
    return tl::unexpected(misfit::too_large);
  if (v % s != 0)
    return tl::unexpected(misfit::off_step);
  if (auto n = narrow(v / s))
    return *n;
  return tl::unexpected(misfit::too_large);
}

/// Both a price and a quantity are a number of steps that the instrument fixes, from 1 to `most`.
expected<std::int64_t> parse_steps(std::string_view text, std::string_view step, std::int64_t most,
                                   std::string_view what, std::string_view step_name,
                                   const std::string& instrument) {
  auto value = parse_decimal(text);
  if (!value)
    return fail(errc::config_invalid, fmt::format("{} {}", what, value.error().detail));
  auto size = parse_decimal(step);
  BOURSE_ASSERT(size.has_value()); // derive_units has read it before
  if (value->coefficient == 0)
    return fail(errc::config_invalid, fmt::format("{} must be more than 0", what));
  auto n = count_of(*value, *size);
  if (!n && n.error() == misfit::off_step)
    return fail(errc::config_invalid, fmt::format("{} {} is not on the {} {} of {}", what, text,
                                                  step_name, step, instrument));
  if (!n || *n > most)
    return fail(errc::config_invalid, fmt::format("{} {} is more than the largest of {}, {}", what,
                                                  text, instrument, multiply(most, step, 0)));
  return *n;
}

} // namespace

expected<price> parse_price(std::string_view text, const market::instrument& i) {
  return parse_steps(text, i.tick, max_price, "price", "tick", i.name).map([](std::int64_t n) {
    return price{n};
  });
}

expected<quantity> parse_quantity(std::string_view text, const market::instrument& i) {
  return parse_steps(text, i.lot, max_quantity, "quantity", "lot", i.name).map([](std::int64_t n) {
    return quantity{n};
  });
}

expected<amount> parse_amount(std::string_view text, const market::asset& a) {
  auto units = parse_units(text, a.decimals);
  if (!units)
    return fail(errc::config_invalid,
                fmt::format("amount of {}: {}", a.name, units.error().detail));
  return amount{*units};
}

std::string to_text(price p, const market::instrument& i) {
  return multiply(p.value(), i.tick, digits_behind_point(i.tick));
}

std::string to_text(quantity q, const market::instrument& i) {
  return multiply(q.value(), i.lot, 0);
}

std::string to_text(amount x, const market::asset& a) {
  return format_units(x.value(), a.decimals);
}

expected<void> derive_units(market::instrument& i, const market::asset& base,
                            const market::asset& quote) {
  auto tick = parse_decimal(i.tick);
  if (!tick)
    return fail(errc::config_invalid, "tick " + tick.error().detail);
  auto lot = parse_decimal(i.lot);
  if (!lot)
    return fail(errc::config_invalid, "lot " + lot.error().detail);
  if (tick->coefficient == 0 || lot->coefficient == 0)
    return fail(errc::config_invalid, "tick and lot must be more than 0");
  if (tick->coefficient > power_of_ten(max_step_digits)
      || lot->coefficient > power_of_ten(max_step_digits))
    return fail(errc::config_invalid,
                fmt::format("tick and lot may have {} digits each", max_step_digits));
  auto lot_units = parse_units(i.lot, base.decimals);
  if (!lot_units)
    return fail(errc::config_invalid,
                fmt::format("lot {} is not a whole number of {}'s smallest units, 10^-{}: make the "
                            "lot larger or give {} more decimals",
                            i.lot, base.name, base.decimals, base.name));
  // tick * lot = product * 10^-(both scales), to be a whole number of 10^-decimals.
  __int128 product = 0;
  if (__builtin_mul_overflow(tick->coefficient, lot->coefficient, &product))
    return fail(errc::config_invalid, "tick times lot is too large: make one of them smaller");
  auto scale = tick->scale + lot->scale;
  while (scale > quote.decimals && product % 10 == 0) {
    product /= 10;
    --scale;
  }
  if (scale > quote.decimals)
    return fail(errc::config_invalid,
                fmt::format("a lot of {} at a price of one tick, {}, costs a part of {}'s smallest "
                            "unit, 10^-{}: give {} {} decimals, or make tick or lot larger",
                            i.lot, i.tick, quote.name, quote.decimals, quote.name, scale));
  __int128 units = 0;
  auto overflow = __builtin_mul_overflow(
      product, power_of_ten(static_cast<unsigned>(quote.decimals - scale)), &units);
  auto tick_lot_units = overflow ? std::nullopt : narrow(units);
  if (!tick_lot_units)
    return fail(errc::config_invalid, "tick times lot is too large: make one of them smaller");
  i.lot_units = *lot_units;
  i.tick_lot_units = *tick_lot_units;
  return {};
}

} // namespace bourse::config
