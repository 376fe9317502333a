#include "messages/block.hpp"

#include "messages/crypto.hpp"

namespace bourse::messages {

block null_block(const digest& cluster, sequence_number n) {
  return {cluster, n, {}};
}

bool is_null(const block& b) {
  return b.heads.empty();
}

digest chain_next(const digest& previous, const digest& block_digest) {
  return hasher{}.add(previous).add(block_digest).finish();
}

} // namespace bourse::messages
