#define CAF_SUITE clearing_house
#include "tests/suite.hpp"

#include "tests/market/house_fixture.hpp"

using namespace bourse::market;
using namespace bourse::market::samples;

CAF_TEST_FIXTURE_SCOPE(clearing_house_tests, house_fixture)

// -- exactly-once ---------------------------------------------------------------------------------

CAF_TEST(a stream executes its numbers in order and once) {
  using enum submission_fate;
  auto in = [&](std::uint8_t stream, std::uint64_t number, char variant = 'a') {
    return submission_of(0, stream, number, {deposit{}}, r, 64, variant);
  };
  auto result = run({in(0, 2), in(0, 1), in(0, 1), in(0, 1, 'b'), in(0, 2), in(3, 1), in(3, 3)});
  CAF_CHECK(
      (result.fates == std::vector{gap, executed, duplicate, duplicate, executed, executed, gap}));
  CAF_CHECK_EQUAL(result.requests, 3u);
  CAF_CHECK_EQUAL(reports(result).size(), 3u);
  CAF_REQUIRE_EQUAL(result.positions.size(), 2u);
  CAF_CHECK(result.positions[0].stream == stream_id{0});
  CAF_CHECK_EQUAL(result.positions[0].next.value(), 3u);
  CAF_CHECK(result.positions[1].stream == stream_id{3});
  CAF_CHECK_EQUAL(result.positions[1].next.value(), 2u);
  CAF_CHECK_EQUAL(house->next_submission(client_id{0}, stream_id{0}).value(), 3u);
  CAF_CHECK_EQUAL(house->next_submission(client_id{0}, stream_id{1}).value(), 1u);
  CAF_CHECK_EQUAL(house->next_report(client_id{0}).value(), 4u);

  result = run({in(0, 2), in(0, 3)});
  CAF_CHECK((result.fates == std::vector{duplicate, executed}));
}

CAF_TEST(an unknown client has no effect) {
  auto s = submission_of(77, 0, 1, {deposit{}, place{}}, r);
  auto result = run({s, next(0, {deposit{}})});
  CAF_CHECK((result.fates == std::vector{submission_fate::gap, submission_fate::executed}));
  CAF_CHECK_EQUAL(reports(result).size(), 1u);
  CAF_CHECK_EQUAL(house->next_submission(client_id{77}, stream_id{0}).value(), 1u);
}

CAF_TEST(positions count all requests of the block) {
  auto skipped = submission_of(1, 0, 9, {buy(1, 1), buy(1, 1)}, r);
  auto works = begin({next(0, {buy(1, 1, 1)}), skipped, next(0, {sell(9, 1, 2), sell(9, 1, 3)})});
  CAF_CHECK_EQUAL(item<place_work>(works, 0, 0).from.position, 1u);
  CAF_CHECK_EQUAL(item<place_work>(works, 0, 1).from.position, 4u);
  auto& last = item<place_work>(works, 0, 2).from;
  CAF_CHECK_EQUAL(last.position, 5u);
  CAF_CHECK_EQUAL(last.index, 1u);
  CAF_CHECK_EQUAL(last.submission.value(), 2u);
  CAF_CHECK_EQUAL(works[0].items.size(), 3u);
  CAF_CHECK_EQUAL(works[1].items.size(), 0u);
}

// -- settlement -----------------------------------------------------------------------------------

CAF_TEST(a trade moves both sides and fees at once) {
  begin({next(0, {buy(100, 10)}), next(1, {limit_order(1, 0, 1, side::sell, 100, 10)})});
  auto outcomes = nothing();
  auto f = trade_between(0, 1, 100, 10, 1, 2);
  f.taker_side = side::sell;
  f.maker_order = order_id{11};
  f.taker_order = order_id{12};
  add_fill(outcomes[0], 2, f, 0, 1);
  outcomes[0].releases = {{account_id{0}, usd, amount{1}}}; // held 1002, of which 1001 are spent
  auto result = house->finish(std::move(outcomes));

  CAF_CHECK_EQUAL(free(0, btc), balance_at_start + 10);
  CAF_CHECK_EQUAL(free(0, usd), balance_at_start - 1001);
  CAF_CHECK_EQUAL(held(0, usd), 0);
  CAF_CHECK_EQUAL(free(1, btc), balance_at_start - 10);
  CAF_CHECK_EQUAL(held(1, btc), 0);
  CAF_CHECK_EQUAL(free(1, usd), balance_at_start + 998);
  CAF_CHECK_EQUAL(free(4, usd), 3);

  CAF_REQUIRE_EQUAL(result.settlements.size(), 1u);
  auto& s = result.settlements[0];
  CAF_CHECK_EQUAL(s.trade.value(), std::uint64_t{1} << 24);
  CAF_CHECK(s.price == price{100});
  CAF_CHECK(s.quantity == quantity{10});
  CAF_CHECK(s.taker_side == side::sell);
  CAF_CHECK(s.maker_order == order_id{11});
  CAF_CHECK(s.taker_order == order_id{12});
  account_id buyer{0}, seller{1};
  CAF_CHECK((s.transfers
             == std::vector{transfer{seller, buyer, btc, amount{10}},
                            transfer{buyer, seller, usd, amount{1000}},
                            transfer{buyer, fees, usd, amount{1}},
                            transfer{seller, fees, usd, amount{2}}}));
  auto all = reports(result);
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK(all[0].trade == s.trade);
  CAF_CHECK(all[1].trade == s.trade);
  CAF_CHECK(!result.settlements.empty());
}

