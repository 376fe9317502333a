// Every rule of the matcher by example; matcher_random_test compares it with a plain one.
#define CAF_SUITE matcher
#include "tests/suite.hpp"

#include "tests/market/matcher_fixture.hpp"

using namespace bourse::market;

namespace {

using kind = report_kind;
using kind_list = std::vector<report_kind>;
using level_list = std::vector<std::pair<std::int64_t, std::int64_t>>;
constexpr auto buy = side::buy;
constexpr auto sell = side::sell;
using tif = time_in_force;

place with_stp(place x, self_trade mode) {
  x.stp = mode;
  return x;
}

place until(place x, std::uint64_t last_block) {
  x.tif = tif::good_till_block;
  x.expire_after = sequence_number{last_block};
  return x;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(matcher_tests, matcher_fixture)

// -- placing -------------------------------------------------------------------------------------

CAF_TEST(an order that meets nothing rests) {
  auto r = run(limit(1, 5, buy, 7, 90));
  CAF_CHECK_EQUAL(last.reports.size(), 1u);
  CAF_CHECK_EQUAL(r.kind, kind::accepted);
  CAF_CHECK_EQUAL(r.why, reason::none);
  CAF_CHECK_EQUAL(r.client.value(), 1u);
  CAF_CHECK_EQUAL(r.account.value(), 1u);
  CAF_CHECK_EQUAL(r.order.value(), 1u << 16 | 1);
  CAF_CHECK_EQUAL(r.client_order.value(), 5u);
  CAF_CHECK_EQUAL(r.side, buy);
  CAF_CHECK_EQUAL(r.price.value(), 90);
  CAF_CHECK_EQUAL(r.quantity.value(), 7);
  CAF_CHECK_EQUAL(r.leaves.value(), 7);
  CAF_CHECK_EQUAL(r.stream.value(), 3u);
  CAF_CHECK_EQUAL(r.submission.value(), 77u);
  CAF_CHECK_EQUAL(r.index, 0u);
  CAF_CHECK_EQUAL(last.reports[0].position, 1u);
  CAF_CHECK(last.releases.empty());
  CAF_CHECK_EQUAL(opened(1), 1);
  CAF_CHECK_EQUAL(m.open_orders(), 1u);
  CAF_CHECK(levels(buy) == (level_list{{90, 7}}));
}

CAF_TEST(a trade reports to both and charges both) {
  run(limit(1, 5, sell, 10, 90));
  run(limit(2, 6, buy, 4, 95));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::fill, kind::fill}));
  auto taker = at(1);
  auto maker = at(2);
  // 90 ticks x 4 lots x 100; 25 and 10 basis points of it.
  CAF_CHECK_EQUAL(taker.role, role::taker);
  CAF_CHECK_EQUAL(taker.price.value(), 90);
  CAF_CHECK_EQUAL(taker.quantity.value(), 4);
  CAF_CHECK_EQUAL(taker.leaves.value(), 0);
  CAF_CHECK_EQUAL(taker.fee.value(), 90);
  CAF_CHECK_EQUAL(taker.submission.value(), 77u);
  CAF_CHECK_EQUAL(maker.role, role::maker);
  CAF_CHECK_EQUAL(maker.client.value(), 1u);
  CAF_CHECK_EQUAL(maker.leaves.value(), 6);
  CAF_CHECK_EQUAL(maker.fee.value(), 36);
  CAF_CHECK_EQUAL(maker.stream.value(), 0u);
  CAF_CHECK_EQUAL(maker.submission.value(), 0u);
  CAF_CHECK_EQUAL(last.reports[2].position, 1u);
  CAF_REQUIRE_EQUAL(last.fills.size(), 1u);
  auto f = last.fills[0];
  CAF_CHECK_EQUAL(f.buyer.value(), 2u);
  CAF_CHECK_EQUAL(f.seller.value(), 1u);
  CAF_CHECK_EQUAL(f.maker_order.value(), 1u << 16 | 1);
  CAF_CHECK_EQUAL(f.taker_order.value(), 2u << 16 | 1);
  CAF_CHECK_EQUAL(f.taker_side, buy);
  CAF_CHECK_EQUAL(f.notional.value(), 36'000);
  CAF_CHECK_EQUAL(f.base.value(), 40);
  CAF_CHECK_EQUAL(f.buyer_fee.value(), 90);
  CAF_CHECK_EQUAL(f.seller_fee.value(), 36);
  CAF_CHECK_EQUAL(last.fill_positions.at(0), 1u);
  // It held 95 x 4 x 100 and 25 basis points, and paid 36,090.
  CAF_CHECK_EQUAL(released(2, quote), 38'000 + 95 - 36'090);
  CAF_CHECK_EQUAL(opened(2), 0);
  CAF_CHECK_EQUAL(opened(1), 0);
  CAF_CHECK(levels(sell) == (level_list{{90, 6}}));
}

