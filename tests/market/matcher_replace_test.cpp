// Every rule of replacements by example.
#define CAF_SUITE matcher_replace
#include "tests/suite.hpp"

#include "tests/market/matcher_fixture.hpp"

using namespace bourse::market;

namespace {

using kind = report_kind;
using kind_list = std::vector<report_kind>;
using level_list = std::vector<std::pair<std::int64_t, std::int64_t>>;
constexpr auto buy = side::buy;
constexpr auto sell = side::sell;

} // namespace

CAF_TEST_FIXTURE_SCOPE(matcher_replace_tests, matcher_fixture)

CAF_TEST(a replacement that asks for no more keeps its place) {
  add(limit(1, 1, sell, 5, 90)).add(limit(2, 1, sell, 5, 90)).run();
  add(change(1, 1, sell, 3, 90, 8)).run();
  CAF_CHECK(kinds() == (kind_list{kind::replaced}));
  CAF_CHECK_EQUAL(at(0).order.value(), 1u << 16 | 1);
  CAF_CHECK_EQUAL(at(0).client_order.value(), 8u);
  CAF_CHECK_EQUAL(at(0).quantity.value(), 3);
  CAF_CHECK_EQUAL(at(0).leaves.value(), 3);
  CAF_CHECK_EQUAL(at(0).submission.value(), 77u);
  CAF_CHECK_EQUAL(released(1, base), 30 + 20); // what was set aside and two lots
  run(limit(3, 1, buy, 4, 90));
  CAF_CHECK_EQUAL(last.fills[0].seller.value(), 1u);
  CAF_CHECK_EQUAL(last.fills[0].quantity.value(), 3);
  CAF_CHECK_EQUAL(last.fills[1].seller.value(), 2u);
  cancel(1, 1).run();
  CAF_CHECK_EQUAL(at(0).why, reason::unknown_order);
}

CAF_TEST(a replacement that asks for more goes to the back) {
  add(limit(1, 1, sell, 5, 90)).add(limit(2, 1, sell, 5, 90)).run();
  add(change(1, 1, sell, 6, 90)).run();
  CAF_CHECK(levels(sell) == (level_list{{90, 11}}));
  CAF_CHECK_EQUAL(released(1, base), 50);
  run(limit(3, 1, buy, 1, 90));
  CAF_CHECK_EQUAL(last.fills[0].seller.value(), 2u);
  // The order keeps its id, and so its place among the account's.
  auto own = orders(1);
  CAF_CHECK_EQUAL(own.at(0).order.value(), 1u << 16 | 1);
}

CAF_TEST(a new price moves the order even if it is back soon) {
  add(limit(1, 1, sell, 5, 90)).add(limit(2, 1, sell, 5, 90)).run();
  add(change(1, 1, sell, 5, 91)).add(change(1, 1, sell, 5, 90)).run();
  CAF_CHECK(levels(sell) == (level_list{{90, 10}}));
  run(limit(3, 1, buy, 1, 90));
  CAF_CHECK_EQUAL(last.fills[0].seller.value(), 2u);
}

CAF_TEST(what was filled counts toward the new quantity) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, buy, 3, 90));
  add(change(1, 1, sell, 3, 90)).run();
  CAF_CHECK_EQUAL(at(0).kind, kind::rejected);
  CAF_CHECK_EQUAL(at(0).why, reason::too_late);
  CAF_CHECK_EQUAL(released(1, base), 30);
  CAF_CHECK(levels(sell) == (level_list{{90, 2}}));
  add(change(1, 1, sell, 10, 91)).run();
  CAF_CHECK_EQUAL(at(0).leaves.value(), 7);
  CAF_CHECK(levels(sell) == (level_list{{91, 7}}));
}

CAF_TEST(a replacement that crosses takes) {
  run(limit(1, 1, sell, 5, 90));
  run(limit(2, 1, buy, 8, 80));
  add(change(2, 1, buy, 8, 95)).run();
  CAF_CHECK(kinds() == (kind_list{kind::replaced, kind::fill, kind::fill}));
  CAF_CHECK_EQUAL(at(1).role, role::taker);
  CAF_CHECK_EQUAL(at(1).submission.value(), 77u);
  CAF_CHECK_EQUAL(at(1).leaves.value(), 3);
  CAF_CHECK(levels(buy) == (level_list{{95, 3}}));
  CAF_CHECK_EQUAL(opened(2), 0);
  add(limit(1, 2, sell, 3, 96)).add(change(2, 1, buy, 8, 96)).run();
  CAF_CHECK_EQUAL(m.open_orders(), 0u);
  CAF_CHECK_EQUAL(opened(2), -1);
  CAF_CHECK(orders(2).empty());
}