CAF_TEST(reports and trades are in the order of requests whatever matcher had them) {
  std::vector<request> orders;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    orders.push_back(limit_order(0, 0, n, side::buy, 1, 1));
    orders.push_back(limit_order(0, 1, n, side::buy, 1, 1));
  }
  orders.push_back(deposit{}); // position 7: not authorised
  auto sale = [&](std::uint32_t who) {
    return next(
        who, {limit_order(who, 0, 1, side::sell, 1, 9), limit_order(who, 1, 1, side::sell, 1, 9)});
  };
  begin({next(0, orders), sale(1), sale(2)});

  auto outcomes = nothing();
  auto f = trade_between(0, 1, 1, 1);
  outcomes[0].reports.push_back(draft(0, 2, 0, report_kind::expired));
  outcomes[0].reports.push_back(draft(1, 0, 0));
  add_fill(outcomes[0], 5, f, 0, 1);
  f.seller = account_id{2};
  add_fill(outcomes[1], 2, f, 0, 2);
  add_fill(outcomes[1], 2, f, 0, 2);
  outcomes[1].reports.push_back(draft(5, 0, 1));
  auto result = house->finish(std::move(outcomes));

  auto all = reports(result);
  CAF_REQUIRE_EQUAL(all.size(), 10u);
  auto trade = [](std::uint64_t n) {
    return trade_id{(std::uint64_t{1} << 24) + n};
  };
  // Client 0: position 1, two fills at 2, the fill at 5 in instrument 0 before instrument 1,
  // then 7.
  CAF_CHECK(all[0].kind == report_kind::accepted);
  CAF_CHECK(all[1].trade == trade(0));
  CAF_CHECK(all[2].trade == trade(1));
  CAF_CHECK(all[3].trade == trade(2));
  CAF_CHECK(all[4].instrument == instrument_id{1});
  CAF_CHECK(all[5].why == reason::not_authorised);
  CAF_CHECK(all[6].client == client_id{1});
  CAF_CHECK(all[6].trade == trade(2));
  CAF_CHECK(all[7].kind == report_kind::expired);
  CAF_CHECK(all[8].trade == trade(0));
  CAF_CHECK(all[9].trade == trade(1));
  CAF_REQUIRE_EQUAL(result.settlements.size(), 3u);
  for (std::uint64_t n = 0; n < 3; ++n)
    CAF_CHECK(result.settlements[n].trade == trade(n));
  CAF_CHECK(result.settlements[2].instrument == instrument_id{0});

  // Numbers go on in the next block.
  result = run({next(0, {deposit{}}, 1)});
  CAF_REQUIRE_EQUAL(result.reports.size(), 1u);
  CAF_CHECK_EQUAL(result.reports[0].first.value(), 7u);
}

CAF_TEST(an empty block is a result) {
  auto result = run({});
  CAF_CHECK(result.results_root == hash(""));
  CAF_CHECK(result.reports.empty());
  CAF_CHECK(result.sequence == sequence_number{1});
  CAF_CHECK(house->executed() == sequence_number{1});
}

// -- cancel-all and the dead-man's switch ---------------------------------------------------------

