#define CAF_SUITE decimal
#include "tests/suite.hpp"

#include "config/decimal.hpp"

#include <rapidcheck.h>

using namespace bourse::config;
namespace market = bourse::market;

namespace {

market::asset asset(std::string name, std::uint8_t decimals) {
  return {std::move(name), decimals};
}

market::instrument instrument(std::string tick, std::string lot) {
  market::instrument i;
  i.name = "BTC-USD";
  i.tick = std::move(tick);
  i.lot = std::move(lot);
  return i;
}

market::instrument btc_usd() {
  auto i = instrument("0.01", "0.00000001");
  CAF_REQUIRE(derive_units(i, asset("BTC", 8), asset("USD", 10)).has_value());
  return i;
}

template <class T>
std::string problem(const expected<T>& x) {
  return x ? "none" : x.error().detail;
}

} // namespace

CAF_TEST(decimals are digits with at most one point) {
  CAF_CHECK(parse_decimal("0") == decimal{0, 0});
  CAF_CHECK(parse_decimal("007.500") == decimal{75, 1});
  CAF_CHECK(parse_decimal("9223372036854775807") == decimal{INT64_MAX, 0});
  for (auto bad :
       {"", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "1.2.3", "1,5", "0x1", "nan"})
    CAF_CHECK(!parse_decimal(bad));
  CAF_CHECK(!parse_decimal("10000000000000000000"));
  CAF_CHECK(!parse_decimal("0.0000000000000000001"));
  CAF_CHECK(parse_decimal("00000000000000000000001.0000000000000000000000") == decimal{1, 0});
}

CAF_TEST(a long text is not repeated in full) {
  CAF_CHECK(problem(parse_decimal(std::string(5000, 'x'))).size() < 200);
}

CAF_TEST(units are exact) {
  CAF_CHECK(parse_units("1.5", 2) == 150);
  CAF_CHECK(parse_units("922337203.6854775807", 10) == INT64_MAX);
  CAF_CHECK_EQUAL(problem(parse_units("922337203.6854775808", 10)),
                  "\"922337203.6854775808\" is more than the largest amount, 922337203.6854775807");
  CAF_CHECK_EQUAL(problem(parse_units("0.005", 2)),
                  "\"0.005\" has more than 2 digits behind the point");
  CAF_CHECK(!parse_units("9999999999999999999", 18));
}

CAF_TEST(units are written without needless zeros) {
  CAF_CHECK_EQUAL(format_units(0, 8), "0");
  CAF_CHECK_EQUAL(format_units(150, 2), "1.5");
  CAF_CHECK_EQUAL(format_units(100, 2), "1");
  CAF_CHECK_EQUAL(format_units(100, 0), "100");
  CAF_CHECK_EQUAL(format_units(-1, 2), "-0.01");
  CAF_CHECK_EQUAL(format_units(INT64_MIN, 18), "-9.223372036854775808");
}

CAF_TEST(units survive being written and read) {
  CAF_CHECK(rc::check("units round trip", [] {
    auto decimals = static_cast<std::uint8_t>(*rc::gen::inRange<int>(0, 19));
    auto units = *rc::gen::arbitrary<std::int64_t>() & INT64_MAX;
    RC_ASSERT(parse_units(format_units(units, decimals), decimals) == units);
  }));
}

CAF_TEST(a price must be on the tick) {
  auto i = btc_usd();
  CAF_CHECK(parse_price("236.47", i) == price{23647});
  CAF_CHECK(parse_price("236", i) == price{23600});
  CAF_CHECK(parse_price("236.4700", i) == price{23647});
  CAF_CHECK_EQUAL(problem(parse_price("236.475", i)),
                  "price 236.475 is not on the tick 0.01 of BTC-USD");
  CAF_CHECK_EQUAL(problem(parse_price("0", i)), "price must be more than 0");
  CAF_CHECK_EQUAL(problem(parse_price("-1", i)),
                  "price \"-1\" is not a decimal number such as \"12\" or \"0.05\"");
  CAF_CHECK_EQUAL(problem(parse_price("703687441776.65", i)),
                  "price 703687441776.65 is more than the largest of BTC-USD, 703687441776.64");
  CAF_CHECK(parse_price("703687441776.64", i) == price{max_price});
  CAF_CHECK(!parse_price("9999999999999999999.999999999999999999", i));
}

