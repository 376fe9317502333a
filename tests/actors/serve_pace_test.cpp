#define CAF_SUITE serve_pace
#include "tests/suite.hpp"

#include "actors/serve_pace.hpp"

using bourse::actors::serve_pace;

CAF_TEST(a burst is served at once and then at the pace) {
  serve_pace p{1'000'000};
  std::uint64_t now = 5'000;
  CAF_CHECK_EQUAL(p.wait_ms(now), 0u);
  p.spent(250'000);
  CAF_CHECK(p.wait_ms(now) > 0);
  CAF_CHECK_EQUAL(p.wait_ms(now + 1), 0u);
  p.spent(500'000); // more than there is: the answer was made already
  auto wait = p.wait_ms(now + 1);
  CAF_CHECK(wait >= 495 && wait <= 505);
  CAF_CHECK(p.wait_ms(now + 1 + wait - 10) > 0);
  CAF_CHECK_EQUAL(p.wait_ms(now + 1 + wait), 0u);
  CAF_CHECK_EQUAL(p.total(), 750'000u);
}

CAF_TEST(over a long time it gives what it says) {
  serve_pace p{32 << 20};
  std::uint64_t now = 1;
  std::uint64_t given = 0;
  for (; now < 10'000; now += 3)
    while (p.wait_ms(now) == 0) {
      p.spent(1 << 20);
      given += 1 << 20;
    }
  CAF_CHECK(given >= std::uint64_t{315} << 20);
  CAF_CHECK(given <= std::uint64_t{332} << 20);
}

CAF_TEST(idle time is no credit without end) {
  serve_pace p{1'000'000};
  CAF_CHECK_EQUAL(p.wait_ms(0), 0u);
  CAF_CHECK_EQUAL(p.wait_ms(1'000'000), 0u);
  p.spent(260'000);
  CAF_CHECK(p.wait_ms(1'000'000) > 0);
}
