#define CAF_SUITE replay_record
#include "tests/suite.hpp"

#include "app/replay_record.hpp"
#include "config/sample_market.hpp"
#include "tests/config/files.hpp"

#include <sstream>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;

namespace {

flow_event created(std::uint64_t id, side s, std::int64_t ticks, std::int64_t lots) {
  flow_event e;
  e.order = client_order_id{id};
  e.side = s;
  e.price = price{ticks};
  e.quantity = quantity{lots};
  return e;
}

report filled(std::uint64_t trade, std::uint64_t order, role r, std::int64_t lots) {
  report x;
  x.kind = report_kind::fill;
  x.trade = trade_id{trade};
  x.client_order = client_order_id{order};
  x.role = r;
  x.price = price{23647};
  x.quantity = quantity{lots};
  return x;
}

report rejected(reason why) {
  report x;
  x.kind = report_kind::rejected;
  x.why = why;
  return x;
}

/// Orders 1 and 2, and order 3 that takes both; a cancel of what was never there.
replay_record sample(std::uint64_t first_trade = 100) {
  replay_record record;
  record.add(created(1, side::buy, 23647, 50));
  record.add(created(2, side::buy, 23647, 30));
  record.add(created(3, side::sell, 23600, 60));
  auto cancel = created(9, side::buy, 0, 0);
  cancel.what = flow_event::kind::cancel;
  record.add(cancel);
  record.apply(filled(first_trade, 1, role::maker, 50));
  record.apply(filled(first_trade, 3, role::taker, 50));
  record.apply(filled(first_trade + 7, 3, role::taker, 10));
  record.apply(filled(first_trade + 7, 2, role::maker, 10));
  record.apply(rejected(reason::unknown_order));
  return record;
}

const bourse::market::rules market = bourse::config::sample_market();

} // namespace

CAF_TEST(fills add up by order and by trade) {
  auto record = sample();
  CAF_REQUIRE_EQUAL(record.orders().size(), 3u);
  CAF_CHECK(record.orders()[0].filled == quantity{50});
  CAF_CHECK(record.orders()[1].filled == quantity{10});
  CAF_CHECK(record.orders()[2].filled == quantity{60});
  auto trades = record.trades();
  CAF_REQUIRE_EQUAL(trades.size(), 2u);
  CAF_CHECK(
      trades[1]
      == replayed_trade({client_order_id{2}, client_order_id{3}, price{23647}, quantity{10}}));
  CAF_CHECK_EQUAL(record.volume_lots(), 60);
  CAF_CHECK_EQUAL(record.instructions(), 4u);
  CAF_CHECK_EQUAL(record.rejected().at(reason::unknown_order), 1u);
}

CAF_TEST(the CSV has the columns and units of the feed) {
  std::ostringstream out;
  sample().write_csv(out, market.instruments[0]);
  CAF_CHECK_EQUAL(out.str(), "id,side,price,qty,filled\n"
                             "1,bid,236.47,50,50\n"
                             "2,bid,236.47,30,10\n"
                             "3,ask,236.00,60,60\n");
}

CAF_TEST(numbers of trades need not agree but their order must) {
  CAF_CHECK_EQUAL(difference(sample(), sample(5000)), "");
  auto other = sample();
  other.apply(filled(99, 2, role::maker, 5));
  other.apply(filled(99, 3, role::taker, 5));
  CAF_CHECK_EQUAL(difference(sample(), other), "order 2: 10 of 30 lots filled against 15 of 30");
  other = sample();
  other.add(created(4, side::buy, 1, 1));
  CAF_CHECK_EQUAL(difference(sample(), other), "3 orders against 4");
  other = sample();
  other.apply(rejected(reason::unknown_order));
  CAF_CHECK_EQUAL(difference(sample(), other),
                  "the same trades, but other instructions were rejected");
}

CAF_TEST(trades in another order are a difference) {
  replay_record one;
  replay_record other;
  for (auto* record : {&one, &other}) {
    record->add(created(1, side::buy, 23647, 50));
    record->add(created(2, side::buy, 23647, 50));
    record->add(created(3, side::sell, 23647, 100));
  }
  one.apply(filled(1, 1, role::maker, 50));
  one.apply(filled(1, 3, role::taker, 50));
  one.apply(filled(2, 2, role::maker, 50));
  one.apply(filled(2, 3, role::taker, 50));
  other.apply(filled(1, 2, role::maker, 50));
  other.apply(filled(1, 3, role::taker, 50));
  other.apply(filled(2, 1, role::maker, 50));
  other.apply(filled(2, 3, role::taker, 50));
  CAF_CHECK_EQUAL(difference(one, other),
                  "trade 1 of 2: 50 lots at 23647 ticks (maker 1, taker 3) against 50 at 23647 "
                  "(maker 2, taker 3)");
}

CAF_TEST(roles are those of the sample market) {
  auto roles = find_replay_roles(market, "BTC-USD");
  CAF_REQUIRE(roles.has_value());
  CAF_CHECK_EQUAL(market.accounts[roles->bids.value()].name, "bids");
  CAF_CHECK_EQUAL(market.clients[roles->client.value()].name, "trader");
  CAF_CHECK(!find_replay_roles(market, "BTC-EUR").has_value());
  auto other = market;
  other.clients.back().accounts.pop_back();
  CAF_CHECK(find_replay_roles(other, "BTC-USD").error().code == errc::not_authorised);
}

CAF_TEST(instructions become requests) {
  replay_roles roles{client_id{4}, account_id{15}, account_id{16}, instrument_id{0}};
  auto p = std::get<place>(to_request(created(7, side::sell, 23647, 5), roles));
  CAF_CHECK(p.account == roles.asks);
  CAF_CHECK(p.client_order == client_order_id{7});
  CAF_CHECK(p.price == price{23647});
  CAF_CHECK(p.tif == time_in_force::good_till_cancel);
  auto e = created(7, side::buy, 0, 0);
  e.what = flow_event::kind::cancel;
  CAF_CHECK((std::get<cancel>(to_request(e, roles))
             == cancel{roles.bids, roles.instrument, client_order_id{7}}));
}

CAF_TEST(agreement with the feed is counted over orders that end) {
  temporary_folder folder;
  auto file = folder.path() / "flow.csv";
  write(file, "id,timestamp,exchange.timestamp,price,volume,action,direction\n"
              "1,1,1,236.47,50,created,bid\n"
              "2,1,1,236.47,30,created,bid\n"
              "3,1,1,236.00,60,created,ask\n"
              "1,1,1,236.47,0,deleted,bid\n"
              "2,1,1,236.47,25,deleted,bid\n");
  auto flow = order_flow::open(file, market.instruments[0]);
  CAF_REQUIRE(flow.has_value());
  for (auto event = flow->next(); event && *event; event = flow->next())
    ;
  auto agreement = compare_with_feed(sample(), *flow);
  CAF_CHECK_EQUAL(agreement.orders, 2u); // order 3 has no end there
  CAF_CHECK_EQUAL(agreement.equal, 1u);  // 10 lots of order 2 were filled, and 5 in the feed
}
