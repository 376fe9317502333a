// Like random_test, with view changes: whatever network, disks and suspicions do, no two replicas
// execute different blocks, and once the faults stop all is executed everywhere, whoever leads.
#define CAF_SUITE view_change_random
#include "tests/suite.hpp"

#include "tests/consensus/cluster.hpp"

using namespace bourse::test;
using bourse::consensus::suspicion;

namespace {

cluster_options faulty(std::uint16_t n, std::uint64_t seed) {
  std::mt19937_64 r{seed * 2654435761u};
  cluster_options o;
  o.n = n;
  o.seed = seed;
  o.view_changes = true;
  o.loss_percent = static_cast<std::uint32_t>(r() % 3 == 0 ? 0 : r() % 25);
  o.duplicate_percent = static_cast<std::uint32_t>(r() % 2 == 0 ? 0 : r() % 20);
  o.delay_us_max = r() % 2 == 0 ? 1000 : 20'000;
  o.sync_us_max = r() % 3 == 0 ? 20'000 : 1500;
  o.execute_us_max = r() % 4 == 0 ? 20'000 : 500;
  o.max_in_flight = static_cast<std::uint32_t>(1 + r() % 8);
  o.view = r() % 4 == 0 ? r() % 5 : 0;
  return o;
}

void disturb(cluster& c) {
  auto& r = c.random();
  auto n = c.options().n;
  auto i = static_cast<std::uint16_t>(r() % n);
  auto j = static_cast<std::uint16_t>(r() % n);
  switch (r() % 10) {
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
      for (std::uint16_t k = 0; k < n; ++k)
        c.crash(k);
      break;
    case 7:
    case 8: // more than f suspect, whatever the primary does
      for (std::uint16_t k = 0; k < n; ++k)
        if (c.up(k) && r() % 2 == 0)
          c.suspect(k, suspicion::link_lost);
      break;
    case 9:
      break;
  }
}

/// Empty if all went well.
std::string faults_then_peace(const cluster_options& o, std::uint64_t& changes) {
  cluster c{o};
  std::uint64_t goal = 0;
  for (int round = 0; round < 12; ++round) {
    goal += c.random()() % 8;
    c.load(goal);
    c.run_for(c.random()() % 120);
    disturb(c);
  }
  c.heal();
  for (std::uint16_t i = 0; i < o.n; ++i)
    c.restart(i);
  goal += 10;
  c.load(goal);
  if (!c.run_until([&] { return c.all_executed() >= goal; }, 20'000))
    return "no progress: " + c.describe();
  for (std::uint16_t i = 0; i < o.n; ++i)
    changes = std::max(changes, c.core(i).view().value() - o.view);
  return c.violations().empty() ? "" : c.describe();
}

// Sanitizers cost some twenty times as much; fewer runs will do to find what they look for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t share = 10;
#else
constexpr std::uint64_t share = 1;
#endif

void many(std::uint16_t n, std::uint64_t first, std::uint64_t count) {
  std::uint64_t most_changes = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    auto wrong = faults_then_peace(faulty(n, seed), most_changes);
    if (!wrong.empty())
      CAF_FAIL(wrong);
  }
  CAF_CHECK(most_changes > 2);
}

} // namespace

CAF_TEST(four replicas change views) {
  many(4, 1, 1500 / share);
}

CAF_TEST(seven replicas change views) {
  many(7, 10'001, 300 / share);
}

CAF_TEST(ten replicas change views) {
  many(10, 20'001, 100 / share);
}
