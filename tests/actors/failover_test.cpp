// Whole nodes lose their primary, or a part of themselves.
#define CAF_SUITE failover
#include "tests/suite.hpp"

#include <set>

#include "tests/actors/cluster_checks.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

std::uint64_t view_of(cluster& c, std::size_t i) {
  return c.status(i)["view"].get<std::uint64_t>();
}

void start_again(cluster& c, crowd& traders, std::size_t i) {
  CAF_REQUIRE(c.start(i).has_value());
  for (auto& client : traders.clients())
    client.connect(i);
}

} // namespace

CAF_TEST(the next replica leads when the primary has crashed) {
  auto seed = test_seed("crashed primary");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(1200, 4, 3000);
  c.universe().run(700);
  auto before = c.executed(1);
  c.crash(0);
  CAF_REQUIRE(c.universe().run(2000, [&] { return c.executed(1) > before + 3; }));
  CAF_CHECK(view_of(c, 1) >= 1);
  start_again(c, traders, 0);
  CAF_CHECK(all_confirmed(c, traders, 300, 30'000));
  CAF_CHECK(c.agree(30'000));
  CAF_CHECK_EQUAL(view_of(c, 0), view_of(c, 1));
  check_no_complaints(traders);
}

CAF_TEST(a primary that is cut off is replaced and comes back as a backup) {
  auto seed = test_seed("cut off");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(1200, 4, 3000);
  c.universe().run(700);
  for (std::size_t i = 1; i < 4; ++i)
    c.cut(0, i);
  auto before = c.executed(2);
  CAF_REQUIRE(c.universe().run(3000, [&] { return c.executed(2) > before + 3; }));
  for (std::size_t i = 1; i < 4; ++i)
    c.cut(0, i, false);
  CAF_CHECK(all_confirmed(c, traders, 300, 30'000));
  CAF_CHECK(c.agree(30'000));
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(view_of(c, i) >= 1);
  check_no_complaints(traders);
}

CAF_TEST(two of four stop everything and nothing disagrees when they are back) {
  auto seed = test_seed("two and two");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(800, 4, 2000);
  c.universe().run(500);
  for (std::size_t a : {0, 1})
    for (std::size_t b : {2, 3})
      c.cut(a, b);
  c.universe().run(300); // what was under way
  auto before = c.executed(0);
  c.universe().run(5000);
  CAF_CHECK_EQUAL(c.executed(0), before);
  for (std::size_t a : {0, 1})
    for (std::size_t b : {2, 3})
      c.cut(a, b, false);
  CAF_CHECK(all_confirmed(c, traders, 200, 60'000));
  CAF_CHECK(c.agree(30'000));
  check_no_complaints(traders);
}

CAF_TEST(whichever actor fails its node ends and begins anew and the others go on) {
  auto seed = test_seed("failing actors");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  std::set<std::string> kinds;
  for (const auto& child : c.node(0).children)
    kinds.insert(child.name);
  CAF_CHECK(kinds.size() >= 9);
  traders.trade(kinds.size() * 400, 4, kinds.size() * 1000);
  std::size_t at = 0;
  for (const auto& kind : kinds) {
    c.universe().run(400);
    auto i = at++ % 4; // now the primary, now a backup
    auto context = c.node(i).context;
    for (const auto& child : c.node(i).children)
      if (child.name == kind) {
        caf::anon_send_exit(child.handle, caf::exit_reason::unhandled_exception);
        break;
      }
    c.universe().run(200);
    CAF_CHECK(c.status(i).empty());
    CAF_CHECK_EQUAL(context->failed_child, kind);
    c.crash(i, c.disk(i).unsynced());
    c.universe().run(100);
    start_again(c, traders, i);
  }
  CAF_CHECK(all_confirmed(c, traders, kinds.size() * 100, 60'000));
  CAF_CHECK(c.agree(30'000));
  check_no_complaints(traders);
}

CAF_TEST(a primary that lets a dead man switch pass is replaced) {
  cluster c{options_of(test_seed("late switch"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  maker.submit({limit_order(account, side::buy, 100, 1, 1), dead_man_switch{account, 1000}});
  CAF_REQUIRE(c.universe().run(1000, [&] { return maker.confirmed().size() == 2; }));
  c.watch_links([](std::size_t from, std::size_t, channel on, byte_view message) {
    if (from != 0 || on != channel::consensus)
      return true;
    auto m = decode_peer_message(message, {});
    return !m || !std::holds_alternative<pre_prepare>(*m);
  });
  CAF_CHECK(c.universe().run(10'000, [&] { return maker.confirmed().size() == 3; }));
  CAF_CHECK_EQUAL(view_of(c, 1), 1u);
  c.watch_links(nullptr);
}

CAF_TEST(a primary that cannot go on waits quietly although a switch is due) {
  cluster c{options_of(test_seed("stuck with a switch"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  maker.submit({limit_order(account, side::buy, 100, 1, 1), dead_man_switch{account, 1000}});
  CAF_REQUIRE(c.universe().run(900, [&] { return maker.confirmed().size() == 2; }));
  for (std::size_t i = 1; i < 4; ++i)
    c.crash(i);
  maker.submit({limit_order(account, side::buy, 100, 1, 2)}); // in flight for ever
  c.universe().run(2000);
  auto before = c.universe().handled();
  c.universe().run(1000);
  CAF_CHECK(c.universe().handled() - before < 1000);
}
