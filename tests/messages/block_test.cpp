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

CAF_TEST(a null block is null and nothing else is) {
  auto cluster = hash("cluster");
  auto null = null_block(cluster, sequence_number{7});
  CAF_CHECK(is_null(null));
  CAF_CHECK(null.cluster == cluster);
  CAF_CHECK(null.sequence == sequence_number{7});
  CAF_CHECK(decode_block(encode(null)) == null);
  auto b = null;
  b.heads = {{replica_id{0}, report_index{0}, cluster}};
  CAF_CHECK(!is_null(b)); // what a primary proposes names something, be it nothing new
  CAF_CHECK(decode_block(encode(b)) == b);
}