CAF_TEST(cancel all goes to the matchers concerned and is done after them) {
  begin({next(0, {buy(1, 1)})});
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}};
  house->finish(std::move(outcomes));

  cancel_all everywhere{account_id{0}, std::nullopt}, here{account_id{0}, instrument_id{1}};
  auto works = begin({next(0, {everywhere, here})});
  CAF_CHECK_EQUAL(works[0].items.size(), 1u);
  CAF_CHECK_EQUAL(works[1].items.size(), 2u);
  CAF_CHECK(item<cancel_all_work>(works, 1, 1).why == reason::none);
  CAF_CHECK_EQUAL(item<cancel_all_work>(works, 1, 1).from.position, 2u);
  outcomes = nothing();
  outcomes[0].reports.push_back(draft(1, 0, 0, report_kind::cancelled));
  outcomes[0].open_order_changes = {{account_id{0}, -1}};
  outcomes[1].reports.push_back(draft(1, 0, 1, report_kind::cancelled));
  auto all = reports(house->finish(std::move(outcomes)));
  CAF_REQUIRE_EQUAL(all.size(), 4u);
  CAF_CHECK(all[1].kind == report_kind::cancelled);
  CAF_CHECK(all[2].kind == report_kind::done);
  CAF_CHECK(all[3].kind == report_kind::done);

  // Nothing open and nothing placed: no matcher is asked.
  works = begin({next(0, {everywhere, buy(1, 1, 2), everywhere})});
  CAF_CHECK_EQUAL(works[0].items.size(), 2u);
}

CAF_TEST(a switch fires at the first block that is late enough) {
  auto arm = [&](std::uint32_t who, std::uint32_t timeout) {
    return next(who, {dead_man_switch{account_id{who}, timeout}});
  };
  begin({next(0, {buy(1, 1)}), arm(1, 500), arm(0, 300)});
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}};
  auto result = house->finish(std::move(outcomes));
  CAF_CHECK_EQUAL(result.next_due.value(), 1300u);
  CAF_CHECK_EQUAL(house->next_due().value(), 1300u);

  time = 1299;
  CAF_CHECK(begin({next(0, {buy(1, 1, 2)})})[0].items.size() == 1u);
  house->finish(nothing());
  time = 1300;
  auto works = begin({next(0, {buy(1, 1, 3)})});
  CAF_REQUIRE_EQUAL(works[0].items.size(), 2u);
  CAF_REQUIRE_EQUAL(works[1].items.size(), 1u);
  auto& fired = item<cancel_all_work>(works, 0, 0);
  CAF_CHECK(fired.why == reason::dead_man);
  CAF_CHECK(fired.account == account_id{0});
  CAF_CHECK_EQUAL(fired.from.position, 0u);
  result = house->finish(nothing());
  CAF_CHECK_EQUAL(result.next_due.value(), 1500u);

  // Account 1 has no orders; its switch goes off all the same, and once.
  time = 2000;
  CAF_CHECK(run({}).next_due == block_time{});
}

CAF_TEST(a block of an earlier time or none has that of its predecessor) {
  auto arm = [&](std::uint32_t who, std::uint32_t timeout) {
    return next(who, {dead_man_switch{account_id{who}, timeout}});
  };
  run({arm(0, 300)});
  for (std::uint64_t earlier : {0, 1, 999, 1000}) {
    time = earlier;
    auto works = begin({});
    CAF_CHECK_EQUAL(works[0].time.value(), 1000u);
    auto result = house->finish(nothing());
    CAF_CHECK_EQUAL(result.time.value(), 1000u);
    CAF_CHECK_EQUAL(result.next_due.value(), 1300u); // has not fired
  }
  // A timeout counts from it.
  time = 0;
  CAF_CHECK_EQUAL(run({arm(1, 200)}).next_due.value(), 1200u);
  // Restored state knows the time as well.
  clearing_house copy{r};
  for (auto& p : house->take_dirty_pages())
    CAF_REQUIRE(copy.restore(p.key, p.content));
  copy.begin({sequence_number{sequence + 1}, {}, {}, {}});
  CAF_CHECK_EQUAL(copy.finish(nothing()).time.value(), 1000u);
  // And the next block has its own.
  time = 1250;
  auto result = run({});
  CAF_CHECK_EQUAL(result.time.value(), 1250u);
  CAF_CHECK_EQUAL(result.next_due.value(), 1300u);
}

CAF_TEST(a switch is renewed and disarmed) {
  auto arm = [&](std::uint32_t timeout) {
    return run({next(0, {dead_man_switch{account_id{0}, timeout}})}).next_due.value();
  };
  CAF_CHECK_EQUAL(arm(100), 1100u);
  time = 1050;
  CAF_CHECK_EQUAL(arm(100), 1150u);
  CAF_CHECK_EQUAL(arm(0), 0u);
  time = UINT64_MAX - 5;
  CAF_CHECK_EQUAL(arm(100), UINT64_MAX);
}

