// Like random_test, with view changes: whatever network, disks and suspicions do, no two replicas
// execute different blocks, and once the faults stop all is executed everywhere, whoever leads.
#define CAF_SUITE view_change_random
#include "tests/suite.hpp"

#include "tests/consensus/random_faults.hpp"

using namespace bourse::test;
using bourse::consensus::suspicion;

namespace {

/// Suspicions as well, some of them shared by more than f, whatever the primary does.
void disturb_and_suspect(cluster& c) {
  auto& r = c.random();
  if (r() % 5 != 0)
    return disturb(c);
  for (std::uint16_t k = 0; k < c.options().n; ++k)
    if (c.up(k) && r() % 2 == 0)
      c.suspect(k, suspicion::link_lost);
}

/// Empty if all went well.
std::string faults_then_peace(const cluster_options& o, std::uint64_t& changes) {
  cluster c{o};
  std::uint64_t goal = 0;
  for (int round = 0; round < 12; ++round) {
    goal += c.random()() % 8;
    c.load(goal);
    c.run_for(c.random()() % 120);
    disturb_and_suspect(c);
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

void many(std::uint16_t n, std::uint64_t first, std::uint64_t count) {
  std::uint64_t most_changes = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    auto o = faulty(n, seed);
    o.view_changes = true;
    auto wrong = faults_then_peace(o, most_changes);
    if (!wrong.empty())
      CAF_FAIL(wrong);
  }
  CAF_CHECK(most_changes > 2);
}

} // namespace

CAF_TEST(four replicas change views) {
  many(4, 1, 1500 / slowdown);
}

CAF_TEST(seven replicas change views) {
  many(7, 10'001, 300 / slowdown);
}

CAF_TEST(ten replicas change views) {
  many(10, 20'001, 100 / slowdown);
}
