#define CAF_SUITE latency_histogram
#include "tests/suite.hpp"

#include "bench/latency_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

using bourse::bench::latency_histogram;

CAF_TEST(an empty histogram has no percentiles) {
  latency_histogram h;
  CAF_CHECK_EQUAL(h.total(), 0u);
  CAF_CHECK_EQUAL(h.percentile_ms(0.99), 0.0);
  CAF_CHECK(h.buckets().empty());
}

CAF_TEST(percentiles are exact to two percent) {
  latency_histogram h;
  std::vector<std::uint64_t> all;
  std::uint64_t x = 88172645463325252ull;
  for (int i = 0; i < 20000; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    auto us = (x % 1000) * (x >> 32 & 1023) + 1;
    all.push_back(us);
    h.add(us);
  }
  std::sort(all.begin(), all.end());
  for (double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(all.size())));
    auto exact = static_cast<double>(all[rank - 1]) / 1000.0;
    CAF_CHECK(std::abs(h.percentile_ms(q) - exact) <= exact * 0.02 + 0.001);
  }
  CAF_CHECK_EQUAL(h.max_ms(), static_cast<double>(all.back()) / 1000.0);
}

CAF_TEST(merging is counting together) {
  latency_histogram a;
  latency_histogram b;
  latency_histogram both;
  for (std::uint64_t us = 0; us < 5000; us += 7) {
    (us % 2 ? a : b).add(us);
    both.add(us);
  }
  a.merge(b);
  CAF_CHECK_EQUAL(a.total(), both.total());
  CAF_CHECK_EQUAL(a.percentile_ms(0.5), both.percentile_ms(0.5));
}

CAF_TEST(huge durations are counted at the end) {
  latency_histogram h;
  h.add(~std::uint64_t{0});
  CAF_CHECK_EQUAL(h.total(), 1u);
  CAF_CHECK_EQUAL(h.buckets().size(), 1u);
}
