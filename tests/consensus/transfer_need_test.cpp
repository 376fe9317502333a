#define CAF_SUITE transfer_need
#include "tests/suite.hpp"

#include "consensus/transfer_need.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

CAF_TEST(a state is needed far behind what is proved) {
  transfer_need n{{4}, 100};
  n.on_position(seq(10), seq(110));
  CAF_CHECK(!n.needed());
  n.on_position(seq(10), seq(111));
  CAF_CHECK(n.needed());
  CAF_CHECK(!n.blocks_are_gone());
  n.on_position(seq(200), seq(111));
  CAF_CHECK(!n.needed());
}

CAF_TEST(that blocks are gone f+1 must say) {
  transfer_need n{{4}, 1000};
  n.on_position(seq(10), seq(64));
  n.on_pruned(replica(1), seq(60));
  n.on_pruned(replica(1), seq(61));
  n.on_pruned(replica(9), seq(61)); // nobody
  CAF_CHECK(!n.needed());
  n.on_pruned(replica(2), seq(11)); // has what is missing
  CAF_CHECK(!n.needed());
  n.on_pruned(replica(2), seq(12));
  CAF_CHECK(n.needed());
  n.on_position(seq(59), seq(64));
  CAF_CHECK(!n.needed());
}

CAF_TEST(without a proof of more nothing is needed) {
  transfer_need n{{4}, 1000};
  n.on_pruned(replica(1), seq(60));
  n.on_pruned(replica(2), seq(60));
  n.on_position(seq(0), seq(0));
  CAF_CHECK(!n.needed());
}