CAF_TEST(better prices go first and then earlier orders) {
  add(limit(1, 1, sell, 5, 91)).add(limit(2, 1, sell, 5, 90)).add(limit(3, 1, sell, 5, 90)).run();
  run(limit(4, 1, buy, 12, 91));
  CAF_REQUIRE_EQUAL(last.fills.size(), 3u);
  CAF_CHECK_EQUAL(last.fills[0].seller.value(), 2u);
  CAF_CHECK_EQUAL(last.fills[1].seller.value(), 3u);
  CAF_CHECK_EQUAL(last.fills[2].seller.value(), 1u);
  CAF_CHECK_EQUAL(last.fills[2].quantity.value(), 2);
  CAF_CHECK_EQUAL(last.reports[5].fill, 2u);
}

CAF_TEST(what is not filled rests at its limit with a hold of its own) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, buy, 8, 95));
  CAF_CHECK(levels(buy) == (level_list{{95, 3}}));
  CAF_CHECK(levels(sell).empty());
  CAF_CHECK_EQUAL(opened(1), -1);
  CAF_CHECK_EQUAL(opened(2), 1);
  // Held 95 x 8 x 100 + 190; paid 45,000 + 112; keeps 28,500 + floor(73,500 x 0.0025) - 112.
  CAF_CHECK_EQUAL(released(2, quote), 76'190 - 45'112 - (28'500 + 183 - 112));
  cancel(2, 1).run();
  CAF_CHECK_EQUAL(released(2, quote), 28'500 + 183 - 112);
}

CAF_TEST(fees are rounded once for an order and not once for a fill) {
  r.instruments[0].tick_lot_units = 1;
  run(limit(1, 1, sell, 100, 39)); // 39 x 1 x 0.0025 is 0.0975
  std::int64_t fees = 0;
  std::int64_t made = 0;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    run(limit(2, i, buy, 1, 39));
    fees += last.fills.at(0).buyer_fee.value();
    made += last.fills.at(0).seller_fee.value();
  }
  CAF_CHECK_EQUAL(fees, 0);
  CAF_CHECK_EQUAL(made, 39 * 50 * 10 / 10'000);
}

CAF_TEST(a maker that paid the lower rate gets the rest of its hold) {
  run(limit(1, 1, buy, 10, 100)); // holds 100,000 + 250
  run(limit(2, 1, sell, 10, 100));
  CAF_CHECK_EQUAL(last.fills[0].buyer_fee.value(), 100);
  CAF_CHECK_EQUAL(last.fills[0].seller_fee.value(), 250);
  CAF_CHECK_EQUAL(released(1, quote), 150);
  CAF_CHECK_EQUAL(released(2, base), 0);
  CAF_CHECK_EQUAL(released(2, quote), 0);
}

CAF_TEST(a name is free again when its order is closed) {
  run(limit(1, 5, buy, 7, 90));
  auto r = run(limit(1, 5, buy, 3, 80));
  CAF_CHECK_EQUAL(r.kind, kind::rejected);
  CAF_CHECK_EQUAL(r.why, reason::duplicate_client_order);
  CAF_CHECK_EQUAL(r.leaves.value(), 0);
  CAF_CHECK_EQUAL(released(1, quote), 24'060);
  CAF_CHECK_EQUAL(run(limit(2, 5, buy, 3, 80)).kind, kind::accepted); // another account's
  cancel(1, 5).add(limit(1, 5, buy, 3, 80)).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled, kind::accepted}));
}

