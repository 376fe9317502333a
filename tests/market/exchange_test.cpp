// What members see of the whole market: funds, fees and time across accounts and instruments. The
// rules of matching are matcher_test's.
#define CAF_SUITE exchange
#include "tests/suite.hpp"

#include "market/exchange.hpp"
#include "messages/merkle.hpp"
#include "tests/market/samples.hpp"

#include <map>

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

constexpr std::uint32_t liquidator = 4, treasurer = 5;
constexpr asset_id btc{0}, usd{1};
constexpr std::int64_t balance_at_start = 1'000'000;

struct fixture {
  rules r = small_rules(balance_at_start);
  std::unique_ptr<exchange> x = std::make_unique<exchange>(r);
  std::uint64_t sequence = 0;
  std::uint64_t time = 1000;
  std::map<std::uint32_t, std::uint64_t> numbers;

  void give(std::uint32_t account, asset_id asset, std::int64_t balance) {
    r.accounts[account].balances[asset.value()] = amount{balance};
    x = std::make_unique<exchange>(r);
  }
  void charge(std::uint16_t maker, std::uint16_t taker) {
    for (auto& i : r.instruments) {
      i.maker_fee = basis_points{maker};
      i.taker_fee = basis_points{taker};
    }
    x = std::make_unique<exchange>(r);
  }

