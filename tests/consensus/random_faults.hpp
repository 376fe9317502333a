// Clusters whose network, disks and nodes fail at random, drawn from a seed.
#pragma once

#include "tests/consensus/cluster.hpp"

namespace bourse::test {

/// Sanitizers cost some twenty times as much; one run of so many will do to find what they look
/// for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t slowdown = 10;
#else
inline constexpr std::uint64_t slowdown = 1;
#endif

/// Delays, losses and speeds.
inline cluster_options faulty(std::uint16_t n, std::uint64_t seed) {
  std::mt19937_64 r{seed * 2654435761u};
  cluster_options o;
  o.n = n;
  o.seed = seed;
  o.loss_percent = static_cast<std::uint32_t>(r() % 3 == 0 ? 0 : r() % 25);
  o.duplicate_percent = static_cast<std::uint32_t>(r() % 2 == 0 ? 0 : r() % 20);
  o.delay_us_max = r() % 2 == 0 ? 1000 : 20'000;
  o.sync_us_max = r() % 3 == 0 ? 20'000 : 1500;
  o.execute_us_max = r() % 4 == 0 ? 20'000 : 500;
  o.max_in_flight = static_cast<std::uint32_t>(1 + r() % 8);
  o.view = r() % 4 == 0 ? r() % 5 : 0;
  return o;
}

/// One random thing goes wrong, or right again.
inline void disturb(cluster& c) {
  auto& r = c.random();
  auto n = c.options().n;
  auto i = static_cast<std::uint16_t>(r() % n);
  auto j = static_cast<std::uint16_t>(r() % n);
  switch (r() % 8) {
    case 0:
    case 1:
      c.crash(i);
      break;
    case 2:
    case 3:
      for (std::uint16_t k = 0; k < n; ++k)
        c.restart(k);
      break;
    case 4:
      c.isolate(i);
      break;
    case 5:
      if (i != j)
        c.cut(i, j);
      break;
    case 6:
      for (std::uint16_t k = 0; k < n; ++k) // the lights go out
        c.crash(k);
      break;
    case 7:
      break;
  }
}

} // namespace bourse::test