CAF_TEST(a full book takes no more orders that may rest) {
  r.max_open_orders = 2;
  run(limit(1, 1, sell, 5, 90));
  run(limit(1, 2, sell, 5, 90));
  CAF_CHECK_EQUAL(run(limit(1, 3, sell, 5, 90)).why, reason::book_full);
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 1, 90)).why, reason::book_full);
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 1, 90, tif::immediate_or_cancel)).kind, kind::accepted);
}

// -- times in force ------------------------------------------------------------------------------

CAF_TEST(an immediate order does not rest) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, buy, 8, 90, tif::immediate_or_cancel));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::fill, kind::fill, kind::expired}));
  CAF_CHECK_EQUAL(at(3).why, reason::no_liquidity);
  CAF_CHECK_EQUAL(at(3).leaves.value(), 3);
  CAF_CHECK_EQUAL(released(2, quote), 72'180 - 45'112);
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
}

CAF_TEST(a fill or kill order is filled to the end or changes nothing) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(3, 1, sell, 5, 92));
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 11, 95, tif::fill_or_kill)).why, reason::would_not_fill);
  CAF_CHECK(kinds() == (kind_list{kind::rejected}));
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 6, 91, tif::fill_or_kill)).why, reason::would_not_fill);
  CAF_CHECK(levels(sell) == (level_list{{90, 5}, {92, 5}}));
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 10, 92, tif::fill_or_kill)).kind, kind::accepted);
  CAF_CHECK_EQUAL(last.fills.size(), 2u);
}

CAF_TEST(fill or kill does not count own orders) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, sell, 5, 91));
  run(limit(1, 2, sell, 5, 92));
  auto kill = with_stp(limit(2, 9, buy, 11, 95, tif::fill_or_kill), self_trade::expire_maker);
  CAF_CHECK_EQUAL(run(kill).why, reason::would_not_fill);
  CAF_CHECK_EQUAL(m.open_orders(), 3u); // its own was not expired either
  kill.quantity = quantity{10};
  CAF_CHECK_EQUAL(run(kill).kind, kind::accepted);
  CAF_CHECK(kinds()
            == (kind_list{kind::accepted, kind::fill, kind::fill, kind::expired, kind::fill,
                          kind::fill}));
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
}

CAF_TEST(fill or kill gets no further than an own order that would expire it) {
  add(limit(1, 1, sell, 5, 90)).add(limit(2, 1, sell, 5, 90)).add(limit(1, 2, sell, 5, 90)).run();
  for (auto mode : {self_trade::expire_taker, self_trade::expire_both}) {
    auto kill = with_stp(limit(2, 9, buy, 6, 95, tif::fill_or_kill), mode);
    CAF_CHECK_EQUAL(run(kill).why, reason::would_not_fill);
    CAF_CHECK_EQUAL(m.open_orders(), 3u);
  }
  // What stands before it in its level does count.
  CAF_CHECK_EQUAL(run(limit(2, 9, buy, 5, 95, tif::fill_or_kill)).kind, kind::accepted);
  CAF_CHECK_EQUAL(last.fills.size(), 1u);
}

