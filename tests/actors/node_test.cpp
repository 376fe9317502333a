// Whole nodes over links and disks in memory: orders go in, reports come out, all nodes agree.
#define CAF_SUITE node
#include "tests/suite.hpp"

#include <caf/send.hpp>

#include "tests/actors/cluster_checks.hpp"

using namespace bourse::actors;
using namespace bourse::simulation;

CAF_TEST(one order comes back as reports from four nodes) {
  cluster c{options_of(test_seed("one order"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  maker.submit({limit_order(account_of(c.genesis(), maker.id()), side::buy, 100, 10, 1)});
  CAF_REQUIRE(c.universe().run(2000, [&] { return maker.confirmed().size() == 1; }));
  const auto& r = maker.confirmed().at(1);
  CAF_CHECK(r.kind == report_kind::accepted);
  CAF_CHECK_EQUAL(r.submission.value(), 1u);
  CAF_CHECK(c.agree(2000));
  c.universe().run(100);
  CAF_CHECK(maker.complaints().empty());
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(maker.reports_of(i), 1u);
  auto s = c.status(0, true);
  CAF_CHECK_EQUAL(s["executed"], 1);
  CAF_CHECK_EQUAL(s["state"]["sequence"], 1);
  CAF_CHECK_EQUAL(s["requests"], 1);
}

CAF_TEST(a busy market is the same on all nodes and in one thread) {
  auto seed = test_seed("busy market");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  c.universe().run(10);
  traders.trade(4000, 4, 2000);
  CAF_REQUIRE(c.universe().run(
      20'000, [&] { return traders.submitted() == 1000 && traders.unconfirmed() == 0; }));
  CAF_CHECK(c.agree(5000));
  for (const auto& complaint : traders.complaints())
    CAF_ERROR(complaint);
  auto s = c.status(1, true);
  CAF_CHECK(s["trades"] > 0);
  CAF_CHECK(s["stable"]["sequence"] > 0);
  c.universe().run(100); // what nobody waits for is written a little later
  auto alone = replay(c, 1);
  CAF_CHECK_EQUAL(alone.executed, s["executed"]);
  CAF_CHECK_EQUAL(alone.chain, s["chain"]);
  CAF_CHECK_EQUAL(alone.state, s["state"]["digest"]);
}

CAF_TEST(the same seed gives the same run) {
  auto seed = test_seed("same run");
  auto run = [&] {
    auto o = options_of(seed);
    o.network.loss_percent = 5;
    o.network.duplicate_percent = 5;
    cluster c{std::move(o)};
    crowd traders{c, seed};
    traders.trade(200, 2, 500);
    c.universe().run(1500);
    return c.universe().trace();
  };
  CAF_CHECK_EQUAL(run(), run());
}

CAF_TEST(a cancel goes ahead of takers that came first) {
  cluster c{options_of(test_seed("lanes"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  plain_client taker{c, client_named(c.genesis(), "taker")};
  c.universe().run(10);
  auto quote = limit_order(account_of(c.genesis(), maker.id()), side::sell, 100, 10, 1);
  auto hit = limit_order(account_of(c.genesis(), taker.id()), side::buy, 100, 10, 1,
                         time_in_force::immediate_or_cancel);
  maker.submit({quote});
  CAF_REQUIRE(c.universe().run(2000, [&] { return maker.confirmed().size() == 1; }));
  // Both are stamped between the same two boundaries, the taker first.
  const auto grid_ms = c.genesis().market.order.grid_ms;
  c.universe().run(grid_ms - c.universe().wall_ms() % grid_ms + 2);
  taker.submit({hit});
  c.universe().run(2);
  maker.submit({cancel_of(quote)});
  CAF_REQUIRE(
      c.universe().run(10'000, [&] { return taker.unconfirmed() + maker.unconfirmed() == 0; }));
  CAF_CHECK(maker.confirmed().at(2).kind == report_kind::cancelled);
  CAF_CHECK(taker.confirmed().rbegin()->second.kind == report_kind::expired);
  CAF_CHECK(c.agree(2000));
}

CAF_TEST(a gap waits and a repetition has no effect) {
  cluster c{options_of(test_seed("gaps"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  auto second = maker.sign({limit_order(account, side::buy, 100, 1, 2)}, 0, submission_number{2});
  for (std::size_t i = 0; i < 4; ++i)
    maker.send_to(i, second);
  c.universe().run(500);
  CAF_CHECK_EQUAL(c.executed(0), 0u);
  maker.submit({limit_order(account, side::buy, 100, 1, 1)});
  CAF_REQUIRE(c.universe().run(2000, [&] { return maker.confirmed().size() == 2; }));
  CAF_CHECK_EQUAL(maker.confirmed().at(1).client_order.value(), 1u);
  CAF_CHECK_EQUAL(maker.confirmed().at(2).client_order.value(), 2u);
  for (std::size_t i = 0; i < 4; ++i)
    maker.send_to(i, second);
  c.universe().run(500);
  CAF_CHECK_EQUAL(maker.confirmed().size(), 2u);
  CAF_REQUIRE(!maker.refusals().empty());
  CAF_CHECK(maker.refusals().back().why.code == errc::duplicate);
  CAF_CHECK(c.agree(2000));
}

CAF_TEST(past its credit a client is refused and later served) {
  auto o = options_of(test_seed("credit"));
  o.genesis.market.stream_window = 4;
  cluster c{std::move(o)};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  for (std::uint64_t n = 1; n <= 100; ++n)
    maker.submit({limit_order(account, side::buy, 100, 1, n)});
  c.universe().run(5);
  CAF_CHECK(!maker.refusals().empty());
  CAF_CHECK(maker.refusals().front().why.code == errc::outside_window);
  CAF_REQUIRE(c.universe().run(20'000, [&] { return maker.confirmed().size() == 100; }));
  CAF_CHECK(c.agree(2000));
}

CAF_TEST(a forged signature is refused and changes nothing) {
  cluster c{options_of(test_seed("forged"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  auto forged = maker.sign({limit_order(account, side::buy, 100, 1, 1)}, 0, submission_number{1});
  forged.signature.data[0] ^= 1;
  for (std::size_t i = 0; i < 4; ++i)
    maker.send_to(i, forged);
  c.universe().run(500);
  CAF_CHECK_EQUAL(c.executed(0), 0u);
  CAF_CHECK_EQUAL(maker.refusals().size(), 4u);
  CAF_CHECK(maker.refusals().front().why.code == errc::bad_signature);
  // Its number is still free.
  maker.submit({limit_order(account, side::buy, 100, 1, 1)});
  CAF_CHECK(c.universe().run(2000, [&] { return maker.confirmed().size() == 1; }));
}

CAF_TEST(a dead man switch fires though nobody trades) {
  cluster c{options_of(test_seed("dead man"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  maker.submit({limit_order(account, side::buy, 100, 1, 1), dead_man_switch{account, 1000}});
  CAF_REQUIRE(c.universe().run(2000, [&] { return maker.confirmed().size() == 2; }));
  c.universe().run(900);
  CAF_CHECK_EQUAL(maker.confirmed().size(), 2u);
  CAF_REQUIRE(c.universe().run(1000, [&] { return maker.confirmed().size() == 3; }));
  CAF_CHECK(maker.confirmed().at(3).kind == report_kind::expired);
  CAF_CHECK(maker.confirmed().at(3).why == reason::dead_man);
  CAF_REQUIRE(c.agree(1000));
  auto executed = c.executed(0);
  c.universe().run(5000);
  CAF_CHECK_EQUAL(c.executed(0), executed); // it is disarmed, so nothing more is owed
  CAF_CHECK(c.agree(2000));
}

CAF_TEST(a replica whose clock is wrong delays nobody) {
  for (std::size_t wrong : {0, 3}) // the primary, and a backup
    for (std::int64_t skew_ms : {-10'000, 10'000}) {
      cluster c{options_of(test_seed("skew"))};
      plain_client maker{c, client_named(c.genesis(), "maker")};
      c.set_skew_ms(wrong, skew_ms);
      c.universe().run(100); // it takes part by then
      auto account = account_of(c.genesis(), maker.id());
      for (std::uint64_t n = 1; n <= 20; ++n) {
        maker.submit({limit_order(account, side::buy, 100, 1, n)});
        CAF_REQUIRE(c.universe().run(200, [&] { return maker.confirmed().size() == n; }));
      }
      CAF_CHECK(c.agree(10'000));
      CAF_CHECK(c.status(1)["view"] == 0);
    }
}

CAF_TEST(a node ends when it is told to) {
  cluster c{options_of(test_seed("ending"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  maker.submit({limit_order(account_of(c.genesis(), maker.id()), side::buy, 100, 1, 1)});
  CAF_REQUIRE(c.universe().run(2000, [&] { return maker.confirmed().size() == 1; }));
  CAF_REQUIRE(c.agree(1000));
  caf::anon_send(c.node(2).supervisor, stop_atom::value);
  c.universe().run(1000);
  CAF_CHECK(c.status(2).empty());
  CAF_CHECK_EQUAL(replay(c, 2).executed, 1u); // even what nobody waited for is written
  c.crash(2);
  CAF_REQUIRE(c.start(2).has_value());
  CAF_CHECK(c.agree(2000));
}
