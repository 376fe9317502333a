#define CAF_SUITE stamp_clock
#include "tests/suite.hpp"

#include "fairness/stamp_clock.hpp"

#include "messages/splitmix64.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

constexpr std::uint64_t epoch = 1'700'000'000'000; // ms

/// A machine: both of its clocks, and what is stamped by them.
struct fixture {
  std::uint64_t monotone_ns = 77;
  std::uint64_t wall_us = epoch * 1000 + 250;
  std::optional<stamp_clock> clock;

  fixture() {
    start(stamp_time{0});
  }
  void start(stamp_time least) {
    clock.emplace(monotone_ns, wall_us / 1000, least);
  }
  std::uint64_t now() {
    return clock->now(monotone_ns, wall_us / 1000).value();
  }
  std::uint64_t after(std::uint64_t us) {
    monotone_ns += us * 1000;
    wall_us += us;
    return now();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stamp_clock_tests, fixture)

CAF_TEST(it shows the wall clock) {
  CAF_CHECK_EQUAL(now(), epoch * 1000); // which tells milliseconds
  for (int i = 0; i < 1000; ++i) {
    auto shown = after(137);
    CAF_CHECK_LESS_OR_EQUAL(wall_us / 1000 * 1000, shown);
    CAF_CHECK_LESS_OR_EQUAL(shown, wall_us / 1000 * 1000 + 999);
  }
}

CAF_TEST(between two milliseconds it goes on) {
  auto from = now();
  CAF_CHECK_EQUAL(after(100), from + 100);
  CAF_CHECK_EQUAL(after(0), from + 100);
  CAF_CHECK_EQUAL(after(200), from + 300);
  for (int i = 0; i < 1000; ++i) { // and loses no part of a microsecond
    monotone_ns += 100;
    now();
  }
  CAF_CHECK_EQUAL(now(), from + 400);
}

CAF_TEST(it goes with a wall clock that was set forward) {
  wall_us += 5'000'000;
  CAF_CHECK_EQUAL(now(), wall_us / 1000 * 1000);
}

CAF_TEST(where the wall clock was set back it goes on at half the pace until they meet) {
  auto from = after(10'000);
  wall_us -= 1'000'000;
  CAF_CHECK_EQUAL(now(), from);
  CAF_CHECK_EQUAL(after(1'000), from + 500);
  CAF_CHECK_EQUAL(after(1'001), from + 1'000);
  for (int i = 0; i < 1000; ++i)
    after(1'000);
  CAF_CHECK_LESS(wall_us, now());
  for (int i = 0; i < 1100; ++i)
    after(1'000);
  CAF_CHECK_EQUAL(now() / 1000, wall_us / 1000);
  auto shown = now();
  CAF_CHECK_EQUAL(after(10'000) / 1000, shown / 1000 + 10);
}

CAF_TEST(a wall clock that runs slower or faster is followed) {
  for (std::uint64_t wall_step : {990, 1'010}) {
    for (int i = 0; i < 10'000; ++i) {
      monotone_ns += 1'000'000;
      wall_us += wall_step;
      auto shown = now();
      CAF_CHECK_LESS_OR_EQUAL(wall_us / 1000 * 1000, shown);
      CAF_CHECK_LESS(shown, wall_us + 2'000);
    }
  }
}

CAF_TEST(it begins above what was stamped in an earlier life) {
  auto least = stamp_time{(epoch + 60'000) * 1000}; // a minute ahead of the wall clock
  start(least);
  CAF_CHECK_EQUAL(now(), least.value() + 1);
  CAF_CHECK_LESS(least.value() + 1, after(2'000));
  start(stamp_time{5});
  CAF_CHECK_EQUAL(now(), wall_us / 1000 * 1000);
}

CAF_TEST(whatever clocks do it never goes back) {
  auto first = first_seed();
  for (auto seed = first; seed < first + 50; ++seed) {
    splitmix64 random(seed);
    start(stamp_time{random.below(2) == 0 ? 0 : wall_us + random.below(5'000'000)});
    auto before = now();
    for (int i = 0; i < 2000; ++i) {
      auto step_ns = random.below(random.below(2) == 0 ? 5'000 : 50'000'000);
      monotone_ns += step_ns;
      wall_us += step_ns / 1000 * (90 + random.below(20)) / 100;
      if (random.below(100) == 0)
        wall_us += random.below(10'000'000);
      if (random.below(100) == 0)
        wall_us -= random.below(10'000'000);
      auto shown = now();
      // Nor behind the wall clock, nor faster than time passes where it is ahead of that.
      if (shown < before || shown < wall_us / 1000 * 1000
          || (shown > wall_us / 1000 * 1000 + 999 && shown > before + step_ns / 1000 + 1))
        CAF_FAIL("seed " << seed << ": " << before << ", then " << shown);
      before = shown;
    }
  }
  CAF_CHECK(true);
}

CAF_TEST_FIXTURE_SCOPE_END()