CAF_TEST(a replacement is refused without a change) {
  run(limit(1, 1, sell, 5, 90));
  add(limit(2, 1, buy, 8, 80)).add(limit(2, 2, buy, 8, 79)).run();
  auto before = m.view(10);
  auto refuse = [&](replace x, reason why) {
    add(x).run();
    CAF_CHECK(kinds() == (kind_list{kind::rejected}));
    CAF_CHECK_EQUAL(at(0).why, why);
    CAF_CHECK_EQUAL(at(0).client_order, x.new_client_order);
    CAF_CHECK_EQUAL(at(0).order.value(), 0u);
    auto hold = hold_of(r.instruments[0], x);
    CAF_CHECK(released(2, x.side == buy ? quote : base) == hold);
    CAF_CHECK(m.view(10) == before);
  };
  refuse(change(2, 3, buy, 8, 80), reason::unknown_order);
  refuse(change(2, 1, sell, 8, 80), reason::unknown_order); // of the other side
  refuse(change(2, 1, buy, 8, 80, 2), reason::duplicate_client_order);
  auto x = change(2, 1, buy, 8, 90);
  x.post_only = true;
  refuse(x, reason::would_take);
}

CAF_TEST(a replacement pays from its old hold first and then from what was set aside) {
  run(limit(1, 1, buy, 10, 80)); // holds 80,200
  add(change(1, 1, buy, 10, 90), 90'225 - 10'025).run();
  CAF_CHECK(kinds() == (kind_list{kind::replaced}));
  CAF_CHECK_EQUAL(released(1, quote), 0);
  add(change(1, 1, buy, 10, 91), 91'227 - 1'001).run(); // needs 1,002
  CAF_CHECK_EQUAL(at(0).why, reason::insufficient_funds);
  CAF_CHECK_EQUAL(released(1, quote), 1'001);
  CAF_CHECK(levels(buy) == (level_list{{90, 10}}));
  // Or from what came free before it in the block.
  run(limit(1, 2, buy, 1, 1));
  cancel(1, 2).add(change(1, 1, buy, 10, 91), 91'227 - 902).run();
  CAF_CHECK(kinds() == (kind_list{kind::cancelled, kind::replaced}));
  CAF_CHECK_EQUAL(released(1, quote), 0);
}

CAF_TEST(what a replacement leaves over covers later orders) {
  add(limit(1, 1, buy, 10, 80)).add(limit(1, 2, buy, 10, 80)).run();
  // All free funds were set aside for the first, which needs none of them.
  add(change(1, 1, buy, 10, 79)).add(change(1, 2, buy, 10, 81), 81'202).run();
  CAF_CHECK(kinds() == (kind_list{kind::replaced, kind::replaced}));
  CAF_CHECK_EQUAL(released(1, quote), 79'197 + 1'003 - 1'002);
}

CAF_TEST(another client of the account may replace and both hear of it) {
  run(limit(1, 5, buy, 7, 90));
  add(change(1, 5, buy, 7, 91), 0, 9).run();
  CAF_REQUIRE_EQUAL(last.reports.size(), 2u);
  CAF_CHECK(kinds() == (kind_list{kind::replaced, kind::replaced}));
  CAF_CHECK_EQUAL(at(0).client.value(), 1u);
  CAF_CHECK_EQUAL(at(0).submission.value(), 0u);
  CAF_CHECK_EQUAL(at(1).client.value(), 9u);
  CAF_CHECK_EQUAL(at(1).submission.value(), 77u);
  // It stays the first client's order.
  run(limit(2, 1, sell, 7, 91));
  CAF_CHECK_EQUAL(at(2).client.value(), 1u);
}

CAF_TEST(a replacement beyond the range is refused) {
  r.instruments[0].tick_lot_units = 1;
  constexpr auto half = std::int64_t{1} << 17;
  run(limit(1, 1, buy, half - 1, std::int64_t{1} << 45));
  run(limit(2, 2, sell, half, std::int64_t{1} << 44)); // sold for nearly 2^62, one lot rests
  CAF_CHECK_EQUAL(at(1).leaves.value(), 1);
  add(change(2, 2, sell, 4 * half - 1, std::int64_t{1} << 44)).run(); // 3 x 2^61 more
  CAF_CHECK_EQUAL(at(0).why, reason::overflow);
  add(change(2, 2, sell, 2 * half, std::int64_t{1} << 44)).run();
  CAF_CHECK_EQUAL(at(0).kind, kind::replaced);
}

CAF_TEST_FIXTURE_SCOPE_END()
