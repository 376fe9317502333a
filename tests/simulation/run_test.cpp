// Whole simulated runs: the same seed is the same run, whatever signs, and what goes wrong is
// found.
#define CAF_SUITE run
#include "tests/suite.hpp"

#include <sstream>

#include "simulation/simulation.hpp"
#include "simulation/story.hpp"
#include "tests/simulation/outcomes.hpp"

using namespace bourse::simulation;
using bourse::messages::signature_memo;

namespace {

/// Everything that happened, in words.
std::string told(const plan& p, outcome& o) {
  std::ostringstream out;
  story s{out};
  o = run(p, &s);
  return out.str();
}

} // namespace

CAF_TEST(the same seed gives the same run to the byte) {
  for (std::uint64_t seed : {3, 52}) {
    auto p = draw_plan(seed);
    outcome first, second;
    auto trace = told(p, first);
    CAF_CHECK(trace == told(p, second));
    CAF_CHECK_EQUAL(first.trace, second.trace);
    CAF_CHECK_EQUAL(run(p).trace, first.trace); // whether or not somebody listens
    CAF_CHECK(trace.size() > 10'000);
    CAF_CHECK(run(draw_plan(seed + 1)).trace != first.trace);
  }
}

CAF_TEST(genuine signatures make no difference) {
  for (std::uint64_t seed : {7}) {
    auto p = draw_plan(seed);
    auto stand_in = run(p);
    p.signatures = signature_memo::making::genuine;
    auto genuine = run(p);
    CAF_CHECK_EQUAL(all_of(genuine), "");
    CAF_CHECK(genuine.trace != stand_in.trace); // other bytes
    CAF_CHECK_EQUAL(genuine.messages, stand_in.messages);
    CAF_CHECK_EQUAL(genuine.handled, stand_in.handled);
    CAF_CHECK_EQUAL(genuine.blocks, stand_in.blocks);
    CAF_CHECK_EQUAL(genuine.requests, stand_in.requests);
    CAF_CHECK_EQUAL(genuine.view_changes, stand_in.view_changes);
    CAF_CHECK_EQUAL(genuine.recovered_ms, stand_in.recovered_ms);
  }
}

CAF_TEST(every kind of fault is drawn) {
  std::array<std::uint64_t, fault_kinds> drawn{};
  std::size_t without = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    auto p = draw_plan(seed);
    without += p.faults.empty() ? 1 : 0;
    for (const auto& f : p.faults)
      ++drawn[static_cast<std::size_t>(f.kind)];
  }
  for (std::size_t k = 0; k < fault_kinds; ++k)
    if (to_string(static_cast<fault_kind>(k)).empty())
      CAF_ERROR("fault " << k << " has no name");
    else if (drawn[k] == 0)
      CAF_ERROR(to_string(static_cast<fault_kind>(k)) << " is never drawn");
  CAF_CHECK(without > 0 && without < 150);
}

CAF_TEST(a cluster that cannot recover fails the run) {
  auto p = draw_plan(1);
  p.faults = {{fault_kind::lights_out, 5000, 1000, 0, 0, 0}};
  p.recovery_ms = 0;
  p.load_ms = 16'000;
  p.faulty_ms = 5500;
  p.least_ms = 6000;
  auto o = run(p);
  CAF_REQUIRE(!o.violations.empty());
  CAF_CHECK_EQUAL(o.violations.front().rule, "liveness");
}

CAF_TEST(a story becomes a diagram) {
  std::istringstream lines{"  1.000000  0 -> 2  PREPARE view 0 block 1 ab by 0\n"
                           "  1.000001  ** crash of 2, 0\n"
                           "  1.000002  1 -> 0  PROGRESS: view 0, stable 0, executed 0\n"};
  CAF_CHECK_EQUAL(diagram_of(lines), "sequenceDiagram\n"
                                     "  participant R0\n"
                                     "  participant R1\n"
                                     "  participant R2\n"
                                     "  R0->>R2: 1.000000 PREPARE view 0 block 1 ab by 0\n"
                                     "  Note over R0: 1.000001 crash of 2, 0\n");
}