CAF_TEST(fill or kill is judged alike however many orders its account has) {
  for (std::uint64_t own : {0u, 1u, 3u, 40u})
    for (auto mode :
         {self_trade::expire_taker, self_trade::expire_maker, self_trade::expire_both}) {
      cancel_all(1).cancel_all(2).run();
      for (std::uint64_t i = 1; i <= own; ++i)
        add(limit(2, 100 + i, buy, 1, 50)); // not in its way
      for (std::uint64_t i = 1; i <= 10; ++i)
        add(limit(1, i, sell, 1, 90));
      add(limit(2, 99, sell, 5, 91));
      add(limit(1, 11, sell, 5, 92)).run();
      bool passes = mode == self_trade::expire_maker;
      auto reach = passes ? 15 : 10;
      auto kill = with_stp(limit(2, 9, buy, reach + 1, 95, tif::fill_or_kill), mode);
      CAF_CHECK_EQUAL(run(kill).why, reason::would_not_fill);
      kill.quantity = quantity{reach};
      CAF_CHECK_EQUAL(run(kill).kind, kind::accepted);
      CAF_CHECK_EQUAL(last.fills.size(), passes ? 11u : 10u);
    }
}

CAF_TEST(who lacks funds is not told what would fill) {
  run(limit(1, 1, sell, 5, 90));
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 11, 95, tif::fill_or_kill), 1).why,
                  reason::insufficient_funds);
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 11, 95, tif::fill_or_kill)).why, reason::would_not_fill);
}

CAF_TEST(a market order to fill or kill must also be affordable) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(1, 2, sell, 5, 100));
  auto kill = at_market(2, 1, buy, 10, 95'236);
  kill.tif = tif::fill_or_kill;
  CAF_CHECK_EQUAL(run(kill).why, reason::would_not_fill);
  kill.max_spend = amount{95'237}; // 45,000 + 50,000 and floor(237.5)
  CAF_CHECK_EQUAL(run(kill).kind, kind::accepted);
  CAF_CHECK_EQUAL(at(3).leaves.value(), 0);
  CAF_CHECK(released(2, quote) == 0);
}

CAF_TEST(a post only order never takes) {
  run(limit(1, 1, sell, 5, 90));
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 5, 90, tif::post_only)).why, reason::would_take);
  CAF_CHECK_EQUAL(run(limit(1, 2, buy, 5, 90, tif::post_only)).why, reason::would_take);
  CAF_CHECK_EQUAL(released(1, quote), 45'112);
  CAF_CHECK_EQUAL(run(limit(2, 1, buy, 5, 89, tif::post_only)).kind, kind::accepted);
  CAF_CHECK(levels(buy) == (level_list{{89, 5}}));
}

CAF_TEST(a good till block order trades in its last block and not after) {
  run(until(limit(1, 1, sell, 5, 90), 3));
  run();
  CAF_CHECK(last.reports.empty());
  run(limit(2, 1, buy, 1, 90)); // block 3
  CAF_CHECK_EQUAL(last.fills.size(), 1u);
  run(limit(2, 2, buy, 1, 90)); // block 4
  CAF_CHECK(kinds() == (kind_list{kind::expired, kind::accepted}));
  CAF_CHECK_EQUAL(at(0).why, reason::end_of_life);
  CAF_CHECK_EQUAL(at(0).leaves.value(), 4);
  CAF_CHECK_EQUAL(at(0).submission.value(), 0u);
  CAF_CHECK_EQUAL(last.reports[0].position, 0u);
  CAF_CHECK_EQUAL(released(1, base), 40);
  CAF_CHECK_EQUAL(opened(1), -1);
}

CAF_TEST(a last block that is past is no last block) {
  sequence = 8;
  CAF_CHECK_EQUAL(run(until(limit(1, 1, sell, 5, 90), 8)).why, reason::bad_expiry);
  CAF_CHECK_EQUAL(run(until(limit(1, 1, sell, 5, 90), 10)).kind, kind::accepted);
}

