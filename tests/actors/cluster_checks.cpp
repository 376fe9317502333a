#define CAF_SUITE crowd
#include "tests/suite.hpp"

#include "tests/actors/cluster_checks.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "market/exchange.hpp"
#include "messages/assert.hpp"
#include "storage/records.hpp"

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
  market::exchange exchange{genesis.market};
  auto chain = genesis.cluster();
  sequence_number n;
  for (;;) {
    auto found = storage::load_block(*store, n.next());
    BOURSE_ASSERT(found.has_value());
    if (!*found)
      break;
    n = n.next();
    auto content = decode_block(*(*found)->block, genesis.market.blocks);
    auto digest = hash(*(*found)->block);
    auto bodies = storage::load_bodies(*store, n, digest);
    BOURSE_ASSERT(content.has_value() && bodies.has_value());
    market::block_input input{n, digest, content->time, {}};
    for (auto& body : *bodies) {
      auto s = decode_submission(body.body, genesis.market.submissions);
      auto name = hash(body.body);
      auto lane = market::lane_of(*s, genesis.market);
      input.submissions.push_back(std::make_shared<const verified_submission>(
          verified_submission{std::move(body), name, std::move(*s), lane}));
    }
    exchange.execute(input);
    chain = chain_next(chain, digest);
  }
  return {n.value(), to_hex(chain.view()),
          to_hex(market::state_digest(n, chain, exchange.page_root()).view())};
}

} // namespace bourse::simulation
