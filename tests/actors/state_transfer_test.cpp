// A node that is too far behind for blocks takes a state, and one that lost its disk joins anew.
#define CAF_SUITE state_transfer
#include "tests/suite.hpp"

#include "tests/actors/scenario.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::actors::sim;

namespace {

constexpr std::uint64_t after_blocks = 64;

cluster_options near_options(std::uint64_t seed) {
  auto o = options_of(seed);
  o.node.transfer_after_blocks = after_blocks;
  return o;
}

/// Orders one after the other, each in a block of its own, until `n` blocks are executed.
struct ticker {
  ticker(cluster& world) : c(world), maker(c, client_named(c.genesis(), "maker")) {
    c.universe().run(50);
  }
  void blocks(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      ++sent;
      auto account = account_of(c.genesis(), maker.id());
      auto price = static_cast<std::int64_t>(100 + sent % 50);
      maker.submit({limit_order(account, side::buy, price, 1, sent)});
      CAF_REQUIRE(c.universe().run(20'000, [&] { return maker.confirmed().size() == sent; }));
    }
  }
  cluster& c;
  test_client maker;
  std::uint64_t sent = 0;
};

/// Reports from before its state a node does not have, and says so.
void check_complaints(const test_client& client) {
  for (const auto& complaint : client.complaints())
    if (complaint.find("no longer has reports") == std::string::npos)
      CAF_ERROR(complaint);
}

bool renewed(cluster& c, std::size_t i, std::uint64_t times) {
  return c.universe().run(60'000, [&] { return c.renewals(i) >= times; });
}

} // namespace

CAF_TEST(a node that is far behind takes a state instead of the blocks) {
  cluster c{near_options(test_seed("far behind"))};
  ticker t{c};
  t.blocks(10);
  c.crash(2);
  t.blocks(800);
  CAF_REQUIRE(c.start(2).has_value());
  t.maker.connect(2);
  CAF_REQUIRE(renewed(c, 2, 1));
  c.universe().run(100);
  t.maker.connect(2);
  CAF_REQUIRE(c.agree(20'000));
  // Its log begins with the state; it has voted before and may go on.
  auto store = storage::open_memory_store(c.disk(2));
  auto early = storage::load_block(*store, sequence_number{50});
  CAF_CHECK(early.has_value() && !early->has_value());
  CAF_CHECK(!c.status(2).contains("silent"));
  c.crash(1);
  t.blocks(30);
  CAF_CHECK(c.agree(20'000));
  CAF_CHECK_EQUAL(c.renewals(2), 1u);
  check_complaints(t.maker);
}

CAF_TEST(a transfer that is cut short again and again comes to an end) {
  auto seed = test_seed("cut short");
  auto o = near_options(seed);
  o.network.least_delay_us = 5'000; // many round trips, so many places to stop at
  o.network.most_delay_us = 20'000;
  cluster c{std::move(o)};
  ticker t{c};
  t.blocks(30);
  c.crash(2);
  t.blocks(800);
  for (int round = 0; round < 12 && c.renewals(2) == 0; ++round) {
    CAF_REQUIRE(c.start(2).has_value());
    c.universe().run(c.universe().random().below(1500));
    if (c.renewals(2) == 0)
      c.crash(2, c.universe().random().below(c.disk(2).unsynced() + 1));
  }
  if (!c.up(2))
    CAF_REQUIRE(c.start(2).has_value());
  CAF_REQUIRE(renewed(c, 2, 1));
  c.universe().run(100);
  CAF_CHECK(c.agree(30'000));
}

CAF_TEST(a node that lost its disk says nothing until its former votes cannot matter) {
  cluster c{near_options(test_seed("lost disk"))};
  ticker t{c};
  t.blocks(40);
  c.crash(2);
  c.wipe(2);
  t.blocks(5);
  std::uint64_t words = 0;
  bool may_speak = false;
  c.listen([&](std::size_t from, channel on, byte_view m) {
    if (from != 2 || may_speak || on == channel::bodies)
      return;
    auto what = decode_peer_message(m, {});
    CAF_REQUIRE(what);
    if (std::holds_alternative<pre_prepare>(*what) || std::holds_alternative<prepare>(*what)
        || std::holds_alternative<commit>(*what) || std::holds_alternative<wish>(*what)
        || std::holds_alternative<view_change>(*what) || std::holds_alternative<new_view>(*what))
      ++words;
    if (auto* p = std::get_if<checkpoint>(&*what); p && p->by.replica == replica_id{2})
      ++words;
  });
  CAF_REQUIRE(c.start(2).has_value());
  c.universe().run(500);
  auto s = c.status(2);
  CAF_REQUIRE(s.contains("silent"));
  auto until = s["silent"]["until_stable"].get<std::uint64_t>();
  CAF_CHECK(until >= 40 + 2 * c.genesis().window - c.genesis().checkpoint_interval);
  CAF_REQUIRE(c.agree(20'000)); // it follows all the same
  c.crash(2);
  CAF_REQUIRE(c.start(2).has_value()); // and knows after a restart
  while (c.executed(0) + 8 < until)
    t.blocks(1);
  CAF_CHECK(c.status(2).contains("silent"));
  CAF_CHECK_EQUAL(words, 0u);
  may_speak = true;
  t.blocks(20);
  c.universe().run(2'000);
  CAF_CHECK(!c.status(2).contains("silent"));
  CAF_REQUIRE(c.agree(20'000));
  // It takes part: without its vote nothing would go on now.
  c.crash(0);
  t.blocks(30);
  CAF_CHECK(c.agree(20'000));
}

CAF_TEST(a node that lost its disk far behind takes a state and joins) {
  cluster c{near_options(test_seed("far joiner"))};
  ticker t{c};
  t.blocks(800);
  c.crash(3);
  c.wipe(3);
  CAF_REQUIRE(c.start(3).has_value());
  CAF_REQUIRE(renewed(c, 3, 1));
  CAF_CHECK(c.status(3).contains("silent"));
  auto until = [&] {
    auto s = c.status(3);
    return s.contains("silent") ? s["silent"].value("until_stable", std::uint64_t{1}) : 0;
  };
  for (int i = 0; i < 300 && until() > 0; ++i)
    t.blocks(1);
  CAF_CHECK_EQUAL(until(), 0u);
  CAF_REQUIRE(c.agree(30'000));
  c.crash(1);
  t.blocks(20);
  CAF_CHECK(c.agree(30'000));
  check_complaints(t.maker);
}

CAF_TEST(three of four begin a new cluster and the fourth joins it) {
  cluster c{near_options(test_seed("founding"))};
  c.crash(3);
  c.wipe(3);
  test_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(1'000);
  CAF_CHECK(c.status(0).contains("silent"));
  auto account = account_of(c.genesis(), maker.id());
  maker.submit({limit_order(account, side::buy, 100, 10, 1)});
  CAF_REQUIRE(c.universe().run(10'000, [&] { return maker.confirmed().size() == 1; }));
  CAF_CHECK(!c.status(0).contains("silent"));
  CAF_REQUIRE(c.start(3).has_value());
  c.universe().run(1'000);
  CAF_CHECK(c.agree(10'000));
  auto s = c.status(3);
  CAF_CHECK_EQUAL(s["silent"]["until_stable"], 2 * c.genesis().window);
}

CAF_TEST(a new cluster begins without delay) {
  cluster c{near_options(test_seed("begins"))};
  c.universe().run(15);
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(!c.status(i).contains("silent"));
}