CAF_TEST(switches fire in the order of accounts) {
  r.clients[0].accounts = {account_id{0}, account_id{1}, account_id{2}};
  reset();
  std::vector<request> requests;
  for (std::uint32_t a : {2, 0, 1}) {
    requests.push_back(limit_order(a, 0, 1, side::buy, 1, 1));
    requests.push_back(dead_man_switch{account_id{a}, 10 - a});
  }
  begin({next(0, requests)});
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}, {account_id{1}, 1}, {account_id{2}, 1}};
  house->finish(std::move(outcomes));
  time += 100;
  auto works = begin({});
  for (std::uint32_t a : {0, 1, 2})
    CAF_CHECK(item<cancel_all_work>(works, 0, a).account == account_id{a});
}

// -- pages ----------------------------------------------------------------------------------------

CAF_TEST(pages restore all that later blocks depend on) {
  begin({next(0, {buy(100, 10), dead_man_switch{account_id{0}, 7000}}), next(1, {deposit{}}, 9),
         next(treasurer, {deposit{account_id{2}, eth, amount{5}}})});
  auto outcomes = nothing();
  outcomes[0].open_order_changes = {{account_id{0}, 1}};
  house->finish(std::move(outcomes));

  auto pages = house->take_dirty_pages();
  CAF_CHECK(house->take_dirty_pages().empty());
  clearing_house copy{r};
  for (auto& p : pages)
    CAF_REQUIRE(copy.restore(p.key, p.content));
  CAF_CHECK(copy.take_dirty_pages().empty());
  CAF_CHECK(copy.supply() == house->supply());
  CAF_CHECK(copy.next_due() == block_time{8000});
  CAF_CHECK(copy.executed() == sequence_number{1});
  CAF_CHECK(copy.next_submission(client_id{1}, stream_id{9}) == submission_number{2});
  CAF_CHECK(copy.next_report(client_id{1}) == report_number{2});
  for (std::uint32_t a = 0; a < 5; ++a)
    CAF_CHECK(copy.view(account_id{a}) == house->view(account_id{a}));

  auto last = [&](clearing_house& h) {
    h.begin({sequence_number{2}, {}, block_time{9000}, {next(0, {deposit{}, sell(1, 1)})}});
    --numbers[{0, 0}];
    h.finish(nothing());
    return h.take_dirty_pages();
  };
  auto a = last(*house), b = last(copy);
  CAF_REQUIRE_EQUAL(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAF_CHECK(a[i].key == b[i].key);
    CAF_CHECK(a[i].content == b[i].content);
  }
}

CAF_TEST(only changed pages are dirty) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    r.accounts.push_back({"more", {}});
    r.clients.push_back({"more", {}, {}});
  }
  reset();
  CAF_CHECK_EQUAL(house->take_dirty_pages().size(), 1u + 7u + 7u);
  run({next(treasurer, {deposit{account_id{50}, usd, amount{1}}})});
  auto pages = house->take_dirty_pages();
  CAF_REQUIRE_EQUAL(pages.size(), 3u);
  CAF_CHECK((pages[0].key == page_key{page_kind::ledger_totals, 0, 0}));
  CAF_CHECK((pages[1].key == page_key{page_kind::accounts, 0, 3}));
  CAF_CHECK((pages[2].key == page_key{page_kind::clients, 0, 0}));
}

CAF_TEST(corrupt pages are refused) {
  auto pages = house->take_dirty_pages();
  auto refused = [&](const page_key& key, byte_view content) {
    auto result = clearing_house{r}.restore(key, content);
    return !result && result.error().code == errc::corrupt;
  };
  for (auto& p : pages) {
    CAF_CHECK(clearing_house{r}.restore(p.key, p.content));
    for (std::size_t size = 0; size < p.content.size(); ++size)
      CAF_REQUIRE(refused(p.key, byte_view{p.content}.substr(0, size)));
    CAF_CHECK(refused(p.key, p.content + '\0'));
    auto version = p.content;
    ++version[0];
    CAF_CHECK(refused(p.key, version));
    CAF_CHECK(refused({p.key.kind, 0, 1}, p.content));
    CAF_CHECK(refused({p.key.kind, 1, 0}, p.content));
  }
  CAF_CHECK(refused({page_kind::orders, 0, 0}, ""));
  // A balance below zero, in the first account of a page: behind version, due, open orders, count.
  auto negative = pages[1].content;
  negative[1 + 8 + 4 + 2 + 2 + 7] = '\x80';
  CAF_CHECK(refused(pages[1].key, negative));
}

CAF_TEST_FIXTURE_SCOPE_END()
