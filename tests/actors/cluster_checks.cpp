#define CAF_SUITE crowd
#include "tests/suite.hpp"

#include "tests/actors/cluster_checks.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "messages/assert.hpp"
#include "storage/audit.hpp"

namespace bourse::simulation {

std::uint64_t test_seed(const char* test) {
  auto* given = std::getenv("BOURSE_SEED");
  auto seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("%s: seed %llu\n", test, static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

void check_no_complaints(const crowd& traders) {
  for (const auto& complaint : traders.complaints())
    CAF_ERROR(complaint);
  CAF_CHECK(traders.complaints().empty());
}

replayed replay(cluster& c, std::size_t i) {
  const auto& genesis = c.genesis();
  auto store = storage::open_memory_store(c.disk(i));
  auto report = storage::verify_ledger(
      *store, {genesis.size, keys_of(genesis), genesis.market, genesis.checkpoint_interval});
  BOURSE_ASSERT(report.has_value());
  if (report->problem)
    CAF_FAIL("block " << report->problem->block.value() << ": " << report->problem->what);
  return {report->executed.value(), to_hex(report->chain.view()), to_hex(report->state.view())};
}

} // namespace bourse::simulation