CAF_TEST(a tick need not be a power of ten) {
  auto i = instrument("0.25", "100");
  CAF_REQUIRE(derive_units(i, asset("SHARE", 0), asset("EUR", 2)).has_value());
  CAF_CHECK_EQUAL(i.lot_units, 100);
  CAF_CHECK_EQUAL(i.tick_lot_units, 2500);
  CAF_CHECK(parse_price("10.75", i) == price{43});
  CAF_CHECK(!parse_price("10.80", i));
  CAF_CHECK(parse_quantity("300", i) == quantity{3});
  CAF_CHECK_EQUAL(problem(parse_quantity("250", i)),
                  "quantity 250 is not on the lot 100 of BTC-USD");
  CAF_CHECK_EQUAL(to_text(price{43}, i), "10.75");
  CAF_CHECK_EQUAL(to_text(price{44}, i), "11.00");
  CAF_CHECK_EQUAL(to_text(quantity{3}, i), "300");
}

CAF_TEST(quantities and amounts are written in full) {
  auto i = btc_usd();
  CAF_CHECK_EQUAL(to_text(quantity{200000000}, i), "2");
  CAF_CHECK_EQUAL(to_text(quantity{178855669}, i), "1.78855669");
  CAF_CHECK_EQUAL(to_text(price{23610}, i), "236.10");
  CAF_CHECK_EQUAL(to_text(quantity{max_quantity}, i), "720575940.37927936");
  CAF_CHECK_EQUAL(to_text(amount{-5}, asset("USD", 10)), "-0.0000000005");
  CAF_CHECK(parse_amount("12.5", asset("USD", 10)) == amount{125'000'000'000});
}

CAF_TEST(tick times lot must be whole units of the quote) {
  auto i = btc_usd();
  CAF_CHECK_EQUAL(i.lot_units, 1);
  CAF_CHECK_EQUAL(i.tick_lot_units, 1);
  i = instrument("0.01", "0.00000001");
  CAF_CHECK_EQUAL(
      problem(derive_units(i, asset("BTC", 8), asset("USD", 9))),
      "a lot of 0.00000001 at a price of one tick, 0.01, costs a part of USD's smallest "
      "unit, 10^-9: give USD 10 decimals, or make tick or lot larger");
  CAF_CHECK_EQUAL(
      problem(derive_units(i, asset("BTC", 7), asset("USD", 10))),
      "lot 0.00000001 is not a whole number of BTC's smallest units, 10^-7: make the lot "
      "larger or give BTC more decimals");
  // 0.5 * 0.2 = 0.1 needs one decimal, though the factors have two together.
  i = instrument("0.5", "0.2");
  CAF_REQUIRE(derive_units(i, asset("A", 1), asset("B", 1)).has_value());
  CAF_CHECK_EQUAL(i.lot_units, 2);
  CAF_CHECK_EQUAL(i.tick_lot_units, 1);
}

CAF_TEST(ticks and lots that leave 64 bits are refused) {
  for (auto [tick, lot] : {std::pair{"0", "1"},
                           {"1", "0"},
                           {"x", "1"},
                           {"1", ""},
                           {"9000000000000000000", "1"},
                           {"1000000000", "1000000000"},
                           {"999999999999999999", "999999999999999999"},
                           {"0.000000000000000001", "0.000000000000000001"}}) {
    auto i = instrument(tick, lot);
    CAF_CHECK(!derive_units(i, asset("A", 18), asset("B", 18)));
  }
}
