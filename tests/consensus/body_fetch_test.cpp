#define CAF_SUITE body_fetch
#include "tests/suite.hpp"

#include "consensus/body_fetch.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr std::uint64_t ms = 1'000'000;
const digest a = hash("a");
const digest b = hash("b");
const digest c = hash("c");

} // namespace

CAF_TEST(the proposer is asked first and at once) {
  body_fetch f{replica(2), {4}, 100};
  f.want(0, seq(7), replica(1), {a, b});
  auto asks = f.take_asks();
  CAF_REQUIRE_EQUAL(asks.size(), 1u);
  CAF_CHECK_EQUAL(asks[0].whom.value(), 1u);
  CAF_CHECK_EQUAL(asks[0].what.sequence.value(), 7u);
  CAF_CHECK_EQUAL(asks[0].what.digests.size(), 2u);
  CAF_CHECK(f.take_asks().empty());
  CAF_CHECK(f.on_tick(99 * ms).empty());
}

CAF_TEST(the others are asked in turn for what is still missing) {
  body_fetch f{replica(2), {4}, 100};
  f.want(0, seq(7), replica(1), {a, b});
  f.take_asks();
  CAF_CHECK(f.arrived(a));
  std::vector<std::uint16_t> asked;
  for (std::uint64_t t = 0; t <= 400; t += 10) {
    for (const auto& ask : f.on_tick(t * ms)) {
      asked.push_back(ask.whom.value());
      CAF_CHECK(ask.what.digests == std::vector<digest>{b});
    }
  }
  // Every 100 ms, never oneself.
  CAF_CHECK_EQUAL(asked, (std::vector<std::uint16_t>{3, 0, 1, 3}));
  CAF_CHECK(f.arrived(b));
  CAF_CHECK(f.on_tick(10'000 * ms).empty());
}

CAF_TEST(whoever sends a body that nobody waits for is told so) {
  body_fetch f{replica(2), {4}, 100};
  CAF_CHECK(!f.arrived(a));
  f.want(0, seq(7), replica(1), {a});
  CAF_CHECK(f.wanted(a));
  CAF_CHECK(!f.wanted(b));
  CAF_CHECK(!f.arrived(b));
  CAF_CHECK(f.arrived(a));
  CAF_CHECK(!f.arrived(a));
  CAF_CHECK(!f.wanted(a));
}

CAF_TEST(slots share bodies) {
  body_fetch f{replica(2), {4}, 100};
  f.want(0, seq(7), replica(1), {a, b});
  f.want(0, seq(8), replica(1), {b, c});
  f.take_asks();
  f.forget(seq(7));
  CAF_CHECK(!f.wanted(a));
  CAF_CHECK(f.wanted(b));
  CAF_CHECK(f.wanted(c));
  CAF_CHECK(f.arrived(b));
  auto asks = f.on_tick(100 * ms);
  CAF_REQUIRE_EQUAL(asks.size(), 1u);
  CAF_CHECK(asks[0].what.digests == std::vector<digest>{c});
  f.forget(seq(100));
  CAF_CHECK(f.on_tick(1000 * ms).empty());
}

CAF_TEST(wanting again asks only for what is new) {
  body_fetch f{replica(2), {4}, 100};
  f.want(0, seq(7), replica(2), {a}); // oneself can't be asked
  auto asks = f.take_asks();
  CAF_REQUIRE_EQUAL(asks.size(), 1u);
  CAF_CHECK_EQUAL(asks[0].whom.value(), 3u);
  f.want(0, seq(7), replica(1), {a});
  CAF_CHECK(f.take_asks().empty());
  f.want(0, seq(7), replica(1), {});
  CAF_CHECK(f.take_asks().empty());
  f.want(0, seq(7), replica(1), {a, b});
  CAF_CHECK_EQUAL(f.take_asks().size(), 1u);
}
