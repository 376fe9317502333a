#define CAF_SUITE hand_over
#include "tests/suite.hpp"

#include <algorithm>

#include "tests/actors/cluster_checks.hpp"

using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

constexpr std::uint64_t ms = 1'000'000; // of the world's nanoseconds

/// One order every few milliseconds, and the longest time without a confirmation.
class steady_load {
public:
  steady_load(cluster& c, plain_client& who)
      : cluster_(c), who_(who), account_(account_of(c.genesis(), who.id())) {}

  void run(std::uint64_t for_ms) {
    auto& universe = cluster_.universe();
    auto end = universe.now() + for_ms * ms;
    auto last = universe.now();
    auto confirmed = who_.confirmed().size();
    for (auto next = last; universe.now() < end; next += 5 * ms) {
      who_.submit({limit_order(account_, side::buy, 100, 1, ++orders_)});
      while (universe.now() < next + 5 * ms) {
        universe.run(1, [&] { return who_.confirmed().size() > confirmed; });
        if (who_.confirmed().size() > confirmed) {
          confirmed = who_.confirmed().size();
          last = universe.now();
        }
        longest_ns_ = std::max(longest_ns_, universe.now() - last);
      }
    }
  }

  std::uint64_t orders() const {
    return orders_;
  }
  std::uint64_t longest_ms() const {
    return longest_ns_ / ms;
  }

private:
  cluster& cluster_;
  plain_client& who_;
  account_id account_;
  std::uint64_t orders_ = 0;
  std::uint64_t longest_ns_ = 0;
};

} // namespace

CAF_TEST(a primary that is told to end hands over before anybody misses it) {
  auto o = options_of(test_seed("hand over"));
  o.genesis.market.stream_window = 4096;
  auto patience_ms = o.node.link_grace_ms;
  cluster c{std::move(o)};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  steady_load load{c, maker};
  load.run(200);
  caf::anon_send(c.node(0).supervisor, stop_atom::value);
  load.run(500);
  CAF_MESSAGE("longest pause: " << load.longest_ms() << " ms");
  // The least that it takes the others to notice a primary that is gone.
  CAF_CHECK(load.longest_ms() < patience_ms);
  CAF_REQUIRE(c.universe().run(5000, [&] { return maker.confirmed().size() == load.orders(); }));
  CAF_CHECK(c.status(0).empty());
  c.crash(0);
  // Who hears f+1 others wish it first joins them and suspects nobody.
  std::size_t told = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    auto s = c.status(i)["parts"]["view_change"];
    CAF_CHECK_EQUAL(s["view"], 1);
    auto resigned = s["suspicions"].contains(
        bourse::consensus::to_string(bourse::consensus::suspicion::resigned));
    CAF_CHECK_EQUAL(s["suspicions"].size(), resigned ? 1u : 0u);
    told += resigned;
  }
  CAF_CHECK(told > 0);
  CAF_REQUIRE(c.start(0).has_value());
  CAF_CHECK(c.agree(5000));
}

CAF_TEST(a backup that is told to end changes no view) {
  cluster c{options_of(test_seed("backup ends"))};
  c.universe().run(10);
  caf::anon_send(c.node(2).supervisor, stop_atom::value);
  c.universe().run(1000);
  CAF_CHECK(c.status(2).empty());
  c.crash(2);
  for (std::size_t i : {0, 1, 3}) {
    auto s = c.status(i);
    CAF_CHECK_EQUAL(s["view"], 0);
  }
}

CAF_TEST(a primary that nobody hears ends all the same) {
  cluster c{options_of(test_seed("nobody hears"))};
  c.universe().run(10);
  for (std::size_t i = 1; i < 4; ++i)
    c.crash(i);
  caf::anon_send(c.node(0).supervisor, stop_atom::value);
  c.universe().run(1000);
  CAF_CHECK(c.status(0).empty());
}