CAF_TEST(orders expire in the order of their ids) {
  add(until(limit(1, 1, sell, 5, 90), 5)).add(until(limit(2, 1, sell, 5, 90), 3));
  add(until(limit(3, 1, sell, 5, 90), 4)).add(until(limit(4, 1, sell, 5, 90), 4)).run();
  cancel(4, 1).run();
  sequence = 9;
  run();
  CAF_REQUIRE_EQUAL(last.reports.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(at(i).account.value(), i + 1);
}

CAF_TEST(closed good till block orders leave nothing behind) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    run(until(limit(1, 1, sell, 5, 90), 5000));
    add(limit(1, 2, sell, 5, 90)).cancel(1, 1).cancel(1, 2).run(); // takes its memory over
  }
  run(until(limit(2, 1, sell, 5, 90), 5000));
  sequence = 5000;
  run();
  CAF_CHECK_EQUAL(last.reports.size(), 1u);
  CAF_CHECK_EQUAL(at(0).account.value(), 2u);
}

// -- market orders -------------------------------------------------------------------------------

CAF_TEST(a market buy takes until its money is spent) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(1, 2, sell, 5, 100));
  run(at_market(2, 1, buy, 10, 66'000));
  // 45,000 + 20,000 and floor(162.5); a lot more would be 10,000.
  CAF_CHECK(kinds()
            == (kind_list{kind::accepted, kind::fill, kind::fill, kind::fill, kind::fill,
                          kind::expired}));
  CAF_CHECK_EQUAL(at(5).why, reason::spent);
  CAF_CHECK_EQUAL(at(5).leaves.value(), 3);
  CAF_CHECK_EQUAL(at(5).price.value(), 0);
  CAF_CHECK_EQUAL(released(2, quote), 66'000 - 65'162);
}

CAF_TEST(a market buy counts the fee to the last unit) {
  run(limit(1, 1, sell, 1, 400));
  run(at_market(2, 1, buy, 1, 40'099));
  CAF_CHECK_EQUAL(at(1).why, reason::spent);
  run(at_market(2, 1, buy, 1, 40'100));
  CAF_CHECK_EQUAL(last.fills.size(), 1u);
  CAF_CHECK_EQUAL(released(2, quote), 0);
}

CAF_TEST(a market order that meets nothing is over) {
  run(limit(1, 1, sell, 1, 40));
  run(at_market(2, 1, buy, 2, 100'000));
  CAF_CHECK_EQUAL(at(3).why, reason::no_liquidity);
  run(at_market(2, 1, sell, 2));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::expired}));
  CAF_CHECK_EQUAL(at(1).why, reason::no_liquidity);
  CAF_CHECK_EQUAL(released(2, base), 20);
}

CAF_TEST(a liquidation never rests) {
  run(limit(1, 1, buy, 3, 90));
  auto x = limit(2, 1, sell, 5, 90);
  x.liquidation = true;
  run(x);
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::fill, kind::fill, kind::expired}));
  CAF_CHECK_EQUAL(at(3).why, reason::no_liquidity);
  CAF_CHECK_EQUAL(released(2, base), 20);
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
}

// -- self-trade prevention -----------------------------------------------------------------------

CAF_TEST(self trade prevention may expire the taker) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, sell, 5, 91));
  run(with_stp(limit(2, 2, buy, 8, 91), self_trade::expire_taker));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::fill, kind::fill, kind::expired}));
  CAF_CHECK_EQUAL(at(3).why, reason::self_trade);
  CAF_CHECK_EQUAL(at(3).client_order.value(), 2u);
  CAF_CHECK_EQUAL(at(3).leaves.value(), 3);
  CAF_CHECK(levels(sell) == (level_list{{91, 5}}));
  CAF_CHECK(levels(buy).empty());
}

