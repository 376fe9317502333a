#define CAF_SUITE refused_proposals
#include "tests/suite.hpp"

#include "actors/refused_proposals.hpp"

using namespace bourse::actors;
using namespace bourse::messages;

CAF_TEST(each reason is told once in a while and always counted) {
  refused_proposals refused;
  error late{errc::malformed, "the block's time is far from the clock here"};
  error other{errc::wrong_cluster, ""};
  constexpr auto quiet = refused_proposals::quiet_ns;
  CAF_CHECK(refused.add(late, 5));
  CAF_CHECK(!refused.add(late, 6));
  CAF_CHECK(refused.add(other, 7));
  CAF_CHECK(!refused.add(late, 5 + quiet - 1));
  CAF_CHECK(refused.add(late, 5 + quiet));
  CAF_CHECK(!refused.add(late, 6 + quiet));
  auto counts = refused.by_reason();
  CAF_CHECK_EQUAL(counts.size(), 2u);
  CAF_CHECK_EQUAL(counts[late.detail], 5u);
  CAF_CHECK_EQUAL(counts["wrong_cluster"], 1u);
}

CAF_TEST(what differs from block to block is no part of the reason) {
  refused_proposals refused;
  for (int i = 0; i < 100; ++i)
    refused.add({errc::malformed, "block: submission " + std::to_string(i)
                                      + " of stream 0: stands behind a worse lane"},
                0);
  auto counts = refused.by_reason();
  CAF_CHECK_EQUAL(counts["stands behind a worse lane"], 100u);
  for (int i = 0; i < 100; ++i)
    refused.add({errc::malformed, "reason " + std::to_string(i)}, 0);
  CAF_CHECK_EQUAL(refused.by_reason().size(), refused_proposals::most_reasons + 1);
}
