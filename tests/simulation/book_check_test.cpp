// The second opinion on matching: it agrees with the exchange, and objects where a result is wrong.
#define CAF_SUITE book_check
#include "tests/suite.hpp"

#include "simulation/book_check.hpp"

#include <functional>

#include "bench/synthetic_market.hpp"
#include "tests/simulation/spoilt_market.hpp"

using namespace bourse;
using namespace bourse::messages;
using fixture = simulation::spoilt_market;
using part = bench::synthetic_market::part;

CAF_TEST(it agrees with the exchange) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
  f.execute();
  f.add(f.taker, f.limit(f.taker, side::buy, 101, 15));
  f.execute();
  f.check.compare_books(f.exchange);
  CAF_CHECK_EQUAL(f.rule(), "");
}

CAF_TEST(it agrees with the exchange on made up trade) {
  fixture f;
  bench::synthetic_market crowd{f.genesis.market, 1};
  std::size_t trades = 0;
  std::size_t rejected = 0;
  for (int block = 0; block < 200; ++block) {
    for (auto p : {part::makers, part::takers, part::liquidators, part::makers, part::takers})
      for (auto& each : crowd.next(p, 0, 4))
        f.add(crowd.client_of(p), std::move(each));
    f.execute([&](market::block_result& r, std::vector<report>& all) {
      trades += r.settlements.size();
      for (const auto& each : all)
        rejected += each.kind == report_kind::rejected ? 1 : 0;
    });
  }
  f.check.compare_books(f.exchange);
  CAF_CHECK_EQUAL(f.rule(), "");
  CAF_CHECK(trades > 500);
  CAF_CHECK(rejected > 0);
}

// -- orders --------------------------------------------------------------------------------------

CAF_TEST(an order that is accepted twice is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([](auto&, std::vector<report>& all) { all.push_back(all.front()); });
  CAF_CHECK_EQUAL(f.rule(), "exactly-once");
}

CAF_TEST(a request that is not answered is found) {
  fixture f;
  f.add(f.maker, cancel_all{simulation::account_of(f.genesis, f.maker), std::nullopt});
  f.execute([](auto&, std::vector<report>& all) { all.clear(); });
  CAF_CHECK_EQUAL(f.rule(), "exactly-once");
}

CAF_TEST(an order that is not as it was asked for is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute(
      [&](auto&, auto&) { f.pretend<place>(0, [](place& p) { p.quantity = quantity{11}; }); });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

CAF_TEST(an order with the number of another request is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([&](auto&, std::vector<report>& all) {
    all.front().order = order_id{all.front().order.value() + 1};
  });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

CAF_TEST(two open orders of one name are found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
  f.execute([&](auto&, std::vector<report>& all) {
    f.pretend<place>(1, [&](place& p) { p.client_order = all.front().client_order; });
    all.back().client_order = all.front().client_order;
  });
  CAF_CHECK(f.found("book", "the name of another"));
}

CAF_TEST(an order that outlives a cancel_all is found) {
  fixture f;
  auto account = simulation::account_of(f.genesis, f.maker);
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, cancel_all{account, instrument_id{1}});
  f.execute();
  CAF_CHECK_EQUAL(f.rule(), "");
  f.add(f.maker, cancel_all{account, instrument_id{1}});
  f.execute([&](auto&, auto&) {
    f.pretend<cancel_all>(0, [](cancel_all& c) { c.instrument = std::nullopt; });
  });
  CAF_CHECK(f.found("book", "outlives"));
}

CAF_TEST(a switch that fires too soon or not at all is found) {
  auto arm = [](fixture& f, std::uint32_t ms) {
    return dead_man_switch{simulation::account_of(f.genesis, f.maker), ms};
  };
  auto run = [&](fixture& f, std::uint32_t is, std::uint32_t says) {
    f.block.time = block_time{1000};
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    f.add(f.maker, arm(f, is));
    f.execute([&](auto&, auto&) {
      f.pretend<dead_man_switch>(1, [&](dead_man_switch& d) { d.timeout_ms = says; });
    });
    f.block.time = block_time{1300};
    f.execute();
    CAF_CHECK_EQUAL(f.rule(), "");
    f.block.time = block_time{1500};
    f.execute();
  };
  fixture right;
  run(right, 500, 500);
  CAF_CHECK_EQUAL(right.rule(), "");
  fixture soon;
  run(soon, 500, 501);
  CAF_CHECK_EQUAL(soon.rule(), "dead-man");
  fixture late;
  run(late, 501, 500);
  CAF_CHECK_EQUAL(late.rule(), "dead-man");
  fixture disarmed;
  run(disarmed, 500, 0);
  CAF_CHECK_EQUAL(disarmed.rule(), "dead-man");
}

CAF_TEST(an order for an account of others is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([&](auto&, auto&) { f.genesis.market.clients[f.maker.value()].accounts.clear(); });
  CAF_CHECK_EQUAL(f.rule(), "rights");
}

CAF_TEST(what only some may ask for is not granted to others) {
  auto first = account_id{1};
  const request rows[]
      = {deposit{first, asset_id{0}, amount{5}}, withdraw{first, asset_id{0}, amount{5}},
         cancel_all{first, std::nullopt}, dead_man_switch{first, 0}};
  const char* right[] = {"treasurer", "treasurer", "liquidator", "maker"};
  for (std::size_t i = 0; i < std::size(rows); ++i)
    for (bool may : {true, false}) {
      fixture f;
      auto who = simulation::client_named(f.genesis, right[i]);
      f.add(who, rows[i]);
      f.execute([&](auto&, auto&) {
        if (may)
          return;
        auto& c = f.genesis.market.clients[who.value()];
        c.treasurer = c.liquidator = false;
        c.accounts.clear();
      });
      CAF_CHECK_EQUAL(f.rule(), may ? "" : "rights");
    }
}

CAF_TEST(a cancel that ends another order is found) {
  fixture f;
  auto first = f.limit(f.maker, side::sell, 100, 10);
  f.add(f.maker, first);
  f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
  f.execute();
  f.add(f.maker, simulation::cancel_of(std::get<place>(first)));
  f.execute([](auto&, std::vector<report>& all) {
    all.front().order = order_id{all.front().order.value() + 1};
  });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

CAF_TEST(a replacement that forgets what is filled is found) {
  fixture f;
  auto sale = f.limit(f.maker, side::sell, 100, 10);
  f.add(f.maker, sale);
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 4));
  f.execute();
  f.add(f.maker, f.replacement(sale, 101, 10));
  f.execute([](auto&, std::vector<report>& all) { all.front().leaves = quantity{10}; });
  CAF_CHECK(f.found("book", "not replaced as was asked"));
}

