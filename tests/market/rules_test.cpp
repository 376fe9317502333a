#define CAF_SUITE rules
#include "tests/suite.hpp"

#include "market/rules.hpp"
#include "tests/market/samples.hpp"

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

constexpr std::uint32_t trader = 0;
constexpr std::uint32_t liquidator = 4;

struct fixture {
  rules r = small_rules();

  fixture() {
    r.instruments[0].high_value = amount{1000};
    r.instruments[0].tick_lot_units = 10;
  }

  lane of(std::uint32_t client, std::vector<request> requests) const {
    return lane_of({client_id{client}, stream_id{0}, submission_number{1}, std::move(requests)}, r);
  }
  lane of(request x) const {
    return of(trader, {std::move(x)});
  }
};

place order(std::int64_t price, std::int64_t quantity) {
  return limit_order(0, 0, 1, side::buy, price, quantity);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(rules_tests, fixture)

CAF_TEST(ordinary orders and money are lane 4) {
  CAF_CHECK(of(order(1, 1)) == lane::ordinary);
  CAF_CHECK(of(replace{}) == lane::ordinary);
  CAF_CHECK(of(deposit{}) == lane::ordinary);
  CAF_CHECK(of(withdraw{}) == lane::ordinary);
  CAF_CHECK(of(trader, {}) == lane::ordinary);
}

CAF_TEST(cancels and makers are lane 2) {
  auto post = order(100, 100);
  post.tif = time_in_force::post_only;
  replace move;
  move.post_only = true;
  CAF_CHECK(of(post) == lane::maker);
  CAF_CHECK(of(move) == lane::maker);
  CAF_CHECK(of(cancel{}) == lane::maker);
  CAF_CHECK(of(cancel_all{}) == lane::maker);
  CAF_CHECK(of(dead_man_switch{}) == lane::maker);
}

CAF_TEST(a market order does not buy lane 2 with a time in force) {
  place p = order(0, 1);
  p.type = order_type::market;
  p.tif = time_in_force::post_only;
  CAF_CHECK(of(p) == lane::ordinary);
}

CAF_TEST(notional at the threshold is lane 3) {
  CAF_CHECK(of(order(11, 9)) == lane::ordinary);
  CAF_CHECK(of(order(10, 10)) == lane::high_value);
  replace move;
  move.price = price{10};
  move.quantity = quantity{10};
  CAF_CHECK(of(move) == lane::high_value);
  place market = order(0, 1);
  market.type = order_type::market;
  market.max_spend = amount{999};
  CAF_CHECK(of(market) == lane::ordinary);
  market.max_spend = amount{1000};
  CAF_CHECK(of(market) == lane::high_value);
  market.side = side::sell;
  CAF_CHECK(of(market) == lane::ordinary);
}

CAF_TEST(the largest notional does not overflow) {
  r.instruments[0].tick_lot_units = INT64_MAX;
  r.instruments[0].high_value = amount{INT64_MAX};
  CAF_CHECK(of(order(max_price, max_quantity)) == lane::high_value);
  CAF_CHECK(of(order(INT64_MAX, INT64_MAX)) == lane::high_value);
}

CAF_TEST(liquidations are lane 1 by right only) {
  auto p = order(1, 1);
  p.liquidation = true;
  CAF_CHECK(of(liquidator, {p}) == lane::liquidation);
  CAF_CHECK(of(liquidator, {p, p}) == lane::liquidation);
  CAF_CHECK(of(trader, {p}) == lane::ordinary);
  CAF_CHECK(of(99, {p}) == lane::ordinary);
}

CAF_TEST(unknown instruments are lane 4) {
  auto p = order(100, 100);
  p.instrument = instrument_id{2};
  CAF_CHECK(of(p) == lane::ordinary);
  p.liquidation = true;
  CAF_CHECK(of(liquidator, {p}) == lane::ordinary);
  cancel c;
  c.instrument = instrument_id{2};
  CAF_CHECK(of(c) == lane::ordinary);
}

CAF_TEST(the worst request decides) {
  CAF_CHECK(of(trader, {cancel{}, order(10, 10)}) == lane::high_value);
  CAF_CHECK(of(trader, {cancel{}, order(10, 10), order(1, 1)}) == lane::ordinary);
  auto p = order(1, 1);
  p.liquidation = true;
  CAF_CHECK(of(liquidator, {p, cancel_all{}}) == lane::maker);
}

CAF_TEST(rules that the market can not work with are found) {
  auto broken = [&](auto change) {
    auto copy = r;
    change(copy);
    auto result = check_rules(copy);
    return !result && result.error().code == errc::config_invalid;
  };
  r = small_rules();
  CAF_CHECK(check_rules(r));
  CAF_CHECK(broken([](rules& x) { x.instruments[0].base = asset_id{3}; }));
  CAF_CHECK(broken([](rules& x) { x.instruments[0].base = x.instruments[0].quote; }));
  CAF_CHECK(broken([](rules& x) { x.instruments[1].lot_units = 0; }));
  CAF_CHECK(broken([](rules& x) { x.instruments[1].taker_fee = basis_points{10'001}; }));
  CAF_CHECK(broken([](rules& x) { x.accounts[1].balances[0] = amount{-1}; }));
  CAF_CHECK(broken([](rules& x) { x.accounts[1].balances[0] = amount{INT64_MAX}; }));
  CAF_CHECK(broken([](rules& x) { x.accounts[1].balances.resize(4); }));
  CAF_CHECK(broken([](rules& x) { x.clients[0].accounts = {account_id{5}}; }));
  CAF_CHECK(broken([](rules& x) { x.clients[0].accounts = {account_id{1}, account_id{0}}; }));
  CAF_CHECK(broken([](rules& x) { x.fee_account = account_id{5}; }));
  CAF_CHECK(broken([](rules& x) { x.blocks.max_requests = 65'536; }));
}

CAF_TEST_FIXTURE_SCOPE_END()
