// Real processes over a network that loses, delays and reorders packets, or falls into two halves.
#define CAF_SUITE bad_network
#include "tests/suite.hpp"

#include "tests/system/arena.hpp"

using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

/// Traders go on although all links are like this.
void trade_over(wire w, std::uint64_t placements) {
  if (!arena::has_wires())
    return;
  arena a{4, 4};
  a.wires().set(w);
  CAF_CHECK(a.traders().goes_on(placements, 60s));
  CAF_MESSAGE(a.wires().carried() << " packets, " << a.wires().dropped() << " lost");
  CAF_CHECK(w.loss_percent == 0 || a.wires().dropped() > 0);
  a.wires().heal();
  a.check_all();
}

} // namespace

CAF_TEST(five packets of a hundred are lost) {
  trade_over({5, 0ms, 0ms}, 400);
}

CAF_TEST(packets overtake each other) {
  trade_over({0, 1ms, 20ms}, 400);
}

CAF_TEST(a tenth of a second from one to the other) {
  trade_over({0, 100ms, 0ms}, 50);
}

CAF_TEST(all of it at once) {
  trade_over({5, 100ms, 20ms}, 50);
}

CAF_TEST(two halves of which neither goes on and neither disagrees) {
  if (!arena::has_wires())
    return;
  arena a{4, 5};
  for (std::size_t left : {0, 1})
    for (std::size_t right : {2, 3})
      a.wires().cut(left, right);
  // Each half has given up the other, and tries again and again to reach it.
  CAF_REQUIRE(a.wires().drops(20)); // by now what was under way is done
  auto before = a.traders().executed();
  CAF_CHECK(a.wires().drops(20));
  CAF_CHECK_EQUAL(a.traders().executed(), before);
  a.wires().heal();
  CAF_CHECK(a.traders().goes_on(50, 30s));
  a.check_all();
}
