#define CAF_SUITE request_checks
#include "tests/suite.hpp"

#include "tests/market/house_fixture.hpp"

using namespace bourse::market;
using namespace bourse::market::samples;

CAF_TEST_FIXTURE_SCOPE(request_checks_tests, house_fixture)

// -- checks ---------------------------------------------------------------------------------------

CAF_TEST(requests need an account and the right to it) {
  auto with = [](auto x, std::uint32_t account) {
    x.account = account_id{account};
    return x;
  };
  auto expect = [&](std::uint32_t account, reason expected) {
    CAF_CHECK(why(with(buy(1, 1), account)) == expected);
    CAF_CHECK(why(with(replace{}, account)) == expected);
    CAF_CHECK(why(with(cancel{}, account)) == expected);
    CAF_CHECK(why(with(cancel_all{}, account)) == expected);
    CAF_CHECK(why(with(dead_man_switch{}, account)) == expected);
    CAF_CHECK(why(with(deposit{}, account)) == expected);
    CAF_CHECK(why(with(withdraw{}, account)) == expected);
  };
  expect(5, reason::unknown_account);
  expect(0xffff'ffff, reason::unknown_account);
  expect(1, reason::not_authorised);
  CAF_CHECK(why(with(deposit{}, 0)) == reason::not_authorised);
  CAF_CHECK(why(with(withdraw{}, 0)) == reason::not_authorised);
  CAF_CHECK(why(liquidator, with(cancel_all{}, 0)) == reason::none);
  CAF_CHECK(why(liquidator, with(cancel{}, 0)) == reason::not_authorised);
  CAF_CHECK(why(liquidator, with(buy(1, 1), 0)) == reason::not_authorised);
  CAF_CHECK(why(treasurer, with(cancel_all{}, 0)) == reason::not_authorised);
}

CAF_TEST(orders of wrong shape are rejected) {
  auto expect = [&](place x, reason expected) {
    CAF_CHECK(why(x) == expected);
  };
  expect(buy(1, 1), reason::none);
  auto x = buy(1, 1);
  x.instrument = instrument_id{2};
  expect(x, reason::unknown_instrument);
  expect(buy(1, 1, 0), reason::duplicate_client_order);
  expect(buy(0, 1), reason::bad_price);
  expect(buy(max_price + 1, 1), reason::bad_price);
  expect(buy(1, 0), reason::bad_quantity);
  expect(buy(1, max_quantity + 1), reason::bad_quantity);
  expect(buy(max_price, max_quantity), reason::overflow);
  expect(sell(max_price, max_quantity), reason::overflow);
  expect(sell(max_price, INT64_MAX / 4 / max_price + 1), reason::overflow);
  x = buy(1, 1);
  x.max_spend = amount{1};
  expect(x, reason::bad_amount);

  x = buy(1, 1);
  x.expire_after = sequence_number{100};
  expect(x, reason::bad_expiry);
  x.tif = time_in_force::good_till_block;
  expect(x, reason::none);
  x.expire_after = sequence_number{sequence};
  expect(x, reason::bad_expiry);
  x.expire_after = sequence_number{sequence + 1};
  expect(x, reason::none);
}

CAF_TEST(market orders of wrong shape are rejected) {
  auto expect = [&](place x, reason expected) {
    CAF_CHECK(why(x) == expected);
  };
  expect(market_order(side::buy, 1, 100), reason::none);
  expect(market_order(side::sell, 1, 0), reason::none);
  expect(market_order(side::buy, 1, 0), reason::bad_amount);
  expect(market_order(side::buy, 1, INT64_MAX / 4 + 1), reason::bad_amount);
  expect(market_order(side::sell, 1, 1), reason::bad_amount);
  auto x = market_order(side::sell, 1, 0);
  x.price = price{1};
  expect(x, reason::bad_price);
  x = market_order(side::sell, 1, 0);
  x.tif = time_in_force::post_only;
  expect(x, reason::would_take);
  x.tif = time_in_force::good_till_block;
  x.expire_after = sequence_number{1000};
  expect(x, reason::bad_expiry);
}

CAF_TEST(cancels and replaces of wrong shape are rejected) {
  cancel c;
  CAF_CHECK(why(c) == reason::unknown_order);
  c.client_order = client_order_id{1};
  CAF_CHECK(why(c) == reason::none);
  c.instrument = instrument_id{9};
  CAF_CHECK(why(c) == reason::unknown_instrument);
  cancel_all all;
  all.instrument = instrument_id{9};
  CAF_CHECK(why(all) == reason::unknown_instrument);

  replace x;
  auto expect = [&](reason expected) {
    CAF_CHECK(why(x) == expected);
  };
  expect(reason::unknown_order);
  x.client_order = client_order_id{1};
  expect(reason::duplicate_client_order);
  x.new_client_order = client_order_id{1};
  expect(reason::bad_quantity);
  x.quantity = quantity{max_quantity};
  expect(reason::bad_price);
  x.price = price{max_price};
  expect(reason::overflow);
  x.instrument = instrument_id{9};
  expect(reason::unknown_instrument);
}

CAF_TEST(a rejection tells what was asked) {
  auto s = next(0, {cancel_all{}, buy(0, 7, 3)}, 5);
  auto all = reports(run({s}));
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  auto& x = all[1];
  CAF_CHECK(x.kind == report_kind::rejected);
  CAF_CHECK(x.order == order_id{});
  CAF_CHECK(x.client_order == client_order_id{3});
  CAF_CHECK(x.side == side::buy);
  CAF_CHECK(x.quantity == quantity{7});
  CAF_CHECK(x.leaves == quantity{});
  CAF_CHECK(x.stream == stream_id{5});
  CAF_CHECK(x.submission == submission_number{1});
  CAF_CHECK_EQUAL(x.index, 1u);
  CAF_CHECK(all[0].kind == report_kind::done);
  CAF_CHECK(all[0].side == side{0});
}

// -- funds ----------------------------------------------------------------------------------------

CAF_TEST(orders reserve in block order from what was free) {
  // 25 basis points of 400,000 are 1,000.
  auto works = begin({next(0, {buy(400, 1000, 1), sell(1, 600'000, 2), buy(700, 1000, 3),
                               sell(1, 600'000, 4), market_order(side::buy, 1, 50)})});
  auto expect = [&](std::size_t i, std::int64_t reserved, std::int64_t shortfall) {
    auto& w = item<place_work>(works, 0, i);
    CAF_CHECK_EQUAL(w.reserved.value(), reserved);
    CAF_CHECK_EQUAL(w.shortfall.value(), shortfall);
  };
  expect(0, 401'000, 0);
  expect(1, 600'000, 0);
  expect(2, 599'000, 102'750);
  expect(3, 400'000, 200'000);
  expect(4, 0, 50);
  CAF_CHECK_EQUAL(free(0, usd), 0);
  CAF_CHECK_EQUAL(held(0, usd), balance_at_start);

  auto outcomes = nothing();
  outcomes[0].releases
      = {{account_id{0}, usd, amount{599'000}}, {account_id{0}, btc, amount{400'000}}};
  house->finish(std::move(outcomes));
  CAF_CHECK_EQUAL(free(0, usd), 599'000);
  CAF_CHECK_EQUAL(held(0, usd), 401'000);
  CAF_CHECK_EQUAL(free(0, btc), 400'000);
}

CAF_TEST(a replace reserves on its side as if it were new) {
  replace x;
  x.client_order = x.new_client_order = client_order_id{1};
  x.price = price{100};
  x.quantity = quantity{1000};
  auto y = x;
  y.side = side::sell;
  auto works = begin({next(0, {x, y})});
  CAF_CHECK_EQUAL(item<replace_work>(works, 0, 0).reserved.value(), 100'250);
  CAF_CHECK_EQUAL(item<replace_work>(works, 0, 1).reserved.value(), 1000);
  CAF_CHECK_EQUAL(item<replace_work>(works, 0, 1).shortfall.value(), 0);
}

CAF_TEST(what one instrument releases is not there for another in the same block) {
  r.accounts[0].balances[usd.value()] = amount{1000};
  reset();
  auto first = limit_order(0, 0, 1, side::buy, 900, 1);
  begin({next(0, {first})});
  house->finish(nothing());
  // The cancel frees 902 in instrument 0, too late for instrument 1.
  auto works = begin({next(0, {cancel{account_id{0}, instrument_id{0}, client_order_id{1}},
                               limit_order(0, 1, 2, side::buy, 900, 1)})});
  auto& w = item<place_work>(works, 1, 0);
  CAF_CHECK_EQUAL(w.reserved.value(), 98);
  CAF_CHECK_EQUAL(w.shortfall.value(), 804);
}

CAF_TEST(a shortfall is taken from what the account released) {
  r.accounts[0].balances[usd.value()] = amount{1002};
  reset();
  begin({next(0, {buy(1000, 1)})});
  house->finish(nothing());
  CAF_CHECK_EQUAL(free(0, usd), 0);
  auto works = begin(
      {next(0, {cancel{account_id{0}, instrument_id{0}, client_order_id{1}}, buy(900, 1, 2)})});
  CAF_CHECK_EQUAL(item<place_work>(works, 0, 1).shortfall.value(), 902);
  auto outcomes = nothing();
  outcomes[0].releases = {{account_id{0}, usd, amount{1002}}, {account_id{0}, usd, amount{-902}}};
  outcomes[0].open_order_changes = {{account_id{0}, 0}};
  house->finish(std::move(outcomes));
  CAF_CHECK_EQUAL(free(0, usd), 100);
  CAF_CHECK_EQUAL(held(0, usd), 902);
}

CAF_TEST(open orders of an account are limited) {
  r.max_account_orders = 2;
  reset();
  auto ioc = buy(1, 1, 9);
  ioc.tif = time_in_force::immediate_or_cancel;
  auto works = begin({next(0, {buy(1, 1, 1), buy(1, 1, 2), ioc, buy(1, 1, 3)})});
  CAF_CHECK_EQUAL(works[0].items.size(), 3u);
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}};
  auto all = reports(house->finish(std::move(outcomes)));
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK(all[0].why == reason::book_full);
  CAF_CHECK_EQUAL(begin({next(0, {buy(1, 1, 4), buy(1, 1, 5)})})[0].items.size(), 1u);
}

CAF_TEST(open orders of all accounts are limited too) {
  constexpr std::int32_t most = (1 << 24) - (1 << 16);
  auto grow = [&](std::int32_t by) {
    begin({});
    auto outcomes = nothing();
    outcomes[1].open_order_changes = {{account_id{2}, by}};
    house->finish(std::move(outcomes));
  };
  auto ioc = buy(1, 1, 3);
  ioc.tif = time_in_force::immediate_or_cancel;
  auto tries = [&] {
    auto works = begin({next(0, {buy(1, 1, 1), buy(1, 1, 2), ioc})});
    auto count = works[0].items.size();
    auto all = reports(house->finish(nothing())); // nothing comes to rest
    for (const auto& x : all)
      CAF_CHECK(x.why == reason::book_full);
    CAF_CHECK_EQUAL(count + all.size(), 3u);
    return count;
  };
  grow(most - 2);
  CAF_CHECK_EQUAL(tries(), 3u);
  grow(1);
  CAF_CHECK_EQUAL(tries(), 2u); // one that may rest, and the one that can't
  grow(1);
  CAF_CHECK_EQUAL(tries(), 1u);
  clearing_house copy{r};
  for (auto& p : house->take_dirty_pages())
    CAF_REQUIRE(copy.restore(p.key, p.content));
  house = std::make_unique<clearing_house>(std::move(copy));
  CAF_CHECK_EQUAL(tries(), 1u);
  grow(-1);
  CAF_CHECK_EQUAL(tries(), 2u);
}

// -- money ----------------------------------------------------------------------------------------

CAF_TEST(a deposit is free from the next block on) {
  r.accounts[0].balances[usd.value()] = amount{0};
  reset();
  auto money = deposit{account_id{0}, usd, amount{1000}};
  auto works = begin({next(treasurer, {money}), next(0, {buy(10, 10)})});
  CAF_CHECK_EQUAL(item<place_work>(works, 0, 0).reserved.value(), 0);
  auto result = house->finish(nothing());
  CAF_CHECK_EQUAL(free(0, usd), 1000);
  CAF_REQUIRE_EQUAL(result.settlements.size(), 1u);
  CAF_CHECK(result.settlements[0].trade == trade_id{});
  CAF_CHECK((result.settlements[0].transfers
             == std::vector{transfer{transfer::outside, account_id{0}, usd, amount{1000}}}));
  auto all = reports(result);
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK(all[0].kind == report_kind::done);
  CAF_CHECK_EQUAL(house->supply()[usd.value()].value(), 3 * balance_at_start + 1000);
}

CAF_TEST(a withdrawal takes what is free and unreserved) {
  auto take = [](std::int64_t x) {
    return withdraw{account_id{0}, btc, amount{x}};
  };
  auto works
      = begin({next(0, {sell(1, 300'000)}),
               next(treasurer, {take(700'001), take(700'000), take(1)}), next(0, {sell(1, 1)}, 1)});
  CAF_CHECK_EQUAL(item<place_work>(works, 0, 1).reserved.value(), 0);
  auto result = house->finish(nothing());
  auto all = reports(result);
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  CAF_CHECK(all[0].why == reason::insufficient_funds);
  CAF_CHECK(all[1].kind == report_kind::done);
  CAF_CHECK(all[2].why == reason::insufficient_funds);
  CAF_CHECK_EQUAL(free(0, btc), 0);
  CAF_CHECK_EQUAL(held(0, btc), 300'000);
  CAF_REQUIRE_EQUAL(result.settlements.size(), 1u);
  CAF_CHECK(result.settlements[0].transfers[0].to == transfer::outside);
  CAF_CHECK_EQUAL(house->supply()[btc.value()].value(), 4 * balance_at_start - 700'000);
}

CAF_TEST(money of wrong shape is rejected) {
  auto money = [&](asset_id asset, std::int64_t x) {
    return why(treasurer, deposit{account_id{0}, asset, amount{x}});
  };
  CAF_CHECK(money(asset_id{3}, 1) == reason::unknown_asset);
  CAF_CHECK(money(usd, 0) == reason::bad_amount);
  CAF_CHECK(money(usd, INT64_MAX) == reason::bad_amount);
  CAF_CHECK(money(usd, INT64_MAX / 4 + 1) == reason::bad_amount);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(money(usd, INT64_MAX / 4) == reason::none);
  CAF_CHECK(money(usd, INT64_MAX / 4) == reason::overflow); // with what was there at the start
  CAF_CHECK(money(usd, INT64_MAX - 3 * (INT64_MAX / 4) - 4 * balance_at_start) == reason::none);
  CAF_CHECK(money(usd, 1) == reason::overflow);
  CAF_CHECK(why(treasurer, withdraw{account_id{1}, usd, amount{1}}) == reason::none);
  CAF_CHECK(money(usd, 1) == reason::none);
}

// -- liquidation ----------------------------------------------------------------------------------

CAF_TEST(a liquidation only reduces and never rests) {
  auto sale = [](std::int64_t quantity) {
    auto x = market_order(side::sell, quantity, 0);
    x.liquidation = true;
    return x;
  };
  CAF_CHECK(why(0, sale(1)) == reason::not_authorised);
  CAF_CHECK(why(liquidator, sale(balance_at_start)) == reason::none);
  CAF_CHECK(why(liquidator, sale(balance_at_start + 1)) == reason::not_a_reduction);
  auto x = sale(1);
  x.type = order_type::limit;
  x.price = price{1};
  CAF_CHECK(why(liquidator, x) == reason::not_a_reduction);
  x.tif = time_in_force::immediate_or_cancel;
  CAF_CHECK(why(liquidator, x) == reason::none);
  x.side = side::buy;
  CAF_CHECK(why(liquidator, x) == reason::not_a_reduction);

  // What an open order holds can be cancelled and sold in one block.
  begin({next(0, {sell(1, balance_at_start)})});
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}};
  house->finish(std::move(outcomes));
  auto works = begin({next(liquidator, {cancel_all{}, sale(100)})});
  auto& w = item<place_work>(works, 0, 1);
  CAF_CHECK_EQUAL(w.reserved.value(), 0);
  CAF_CHECK_EQUAL(w.shortfall.value(), 100);
}

CAF_TEST_FIXTURE_SCOPE_END()