CAF_TEST(self trade prevention may expire the maker) {
  run(limit(2, 1, sell, 5, 90));
  run(limit(1, 1, sell, 5, 91));
  run(with_stp(limit(2, 2, buy, 8, 91), self_trade::expire_maker));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::expired, kind::fill, kind::fill}));
  CAF_CHECK_EQUAL(at(1).why, reason::self_trade);
  CAF_CHECK_EQUAL(at(1).client_order.value(), 1u);
  CAF_CHECK_EQUAL(at(1).submission.value(), 0u);
  CAF_CHECK_EQUAL(last.reports[1].position, 1u);
  CAF_CHECK_EQUAL(released(2, base), 50);
  CAF_CHECK(levels(buy) == (level_list{{91, 3}}));
}

CAF_TEST(self trade prevention may expire both) {
  run(limit(2, 1, sell, 5, 90));
  run(with_stp(limit(2, 2, buy, 8, 91), self_trade::expire_both));
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::expired, kind::expired}));
  CAF_CHECK_EQUAL(at(1).client_order.value(), 1u);
  CAF_CHECK_EQUAL(at(2).client_order.value(), 2u);
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
  CAF_CHECK_EQUAL(opened(2), -1);
}

// -- cancelling ----------------------------------------------------------------------------------

CAF_TEST(a cancelled order gives back its hold) {
  run(limit(1, 5, buy, 7, 90));
  cancel(1, 5).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled}));
  CAF_CHECK_EQUAL(at(0).order.value(), 1u << 16 | 1);
  CAF_CHECK_EQUAL(at(0).leaves.value(), 7);
  CAF_CHECK_EQUAL(at(0).submission.value(), 77u);
  CAF_CHECK_EQUAL(released(1, quote), 63'157);
  CAF_CHECK_EQUAL(opened(1), -1);
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
  cancel(1, 5).run();
  CAF_CHECK_EQUAL(at(0).kind, kind::rejected);
  CAF_CHECK_EQUAL(at(0).why, reason::unknown_order);
  CAF_CHECK_EQUAL(at(0).client_order.value(), 5u);
}

CAF_TEST(another client of the account may cancel and both hear of it) {
  run(limit(1, 5, buy, 7, 90));
  cancel(1, 5, 9).run();
  CAF_REQUIRE_EQUAL(last.reports.size(), 2u);
  CAF_CHECK_EQUAL(at(0).client.value(), 1u);
  CAF_CHECK_EQUAL(at(0).submission.value(), 0u);
  CAF_CHECK_EQUAL(at(1).client.value(), 9u);
  CAF_CHECK_EQUAL(at(1).submission.value(), 77u);
}

CAF_TEST(cancel all takes the orders of the account by order id) {
  add(limit(1, 5, buy, 7, 90)).add(limit(2, 1, buy, 7, 90)).add(limit(1, 4, sell, 7, 99)).run();
  cancel_all(1).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled, kind::cancelled}));
  CAF_CHECK_EQUAL(at(0).client_order.value(), 5u);
  CAF_CHECK_EQUAL(at(1).client_order.value(), 4u);
  CAF_CHECK_EQUAL(at(0).why, reason::none);
  CAF_CHECK_EQUAL(m.open_orders(), 1u);
  cancel_all(1).run();
  CAF_CHECK(last.reports.empty()); // that it was done is the clearing house's to say
}

CAF_TEST(the switch of a dead man expires) {
  add(limit(0, 5, buy, 7, 90)).add(limit(0, 6, buy, 7, 90)).run();
  dead_man(0).run();
  CAF_CHECK(kinds() == (kind_list{kind::expired, kind::expired}));
  CAF_CHECK_EQUAL(at(0).why, reason::dead_man);
  CAF_CHECK_EQUAL(last.reports[0].position, 0u);
  CAF_CHECK_EQUAL(at(0).stream.value(), 0u);
}

// -- funds within a block ------------------------------------------------------------------------

