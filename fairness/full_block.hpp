// A block as consensus has it, decoded.
#pragma once

#include <memory>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

struct full_block {
  sequence_number sequence;
  messages::digest digest;
  shared_bytes encoded;
  std::vector<chain_head> heads; ///< ascending by replica; none: the null block of a view change
};
using full_block_ptr = std::shared_ptr<const full_block>;

} // namespace bourse::fairness