// -- trades --------------------------------------------------------------------------------------

CAF_TEST(an order that is passed over is found) {
  // The first of two that stand in the book, or of two in one block.
  for (bool at_once : {false, true}) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
    if (!at_once)
      f.execute();
    f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.execute([](market::block_result& r, std::vector<report>& all) {
      // As if the second had been filled instead of the first.
      auto first = r.settlements.front().maker_order;
      order_id second{first.value() + 1};
      r.settlements.front().maker_order = second;
      for (auto& each : all)
        if (each.order == first && each.kind == report_kind::fill)
          each.order = second;
    });
    CAF_CHECK(f.found("priority"));
  }
}

CAF_TEST(a replaced order stands at the end of its line) {
  fixture f;
  auto sale = f.limit(f.maker, side::sell, 99, 10);
  f.add(f.maker, sale);
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
  f.execute();
  f.add(f.maker, f.replacement(sale, 100, 10));
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
  f.execute([](market::block_result& r, std::vector<report>& all) {
    auto second = r.settlements.front().maker_order;
    order_id replaced{second.value() - 1};
    r.settlements.front().maker_order = replaced;
    for (auto& each : all)
      if (each.order == second)
        each.order = replaced;
  });
  CAF_CHECK(f.found("priority"));
}

CAF_TEST(an order that was replaced once trades at its price all the same) {
  // As maker and as taker.
  for (bool makes : {true, false}) {
    fixture f;
    auto sale = f.limit(f.maker, side::sell, 105, 10);
    f.add(f.maker, sale);
    f.execute();
    if (!makes)
      f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.add(f.maker, f.replacement(sale, 100, 10));
    if (makes) {
      f.execute();
      f.add(f.taker, f.limit(f.taker, side::buy, 101, 10));
    }
    f.execute([&](market::block_result& r, std::vector<report>& all) {
      CAF_REQUIRE_EQUAL(r.settlements.size(), 1u);
      price other{makes ? 101 : 99};
      r.settlements.front().price = other;
      for (auto& each : all)
        if (each.kind == report_kind::fill)
          each.price = other;
    });
    CAF_CHECK(f.found("book", makes ? "its maker stands at another" : "beyond its taker's limit"));
  }
}

