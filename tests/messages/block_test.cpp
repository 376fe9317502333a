#define CAF_SUITE block
#include "tests/suite.hpp"

#include "messages/block.hpp"

#include "messages/crypto.hpp"

using namespace bourse::messages;

CAF_TEST(the chain covers what was before and the block) {
  auto genesis = hash("genesis");
  auto a = hash("block a");
  auto b = hash("block b");
  CAF_CHECK(chain_next(genesis, a) == hash(bytes{genesis.view()} + bytes{a.view()}));
  CAF_CHECK(chain_next(chain_next(genesis, a), b) != chain_next(chain_next(genesis, b), a));
  CAF_CHECK(chain_next(genesis, a) != chain_next(a, genesis));
}
