// Random faults from a seed, thousands of times: whatever the network and the disks do, no two
// replicas execute different blocks, no vote contradicts an earlier one, and once the faults stop
// all is executed everywhere.
#define CAF_SUITE random
#include "tests/suite.hpp"

#include "tests/consensus/random_faults.hpp"

using namespace bourse::test;

namespace {

/// Empty if all went well.
std::string faults_then_peace(const cluster_options& o) {
  cluster c{o};
  std::uint64_t goal = 0;
  for (int round = 0; round < 8; ++round) {
    goal += c.random()() % 8;
    c.load(goal);
    c.run_for(c.random()() % 60);
    disturb(c);
  }
  c.heal();
  for (std::uint16_t i = 0; i < o.n; ++i)
    c.restart(i);
  c.run_for(1);
  // First without anything new: what was begun ends by itself.
  auto begun = [&] {
    std::uint64_t most = 0;
    for (std::uint16_t i = 0; i < o.n; ++i)
      most = std::max(most, c.core(i).committed().value());
    return most;
  };
  if (!c.run_until([&] { return c.all_executed() >= begun(); }, 4000))
    return "what was begun did not end: " + c.describe();
  goal += 10;
  c.load(goal);
  if (!c.run_until([&] { return c.all_executed() >= goal; }, 4000))
    return "no progress: " + c.describe();
  return c.violations().empty() ? "" : c.describe();
}

void many(std::uint16_t n, std::uint64_t first, std::uint64_t count) {
  for (auto seed = first; seed < first + count; ++seed) {
    auto wrong = faults_then_peace(faulty(n, seed));
    if (!wrong.empty())
      CAF_FAIL(wrong);
  }
  CAF_CHECK(count > 0);
}

} // namespace

CAF_TEST(four replicas) {
  many(4, 1, 2000 / slowdown);
}

CAF_TEST(seven replicas) {
  many(7, 10'001, 400 / slowdown);
}

CAF_TEST(ten replicas) {
  many(10, 20'001, 150 / slowdown);
}
