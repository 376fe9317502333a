#include "messages/block.hpp"

#include "messages/crypto.hpp"

namespace bourse::messages {

digest chain_next(const digest& previous, const digest& block_digest) {
  return hasher{}.add(previous).add(block_digest).finish();
}

} // namespace bourse::messages
