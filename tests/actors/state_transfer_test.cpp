// A node that is too far behind for blocks takes a state, and one that lost its disk joins anew.
#define CAF_SUITE state_transfer
#include "tests/suite.hpp"

#include <map>

#include "consensus/delivery.hpp"
#include "consensus/newcomer.hpp"
#include "fairness/report_store.hpp"
#include "tests/actors/ticker.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

constexpr std::uint64_t after_blocks = 64;

std::uint64_t silent_blocks(cluster& c) {
  return consensus::newcomer::windows * c.genesis().window;
}

cluster_options near_options(std::uint64_t seed) {
  auto o = options_of(seed);
  o.node.transfer_after_blocks = after_blocks;
  return o;
}

/// Reports from before its state a node does not have, and says so.
void check_complaints(const plain_client& client) {
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

CAF_TEST(whoever is behind is given no more in a second than is set) {
  auto o = options_of(test_seed("pace"));
  o.node.transfer_after_blocks = 1'000'000; // blocks and bodies, not a state
  o.node.serve_mb_per_s = 1;
  cluster c{o};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(50);
  c.crash(2);
  auto account = account_of(c.genesis(), maker.id());
  std::uint64_t name = 0;
  for (int i = 0; i < 1200; ++i) { // about 7 MB
    std::vector<request> orders;
    for (int k = 0; k < 200; ++k)
      orders.push_back(limit_order(account, side::buy, 100 + k % 50, 1, ++name));
    maker.submit(std::move(orders));
    CAF_REQUIRE(c.universe().run(20'000, [&] { return maker.unconfirmed() == 0; }));
  }
  for (std::size_t i : {0, 1, 3}) { // what they still had in memory is not what they read for it
    c.crash(i);
    CAF_REQUIRE(c.start(i).has_value());
    CAF_REQUIRE(c.settle(20'000));
  }
  auto given = [&](std::size_t i) {
    return c.status(i)["parts"]["transfer"].value("bytes_served", std::uint64_t{0});
  };
  std::map<std::size_t, std::uint64_t> before;
  for (std::size_t i : {0, 1, 3})
    before[i] = given(i);
  auto target = c.executed(0);
  CAF_REQUIRE(c.start(2).has_value());
  constexpr std::uint64_t per_s = 1 << 20;
  // A quarter of a second is given at once, and one answer may go past the end.
  constexpr std::uint64_t ahead = per_s / 4 + per_s;
  std::uint64_t ms = 0;
  std::uint64_t in_all = 0;
  while (c.executed(2) < target && ms < 60'000) {
    c.universe().run(100);
    ms += 100;
    in_all = 0;
    for (std::size_t i : {0, 1, 3}) {
      auto so_far = given(i) - before[i];
      CAF_CHECK(so_far <= ahead + per_s * (ms + 100) / 1000);
      in_all += so_far;
    }
  }
  CAF_CHECK(c.executed(2) >= target);
  CAF_CHECK(in_all > 5 * per_s); // it was enough to tell
  CAF_MESSAGE("level after " << ms << " ms, having been given " << in_all << " bytes");
}

CAF_TEST(a node that lost its disk says nothing until its former votes cannot matter) {
  cluster c{near_options(test_seed("lost disk"))};
  ticker t{c};
  t.blocks(40);
  c.crash(2);
  c.wipe(2);
  t.blocks(5);
  bool speaks = false;
  std::uint64_t first_word = 0; // the lowest number that it said anything of
  auto said = [&](sequence_number n) {
    first_word = first_word == 0 ? n.value() : std::min(first_word, n.value());
  };
  c.listen([&](std::size_t from, channel on, byte_view m) {
    if (from != 2 || on == channel::bodies)
      return;
    auto what = decode_peer_message(m, {});
    CAF_REQUIRE(what);
    if (auto* p = std::get_if<pre_prepare>(&*what))
      said(p->what.sequence);
    else if (auto* v = std::get_if<prepare>(&*what))
      said(v->what.sequence);
    else if (auto* v = std::get_if<commit>(&*what))
      said(v->what.sequence);
    else if (auto* p = std::get_if<checkpoint>(&*what); p && p->by.replica == replica_id{2})
      said(p->what.sequence);
    auto* w = std::get_if<wish>(&*what); // for the first view it says nothing
    if ((w && w->view > view_number{0}) || std::holds_alternative<view_change>(*what)
        || std::holds_alternative<new_view>(*what))
      CAF_CHECK(speaks || first_word > 0);
  });
  CAF_REQUIRE(c.start(2).has_value());
  auto waits_for = [&] {
    auto s = c.status(2);
    return s.contains("silent") ? s["silent"].value("until_stable", std::uint64_t{0}) : 0;
  };
  for (int i = 0; i < 100 && waits_for() == 0; ++i)
    c.universe().run(5);
  auto until = waits_for();
  CAF_CHECK(until >= 40 + silent_blocks(c) - c.genesis().checkpoint_interval);
  c.universe().run(10); // it is on the disk as well
  c.crash(2);
  for (std::size_t i : {0, 1, 3})
    c.cut(2, i);
  CAF_REQUIRE(c.start(2).has_value());
  CAF_CHECK_EQUAL(waits_for(), until); // it knows after a restart
  CAF_CHECK_EQUAL(first_word, 0u);
  for (std::size_t i : {0, 1, 3})
    c.cut(2, i, false);
  // Nobody trades, and it takes part all the same.
  for (int i = 0; i < 100 && c.status(2).contains("silent"); ++i)
    c.universe().run(100);
  CAF_CHECK(!c.status(2).contains("silent"));
  speaks = true;
  c.crash(0); // without its vote nothing would go on now
  t.blocks(30);
  CAF_CHECK(c.agree(20'000));
  CAF_CHECK(first_word > until);
  CAF_MESSAGE("silent until " << until << ", first word of " << first_word);
}

CAF_TEST(an idle exchange makes no more blocks than a silent node needs) {
  cluster c{near_options(test_seed("quiet hour"))};
  ticker t{c};
  t.blocks(20);
  c.crash(1);
  c.wipe(1);
  CAF_REQUIRE(c.start(1).has_value());
  c.universe().run(20'000);
  CAF_CHECK(!c.status(1).contains("silent"));
  auto made = c.executed(0);
  CAF_CHECK(made <= 20 + silent_blocks(c) + c.genesis().window);
  c.universe().run(60'000);
  CAF_CHECK_EQUAL(c.executed(0), made);
  CAF_CHECK(c.agree(1'000));
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
  for (int i = 0; i < 600 && until() > 0; ++i)
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
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(1'000);
  CAF_CHECK(c.status(0).contains("silent"));
  auto account = account_of(c.genesis(), maker.id());
  maker.submit({limit_order(account, side::buy, 100, 10, 1)});
  CAF_REQUIRE(c.universe().run(70'000, [&] { return maker.confirmed().size() == 1; }));
  CAF_CHECK(!c.status(0).contains("silent"));
  CAF_REQUIRE(c.start(3).has_value());
  c.universe().run(1'000);
  CAF_CHECK(c.agree(10'000));
  auto s = c.status(3);
  CAF_CHECK(!s.contains("silent") || s["silent"]["until_stable"] == silent_blocks(c));
  c.universe().run(10'000);
  CAF_CHECK(!c.status(3).contains("silent"));
}

CAF_TEST(a new cluster begins without delay) {
  cluster c{near_options(test_seed("begins"))};
  c.universe().run(15);
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(!c.status(i).contains("silent"));
}

CAF_TEST(a replica that cannot execute keeps no more than it may while the others go on) {
  cluster c{options_of(test_seed("stuck"))};
  ticker t{c};
  t.blocks(4);
  c.crash(2);
  t.blocks(4);
  // It hears all that is new, and gets nothing of what it missed.
  c.watch_links([](std::size_t, std::size_t to, channel on, byte_view message) {
    if (to != 2 || on == channel::bodies || on == channel::state)
      return to != 2;
    auto m = decode_peer_message(message, {});
    return m && !std::holds_alternative<committed_block>(*m);
  });
  CAF_REQUIRE(c.start(2).has_value());
  t.maker.connect(2);
  t.blocks(400);
  auto s = c.status(2);
  CAF_CHECK(s["executed"].get<std::uint64_t>() < 8);
  CAF_CHECK(s["stable"]["sequence"].get<std::uint64_t>() > 380);
  // Of each chain no more than what proposals may rest on, and what came by itself.
  auto held = s["parts"]["sequencer"]["held_reports"].get<std::uint64_t>();
  CAF_CHECK(held > 0);
  CAF_CHECK(held <= 4 * (4 + 2) * fairness::max_links);
  c.watch_links(nullptr);
  CAF_CHECK(c.agree(60'000));
}