CAF_TEST(who could trade and rests is found) {
  for (auto life : {time_in_force::good_till_cancel, time_in_force::immediate_or_cancel}) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
    auto buy = std::get<place>(f.limit(f.taker, side::buy, 100, 10));
    buy.tif = life;
    f.add(f.taker, buy);
    f.execute([&](auto&, std::vector<report>& all) {
      f.pretend<place>(1, [](place& p) { p.price = price{101}; });
      for (auto& each : all)
        if (each.client == f.taker)
          each.price = price{101};
    });
    bool rests = life == time_in_force::good_till_cancel;
    CAF_CHECK_EQUAL(f.rule(), rests ? "book" : "time-in-force");
  }
}

CAF_TEST(an account that trades with itself is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10, 1));
  f.execute([&](auto&, std::vector<report>& all) {
    auto one = simulation::account_of(f.genesis, f.maker);
    f.pretend<place>(1, [&](place& p) { p.account = one; });
    for (auto& each : all)
      each.account = one;
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

CAF_TEST(an account that trades past an order of its own is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 102, 10, 1));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10, 1));
  f.execute([&](auto&, std::vector<report>& all) {
    f.pretend<place>(0, [](place& p) { p.price = price{99}; });
    all.front().price = price{99};
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

CAF_TEST(the wrong one of two orders of an account is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10));
  f.execute([&](auto&, auto&) {
    f.pretend<place>(1, [](place& p) { p.stp = self_trade::expire_maker; });
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

// -- time in force -------------------------------------------------------------------------------

CAF_TEST(what an order promises is kept) {
  using enum time_in_force;
  struct row {
    time_in_force is;   ///< what the exchange executed
    time_in_force says; ///< what was asked for
    std::int64_t buys;  ///< from 10 lots
    const char* rule;
  };
  const row rows[] = {
      {immediate_or_cancel, fill_or_kill, 15, "time-in-force"}, // filled in part
      {immediate_or_cancel, fill_or_kill, 10, ""},
      {good_till_cancel, fill_or_kill, 15, "time-in-force"}, // rests
      {good_till_cancel, post_only, 5, "time-in-force"},     // takes
      {good_till_cancel, immediate_or_cancel, 15, "time-in-force"},
      {good_till_cancel, immediate_or_cancel, 5, ""},
      {immediate_or_cancel, good_till_cancel, 15, "time-in-force"}, // expires
  };
  for (const auto& r : rows) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    auto buy = std::get<place>(f.limit(f.taker, side::buy, 100, r.buys));
    buy.tif = r.is;
    f.add(f.taker, buy);
    f.execute([&](auto&, auto&) { f.pretend<place>(1, [&](place& p) { p.tif = r.says; }); });
    CAF_CHECK_EQUAL(f.rule(), r.rule);
  }
}

CAF_TEST(a replacement that must not take is held to it) {
  fixture f;
  auto buy = f.limit(f.taker, side::buy, 99, 10);
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.taker, buy);
  f.execute();
  f.add(f.taker, f.replacement(buy, 100, 10));
  f.execute([&](auto&, auto&) { f.pretend<replace>(0, [](replace& r) { r.post_only = true; }); });
  CAF_CHECK_EQUAL(f.rule(), "time-in-force");
}

CAF_TEST(an order that outlives its last block is found) {
  for (bool trades : {false, true}) {
    fixture f;
    auto sale = std::get<place>(f.limit(f.maker, side::sell, 100, 10));
    sale.tif = time_in_force::good_till_block;
    sale.expire_after = sequence_number{5};
    f.add(f.maker, sale);
    f.execute([&](auto&, auto&) {
      f.pretend<place>(0, [](place& p) { p.expire_after = sequence_number{1}; });
    });
    CAF_CHECK_EQUAL(f.rule(), "");
    if (trades)
      f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.execute();
    CAF_CHECK_EQUAL(f.rule(), "time-in-force");
  }
}

CAF_TEST(an order that expires too soon is found) {
  fixture f;
  auto sale = std::get<place>(f.limit(f.maker, side::sell, 100, 10));
  sale.tif = time_in_force::good_till_block;
  sale.expire_after = sequence_number{1};
  f.add(f.maker, sale);
  f.execute([&](auto&, auto&) {
    f.pretend<place>(0, [](place& p) { p.expire_after = sequence_number{2}; });
  });
  f.execute();
  CAF_CHECK_EQUAL(f.rule(), "time-in-force");
}

CAF_TEST(an order whose time is up goes before all else) {
  fixture f;
  auto sale = std::get<place>(f.limit(f.maker, side::sell, 100, 10));
  sale.tif = time_in_force::good_till_block;
  sale.expire_after = sequence_number{1};
  f.add(f.maker, sale);
  f.execute();
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([](auto&, std::vector<report>& all) { std::swap(all.front(), all.back()); });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

// -- refusals ------------------------------------------------------------------------------------

CAF_TEST(a refusal without a reason is found) {
  using change = std::function<void(place&)>;
  struct row {
    reason why;
    change is;   ///< makes an order to buy 10 at 99 be refused: 10 are sold at 100
    change says; ///< makes it as it was asked for
  };
  auto nothing = [](place&) {
  };
  auto to_fill = [](place& p) {
    p.tif = time_in_force::fill_or_kill;
  };
  auto passive = [](place& p) {
    p.tif = time_in_force::post_only;
    p.price = price{100};
  };
  auto many = [](place& p) {
    p.tif = time_in_force::fill_or_kill;
    p.price = price{100};
    p.quantity = quantity{11};
  };
  const row rows[] = {
      {reason::would_take, passive, passive},
      {reason::would_take, passive,
       [](place& p) {
         p.price = price{99};
       }},
      {reason::would_not_fill, many, many},
      {reason::would_not_fill, to_fill, to_fill},
      {reason::would_not_fill, to_fill,
       [&](place& p) {
         to_fill(p);
         p.price = price{100};
       }},
      {reason::would_not_fill, many, nothing},
      {reason::duplicate_client_order, [](place& p) { p.client_order = client_order_id{2}; },
       [](place& p) {
         p.client_order = client_order_id{2};
       }},
      {reason::duplicate_client_order, [](place& p) { p.client_order = client_order_id{2}; },
       nothing},
  };
  std::vector<bool> wrong;
  for (const auto& r : rows) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    f.add(f.taker, f.limit(f.taker, side::buy, 90, 1));
    f.execute();
    auto buy = std::get<place>(f.limit(f.taker, side::buy, 99, 10));
    auto asked = buy;
    r.is(buy);
    r.says(asked);
    f.add(f.taker, buy);
    f.execute([&](auto&, std::vector<report>& all) {
      CAF_REQUIRE_EQUAL(all.size(), 1u);
      CAF_REQUIRE(all.front().why == r.why);
      f.pretend<place>(0, [&](place& p) { p = asked; });
    });
    CAF_CHECK(f.out.empty() || f.rule() == "refusal");
    wrong.push_back(!f.out.empty());
  }
  CAF_CHECK(wrong == (std::vector<bool>{false, true, false, false, true, true, false, true}));
}

CAF_TEST(a change that is refused without a reason is found) {
  struct row {
    reason why;
    std::function<void(replace&)> is;
  };
  const row rows[] = {
      {reason::unknown_order,
       [](replace& r) {
         r.client_order = client_order_id{77};
       }},
      {reason::unknown_order,
       [](replace& r) {
         r.side = side::buy;
       }},
      {reason::too_late,
       [](replace& r) {
         r.quantity = quantity{4};
       }},
      {reason::would_take,
       [](replace& r) {
         r.post_only = true;
         r.price = price{90};
       }},
      {reason::duplicate_client_order,
       [](replace& r) {
         r.new_client_order = client_order_id{2};
       }},
  };
  for (const auto& r : rows)
    for (bool wrong : {false, true}) {
      fixture f;
      auto sale = f.limit(f.maker, side::sell, 100, 10);
      f.add(f.maker, sale);
      f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
      f.add(f.taker, f.limit(f.taker, side::buy, 100, 4));
      f.add(f.taker, f.limit(f.taker, side::buy, 90, 4));
      f.execute();
      auto asked = std::get<replace>(f.replacement(sale, 99, 10));
      auto change = asked;
      r.is(change);
      f.add(f.maker, change);
      f.execute([&](auto&, std::vector<report>& all) {
        CAF_REQUIRE_EQUAL(all.size(), 1u);
        CAF_REQUIRE(all.front().why == r.why);
        if (wrong)
          f.pretend<replace>(0, [&](replace& x) { x = asked; });
      });
      CAF_CHECK_EQUAL(f.rule(), wrong ? "refusal" : "");
    }
}

CAF_TEST(a cancel that is refused without a reason is found) {
  fixture f;
  auto sale = f.limit(f.maker, side::sell, 100, 10);
  f.add(f.maker, sale);
  f.execute();
  auto other = simulation::cancel_of(std::get<place>(sale));
  other.client_order = client_order_id{77};
  f.add(f.maker, other);
  f.execute();
  CAF_CHECK_EQUAL(f.rule(), "");
  f.add(f.maker, other);
  f.execute([&](auto&, auto&) {
    f.pretend<cancel>(0, [&](cancel& c) { c = simulation::cancel_of(std::get<place>(sale)); });
  });
  CAF_CHECK_EQUAL(f.rule(), "refusal");
}
