#define CAF_SUITE answer_gaps
#include "tests/suite.hpp"

#include "bench/answer_gaps.hpp"

using namespace std::chrono_literals;
using bourse::bench::answer_gaps;

namespace {

const answer_gaps::time_point start{1h};

answer_gaps answered_at(std::initializer_list<std::chrono::milliseconds> times) {
  answer_gaps g;
  for (auto t : times)
    g.add(start + t);
  return g;
}

} // namespace

CAF_TEST(the longest pause around a moment is found) {
  auto g = answered_at({0ms, 500ms, 510ms, 530ms, 620ms, 630ms, 930ms, 940ms});
  CAF_CHECK(g.longest(start + 525ms, start + 700ms) == 300ms);
  CAF_CHECK(g.longest(start + 525ms, start + 625ms) == 90ms);
  CAF_CHECK(g.longest(start + 511ms, start + 530ms) == 20ms);
}

CAF_TEST(a pause counts whole though the moment is within it) {
  auto g = answered_at({0ms, 500ms, 510ms});
  CAF_CHECK(g.longest(start + 499ms, start + 505ms) == 500ms);
}

CAF_TEST(silence that has no end counts as far as one looks) {
  auto g = answered_at({0ms, 10ms});
  CAF_CHECK(g.longest(start + 5ms, start + 1010ms) == 1000ms);
  CAF_CHECK(answer_gaps{}.longest(start, start + 1s) == 0ms);
}