  submission_ptr ask(std::uint32_t client, std::vector<request> requests) {
    return submission_of(client, 0, ++numbers[client], std::move(requests), r);
  }
  block_result execute(std::vector<submission_ptr> submissions) {
    return x->execute({sequence_number{++sequence}, {}, block_time{time}, std::move(submissions)});
  }
  /// The reports of a block, by client, then in order.
  std::vector<report> run(std::vector<submission_ptr> submissions) {
    auto result = execute(std::move(submissions));
    CAF_CHECK(merkle_root(result.leaves) == result.results_root);
    std::vector<report> all;
    for (auto& of : result.reports) {
      auto some = decode_reports(of.encoded, of.count);
      CAF_REQUIRE(some);
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }
  std::vector<report> run(std::uint32_t client, std::vector<request> requests) {
    return run({ask(client, std::move(requests))});
  }

  std::int64_t free(std::uint32_t account, asset_id asset) const {
    return x->account(account_id{account}).balances.at(asset.value()).free.value();
  }
  std::int64_t held(std::uint32_t account, asset_id asset) const {
    return x->account(account_id{account}).balances.at(asset.value()).held.value();
  }
  std::vector<open_order> orders(std::uint32_t account) const {
    return x->account(account_id{account}).orders;
  }
};

place buy(std::uint32_t account, std::uint64_t name, std::int64_t price, std::int64_t quantity,
          std::uint16_t instrument = 0) {
  return limit_order(account, instrument, name, side::buy, price, quantity);
}

place sell(std::uint32_t account, std::uint64_t name, std::int64_t price, std::int64_t quantity,
           std::uint16_t instrument = 0) {
  return limit_order(account, instrument, name, side::sell, price, quantity);
}

cancel cancel_of(std::uint32_t account, std::uint64_t name, std::uint16_t instrument = 0) {
  return {account_id{account}, instrument_id{instrument}, client_order_id{name}};
}

replace move_of(const place& old, std::int64_t price, std::int64_t quantity) {
  replace to;
  to.account = old.account;
  to.instrument = old.instrument;
  to.client_order = to.new_client_order = old.client_order;
  to.side = old.side;
  to.price = bourse::messages::price{price};
  to.quantity = bourse::messages::quantity{quantity};
  return to;
}

bool rejected(const report& x, reason why) {
  return x.kind == report_kind::rejected && x.why == why;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(exchange_tests, fixture)

CAF_TEST(a trade settles at the price of the maker with fees of both) {
  run(0, {sell(0, 1, 1000, 40)});
  CAF_CHECK_EQUAL(held(0, btc), 40);
  auto reports = run(1, {buy(1, 1, 1100, 40)});
  CAF_REQUIRE_EQUAL(reports.size(), 3u); // the maker's fill, then accepted and fill of the taker
  CAF_CHECK(reports[0].client == client_id{0});
  CAF_CHECK(reports[0].role == role::maker);
  CAF_CHECK_EQUAL(reports[0].fee.value(), 40);
  CAF_CHECK(reports[2].role == role::taker);
  CAF_CHECK_EQUAL(reports[2].fee.value(), 100);
  CAF_CHECK_EQUAL(free(0, btc), balance_at_start - 40);
  CAF_CHECK_EQUAL(held(0, btc), 0);
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start + 40'000 - 40);
  CAF_CHECK_EQUAL(free(1, btc), balance_at_start + 40);
  CAF_CHECK_EQUAL(free(1, usd), balance_at_start - 40'000 - 100);
  CAF_CHECK_EQUAL(held(1, usd), 0);
  CAF_CHECK_EQUAL(free(4, usd), 140);
}

CAF_TEST(cancel and requote works in one block) {
  give(0, usd, 1002); // 1000 and 25 basis points of it
  run(0, {buy(0, 1, 1000, 1)});
  CAF_CHECK_EQUAL(free(0, usd), 0);
  // Without the cancel there is nothing to reserve from.
  auto reports = run(0, {buy(0, 2, 900, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 1u);
  CAF_CHECK(rejected(reports[0], reason::insufficient_funds));
  reports = run(0, {cancel_of(0, 1), buy(0, 2, 900, 1), buy(0, 3, 98, 1), buy(0, 4, 1, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 4u);
  CAF_CHECK(reports[0].kind == report_kind::cancelled);
  CAF_CHECK(reports[1].kind == report_kind::accepted);
  CAF_CHECK(reports[2].kind == report_kind::accepted);
  CAF_CHECK(reports[3].kind == report_kind::accepted); // 902 + 98 + 1 = 1001
  CAF_CHECK_EQUAL(free(0, usd), 1);
  CAF_CHECK_EQUAL(held(0, usd), 1001);
}

CAF_TEST(the order of requests decides who gets the money) {
  give(0, usd, 1002);
  run(0, {buy(0, 1, 1000, 1)});
  auto reports = run(0, {buy(0, 2, 900, 1), cancel_of(0, 1), buy(0, 3, 1000, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 3u);
  CAF_CHECK(rejected(reports[0], reason::insufficient_funds));
  CAF_CHECK(reports[1].kind == report_kind::cancelled);
  CAF_CHECK(reports[2].kind == report_kind::accepted);
}

CAF_TEST(funds do not pass between instruments within a block) {
  give(0, usd, 1002);
  run(0, {buy(0, 1, 1000, 1, 0)});
  auto reports = run(0, {cancel_of(0, 1, 0), buy(0, 2, 900, 1, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(reports[0].kind == report_kind::cancelled);
  CAF_CHECK(rejected(reports[1], reason::insufficient_funds));
  CAF_CHECK(run(0, {buy(0, 2, 900, 1, 1)})[0].kind == report_kind::accepted);
}

CAF_TEST(proceeds of a trade are free from the next block on) {
  give(1, usd, 0);
  run(0, {buy(0, 1, 1000, 1)});
  auto reports = run(1, {sell(1, 1, 1000, 1), buy(1, 2, 10, 1, 1)});
  CAF_CHECK(rejected(reports.back(), reason::insufficient_funds));
  CAF_CHECK(run(1, {buy(1, 2, 10, 1, 1)})[0].kind == report_kind::accepted);
}

CAF_TEST(a replace pays with the hold of the order that it replaces) {
  give(0, usd, 1002);
  auto order = buy(0, 1, 1000, 1);
  run(0, {order});
  auto up = run(0, {move_of(order, 1001, 1)});
  CAF_REQUIRE_EQUAL(up.size(), 1u);
  CAF_CHECK(rejected(up[0], reason::insufficient_funds));
  CAF_CHECK_EQUAL(held(0, usd), 1002);
  auto down = run(0, {move_of(order, 500, 1)});
  CAF_REQUIRE_EQUAL(down.size(), 1u);
  CAF_CHECK(down[0].kind == report_kind::replaced);
  CAF_CHECK_EQUAL(held(0, usd), 501);
  CAF_CHECK_EQUAL(free(0, usd), 501);
  CAF_REQUIRE_EQUAL(orders(0).size(), 1u);
  CAF_CHECK(orders(0)[0].price == price{500});
  // Free funds and the old hold together.
  CAF_CHECK(run(0, {move_of(order, 1000, 1)})[0].kind == report_kind::replaced);
  CAF_CHECK_EQUAL(held(0, usd), 1002);
}

CAF_TEST(a replace of the wrong side finds no order) {
  auto order = buy(0, 1, 1000, 1);
  run(0, {order});
  order.side = side::sell;
  auto reports = run(0, {move_of(order, 900, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 1u);
  CAF_CHECK(rejected(reports[0], reason::unknown_order));
  CAF_CHECK_EQUAL(free(0, btc), balance_at_start);
  CAF_CHECK_EQUAL(orders(0).size(), 1u);
}

CAF_TEST(fees are those of the whole order and never more than its hold) {
  // 3 of 1000 basis points a fill would be nothing if each were rounded down.
  charge(7, 333);
  give(1, usd, 100'000);
  std::vector<request> asks;
  for (std::uint64_t n = 1; n <= 100; ++n)
    asks.push_back(sell(0, n, 13, 1));
  run(0, asks);
  std::int64_t fees = 0, notional = 0;
  for (auto& x : run(1, {buy(1, 1, 13, 100)}))
    if (x.kind == report_kind::fill && x.client == client_id{1}) {
      fees += x.fee.value();
      notional += x.price.value() * x.quantity.value();
    }
  CAF_CHECK_EQUAL(notional, 1300);
  CAF_CHECK_EQUAL(fees, 1300 * 333 / 10'000);
  CAF_CHECK_EQUAL(free(1, usd), 100'000 - 1300 - fees);
  CAF_CHECK_EQUAL(held(1, usd), 0);
  CAF_CHECK_EQUAL(free(4, usd), fees); // each maker's 7 basis points of 13 are nothing
}

CAF_TEST(a hold covers the larger rate) {
  charge(100, 10);
  run(0, {buy(0, 1, 1000, 10)});
  CAF_CHECK_EQUAL(held(0, usd), 10'100);
  run(1, {sell(1, 1, 1000, 4)});
  CAF_CHECK_EQUAL(held(0, usd), 6060);
  run(0, {cancel_of(0, 1)});
  CAF_CHECK_EQUAL(held(0, usd), 0);
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start - 4040);
}

CAF_TEST(a market buy spends no more than it says) {
  run(0, {sell(0, 1, 1000, 10)});
  auto order = buy(1, 1, 0, 10);
  order.type = order_type::market;
  order.max_spend = amount{5020}; // 5 and their fee of 12; not 6
  run(1, {order});
  CAF_CHECK_EQUAL(free(1, btc), balance_at_start + 5);
  CAF_CHECK_EQUAL(free(1, usd), balance_at_start - 5012);
  CAF_CHECK_EQUAL(held(1, usd), 0);
  CAF_CHECK(orders(1).empty());
}

CAF_TEST(an account does not trade with itself) {
  run(0, {sell(0, 1, 1000, 10)});
  auto result = execute({ask(0, {buy(0, 2, 1000, 10)})});
  CAF_CHECK(result.settlements.empty());
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start);
  CAF_CHECK_EQUAL(orders(0).size(), 1u); // the taker expires
  auto taker = buy(0, 3, 1000, 10);
  taker.stp = self_trade::expire_both;
  result = execute({ask(0, {taker})});
  CAF_CHECK(result.settlements.empty());
  CAF_CHECK(orders(0).empty());
  CAF_CHECK_EQUAL(free(0, btc), balance_at_start);
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start);
}

CAF_TEST(deposits pay for orders of the next block) {
  give(0, usd, 0);
  auto reports = run(
      {ask(treasurer, {deposit{account_id{0}, usd, amount{1002}}}), ask(0, {buy(0, 1, 1000, 1)})});
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(rejected(reports[0], reason::insufficient_funds));
  CAF_CHECK(reports[1].kind == report_kind::done);
  CAF_CHECK(run(0, {buy(0, 1, 1000, 1)})[0].kind == report_kind::accepted);
  reports = run(treasurer, {withdraw{account_id{0}, usd, amount{1}}});
  CAF_CHECK(rejected(reports[0], reason::insufficient_funds));
  reports = run({ask(0, {cancel_of(0, 1)})});
  reports = run(treasurer, {withdraw{account_id{0}, usd, amount{1002}}});
  CAF_CHECK(reports[0].kind == report_kind::done);
  CAF_CHECK_EQUAL(free(0, usd), 0);
}

CAF_TEST(a duplicate or a gap changes nothing) {
  auto first = ask(0, {buy(0, 1, 1000, 1)});
  auto too_early = submission_of(0, 0, 3, {buy(0, 3, 1000, 1)}, r);
  execute({first});
  auto before = x->account(account_id{0});
  auto result = execute({first, too_early});
  using enum submission_fate;
  CAF_CHECK((result.fates == std::vector{duplicate, gap}));
  CAF_CHECK(result.reports.empty());
  CAF_CHECK(result.positions.empty());
  CAF_CHECK_EQUAL(result.requests, 0u);
  CAF_CHECK(x->account(account_id{0}) == before);
}

CAF_TEST(a switch cancels before the requests of its block) {
  give(0, usd, 1002);
  run(0, {buy(0, 1, 1000, 1), dead_man_switch{account_id{0}, 500}});
  time += 499;
  CAF_CHECK(run({}).empty());
  time += 1;
  // The seller comes too late.
  auto reports = run(1, {sell(1, 1, 1000, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(reports[0].client == client_id{0});
  CAF_CHECK(reports[0].kind == report_kind::expired);
  CAF_CHECK(reports[0].why == reason::dead_man);
  CAF_CHECK(reports[1].kind == report_kind::accepted);
  CAF_CHECK_EQUAL(free(0, usd), 1002);
  CAF_CHECK(orders(0).empty());
  CAF_CHECK(x->clearing().next_due() == block_time{});
}

CAF_TEST(what a fired switch frees can be spent in the same block) {
  give(0, usd, 1002);
  run(0, {buy(0, 1, 1000, 1), dead_man_switch{account_id{0}, 500}});
  time += 500;
  auto reports = run(0, {buy(0, 2, 1000, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(reports[1].kind == report_kind::accepted);
}

CAF_TEST(orders expire before the first block after their last) {
  auto order = buy(0, 1, 1000, 1);
  order.tif = time_in_force::good_till_block;
  order.expire_after = sequence_number{2};
  run(0, {order});
  run({});
  CAF_CHECK_EQUAL(orders(0).size(), 1u);
  auto reports = run(1, {sell(1, 1, 1000, 1)});
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(reports[0].why == reason::end_of_life);
  CAF_CHECK(orders(0).empty());
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start);
}

CAF_TEST(a liquidation sells what the account holds) {
  run(1, {buy(1, 1, 900, 50)});
  run(0, {sell(0, 7, 2000, balance_at_start)}); // all is in an open order
  auto sale = sell(0, 1, 0, 50);
  sale.type = order_type::market;
  sale.liquidation = true;
  auto reports = run(liquidator, {sale});
  CAF_REQUIRE_EQUAL(reports.size(), 1u);
  CAF_CHECK(rejected(reports[0], reason::insufficient_funds));
  reports = run(liquidator, {cancel_all{account_id{0}, std::nullopt}, sale});
  // The client hears that its order is cancelled; fills of the liquidation are the liquidator's.
  CAF_REQUIRE_EQUAL(reports.size(), 5u);
  CAF_CHECK(reports[0].client == client_id{0});
  CAF_CHECK(reports[0].kind == report_kind::cancelled);
  CAF_CHECK(reports[1].client == client_id{1});
  CAF_CHECK(reports[1].kind == report_kind::fill);
  CAF_CHECK(reports[2].kind == report_kind::done);
  CAF_CHECK(reports[3].kind == report_kind::accepted);
  CAF_CHECK(reports[4].kind == report_kind::fill);
  CAF_CHECK(reports[4].client == client_id{liquidator});
  CAF_CHECK_EQUAL(free(0, btc), balance_at_start - 50);
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start + 50 * 900 - 112);
}

CAF_TEST(cancel all reaches all instruments) {
  run(0, {buy(0, 1, 10, 1, 0), buy(0, 1, 10, 1, 1), sell(0, 2, 99, 1, 1)});
  auto reports = run(0, {cancel_all{account_id{0}, instrument_id{1}}});
  CAF_REQUIRE_EQUAL(reports.size(), 3u);
  CAF_CHECK(reports[1].kind == report_kind::cancelled);
  CAF_CHECK(reports[2].kind == report_kind::done);
  CAF_CHECK_EQUAL(orders(0).size(), 1u);
  CAF_CHECK_EQUAL(run(0, {cancel_all{account_id{0}, std::nullopt}}).size(), 2u);
  CAF_CHECK(orders(0).empty());
  CAF_CHECK_EQUAL(held(0, usd) + held(0, btc), 0);
}

CAF_TEST(views of what is not there are empty) {
  CAF_CHECK(x->account(account_id{99}).balances.empty());
  CAF_CHECK((x->book(instrument_id{99}, 5) == book_view{instrument_id{99}, {}, {}}));
}

CAF_TEST(the page root follows the state) {
  exchange other{r};
  CAF_CHECK(x->page_root() == other.page_root());
  auto empty = x->page_root();
  CAF_CHECK(x->page_root() == empty);
  run(0, {buy(0, 1, 10, 1)});
  auto placed = x->page_root();
  CAF_CHECK(placed != empty);
  CAF_CHECK(x->take_dirty_pages().empty());
  CAF_CHECK(!x->restore({page_kind::orders, 7, 0}, "x"));
}

CAF_TEST_FIXTURE_SCOPE_END()