CAF_TEST(what a cancel released covers a later order of the block) {
  run(limit(1, 5, buy, 7, 90)); // holds 63,157
  cancel(1, 5).add(limit(1, 6, buy, 7, 90), 63'157).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled, kind::accepted}));
  CAF_CHECK_EQUAL(released(1, quote), 0);
  CAF_CHECK_EQUAL(last.releases.size(), 2u);
  CAF_CHECK_EQUAL(last.releases[1].to_free.value(), -63'157);
  // By one unit too little, or of another account, asset or block, it covers nothing.
  cancel(1, 6).add(limit(1, 7, buy, 7, 90), 63'157).add(limit(1, 8, buy, 1, 1), 1).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled, kind::accepted, kind::rejected}));
  CAF_CHECK_EQUAL(at(2).why, reason::insufficient_funds);
  CAF_CHECK_EQUAL(released(1, quote), 99); // of the rejected one's 100, what had been reserved
  cancel(1, 7).add(limit(2, 8, buy, 1, 1), 1).add(limit(1, 8, sell, 1, 99), 1).run();
  CAF_CHECK_EQUAL(at(1).why, reason::insufficient_funds);
  CAF_CHECK_EQUAL(at(2).why, reason::insufficient_funds);
  CAF_CHECK_EQUAL(run(limit(1, 8, buy, 1, 1), 1).why, reason::insufficient_funds);
}

CAF_TEST(what a reject releases covers nothing) {
  run(limit(2, 1, sell, 5, 90));
  add(limit(1, 5, buy, 7, 90, tif::post_only)).add(limit(1, 6, buy, 1, 1), 1).run();
  CAF_CHECK_EQUAL(at(0).why, reason::would_take);
  CAF_CHECK_EQUAL(at(1).why, reason::insufficient_funds);
}

CAF_TEST(improved fills and expired rests cover later orders) {
  run(limit(2, 1, sell, 5, 90));
  add(limit(1, 5, buy, 5, 100)).add(limit(1, 6, buy, 1, 10), 1002).run();
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::fill, kind::fill, kind::accepted}));
  add(limit(1, 7, buy, 5, 100, tif::immediate_or_cancel)).add(limit(1, 8, buy, 1, 10), 1002).run();
  CAF_CHECK(kinds() == (kind_list{kind::accepted, kind::expired, kind::accepted}));
  run(until(limit(3, 1, buy, 5, 80), sequence + 1));
  add(limit(3, 1, buy, 5, 80), 40'100).run();
  CAF_CHECK(kinds() == (kind_list{kind::expired, kind::accepted}));
}

// -- the ends of the range -----------------------------------------------------------------------

CAF_TEST(a sale whose proceeds would leave the range is stopped) {
  r.instruments[0].tick_lot_units = 1;
  constexpr auto huge = std::int64_t{1} << 61;
  constexpr auto p = std::int64_t{1} << 40;
  // Bids of 2^61 each: two can be sold to, the sum with a third and a fourth is 2^63.
  for (std::uint64_t i = 1; i <= 4; ++i)
    run(limit(1, i, buy, huge / p, p));
  run(limit(2, 1, sell, huge / p * 4, 1));
  CAF_CHECK_EQUAL(last.fills.size(), 3u);
  CAF_CHECK_EQUAL(at(7).kind, kind::expired);
  CAF_CHECK_EQUAL(at(7).why, reason::overflow);
  CAF_CHECK_EQUAL(m.open_orders(), 1u);
  CAF_CHECK_EQUAL(released(2, base), huge / p * 10);
}

CAF_TEST(a sale that could leave the range later does not rest) {
  r.instruments[0].tick_lot_units = 1;
  constexpr auto huge = std::int64_t{1} << 61;
  constexpr auto p = std::int64_t{1} << 40;
  for (std::uint64_t i = 1; i <= 3; ++i)
    run(limit(1, i, buy, huge / p, p));
  // 3 x 2^61 traded, and 2^61 more at its limit.
  auto lots = huge / p * 3 + huge / (p / 8);
  run(limit(2, 1, sell, lots, p / 8));
  CAF_CHECK_EQUAL(last.fills.size(), 3u);
  CAF_CHECK_EQUAL(at(7).why, reason::overflow);
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
