// Losses: of messages, bodies, and whole nodes with what their disks had not synced.
#define CAF_SUITE recovery
#include "tests/suite.hpp"

#include "storage/store.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

CAF_TEST(a backup fetches the bodies that it lacks) {
  cluster c{options_of(test_seed("bodies"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  maker.disconnect(3);
  auto account = account_of(c.genesis(), maker.id());
  for (std::uint64_t n = 1; n <= 20; ++n)
    maker.submit({limit_order(account, side::buy, 100, 1, n)});
  CAF_REQUIRE(c.universe().run(5000, [&] { return maker.confirmed().size() == 20; }));
  CAF_CHECK(c.agree(5000));
  CAF_CHECK(c.sent(3, channel::bodies) > 0);
  CAF_CHECK_EQUAL(c.executed(3), c.executed(0));
}

CAF_TEST(a lossy network only costs time) {
  auto seed = test_seed("lossy");
  auto o = options_of(seed);
  o.network.loss_percent = 10;
  o.network.duplicate_percent = 5;
  o.network.most_delay_us = 20'000;
  cluster c{std::move(o)};
  crowd traders{c, seed};
  traders.trade(1000, 4, 2000);
  CAF_CHECK(all_confirmed(c, traders, 250, 60'000));
  CAF_CHECK(c.agree(30'000));
  check_no_complaints(traders);
}

CAF_TEST(a stable checkpoint frees the log) {
  auto seed = test_seed("truncation");
  cluster c{options_of(seed)};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  auto account = account_of(c.genesis(), maker.id());
  for (std::uint64_t n = 1; n <= 60; ++n) {
    maker.submit({limit_order(account, side::buy, 100, 1, n)});
    CAF_REQUIRE(c.universe().run(5000, [&] { return maker.confirmed().size() == n; }));
  }
  CAF_REQUIRE(c.agree(5000));
  for (std::size_t i = 0; i < 4; ++i) {
    auto s = c.status(i);
    auto stable = s["stable"]["sequence"].get<std::uint64_t>();
    CAF_CHECK(stable + c.genesis().checkpoint_interval >= s["executed"]);
    std::size_t records = 0;
    auto store = storage::open_memory_store(c.disk(i));
    auto scanned = store->scan(storage::family::consensus, {}, {}, [&](byte_view, byte_view) {
      ++records;
      return true;
    });
    CAF_CHECK(scanned.has_value());
    // A slot has a proposal, two votes and a certificate; the slots are those above the checkpoint.
    CAF_CHECK(records <= 4 * 2 * c.genesis().checkpoint_interval + 16);
  }
}

CAF_TEST(a node that was down catches up) {
  auto seed = test_seed("catching up");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(1200, 4, 3000);
  c.universe().run(500);
  c.crash(2);
  c.universe().run(1500);
  CAF_REQUIRE(c.start(2).has_value());
  for (auto& client : traders.clients())
    client.connect(2);
  CAF_CHECK(all_confirmed(c, traders, 300, 30'000));
  CAF_CHECK(c.agree(30'000));
  c.universe().run(100);
  CAF_CHECK(replay(c, 2).state == c.status(0, true)["state"]["digest"]);
  check_no_complaints(traders);
}

CAF_TEST(all nodes may die at once and nothing acknowledged is lost) {
  auto seed = test_seed("all die");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(1600, 4, 4000);
  for (int round = 0; round < 4; ++round) {
    c.universe().run(300 + c.universe().random().below(600));
    for (std::size_t i = 0; i < 4; ++i)
      c.crash(i, c.universe().random().below(c.disk(i).unsynced() + 1));
    c.universe().run(100);
    for (std::size_t i = 0; i < 4; ++i)
      CAF_REQUIRE(c.start(i).has_value());
    for (auto& client : traders.clients())
      for (std::size_t i = 0; i < 4; ++i)
        client.connect(i);
  }
  CAF_CHECK(all_confirmed(c, traders, 400, 60'000));
  CAF_CHECK(c.agree(30'000));
  check_no_complaints(traders);
  // What was confirmed before a crash is what a client that asks anew is told.
  for (auto& client : traders.clients()) {
    plain_client again{c, client.id()};
    auto complete = [&] {
      for (std::size_t i = 0; i < 4; ++i)
        if (again.reports_of(i) < client.confirmed().size())
          return false;
      return true;
    };
    CAF_CHECK(c.universe().run(10'000, complete));
    CAF_CHECK(again.confirmed() == client.confirmed());
    CAF_CHECK(again.complaints().empty());
    for (std::size_t i = 0; i < 4; ++i)
      again.disconnect(i);
  }
}

CAF_TEST(a full disk ends one node and no other) {
  auto seed = test_seed("full disk");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(800, 4, 2000);
  c.universe().run(500);
  c.disk(3).fail_after(0);
  CAF_CHECK(all_confirmed(c, traders, 200, 30'000));
  check_no_complaints(traders);
  // The supervisor is gone, and with it everything else; what is on the disk is good.
  CAF_CHECK(c.status(3).empty());
  c.crash(3);
  CAF_REQUIRE(c.start(3).has_value());
  CAF_CHECK(c.agree(30'000));
}
