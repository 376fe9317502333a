// How much one block may execute.
#pragma once

#include <algorithm>
#include <cstdint>

#include "messages/block.hpp"
#include "messages/request.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. The first submission always fits, or it never would.
class block_room {
public:
  explicit block_room(const block_limits& limits) : limits_(limits) {}

  /// Takes up the room that `s` needs, if that is left.
  bool take(const verified_submission& s) {
    // One without requests would be no cheaper to carry, so it counts as one.
    auto requests = requests_ + std::max<std::uint64_t>(s.content.requests.size(), 1);
    auto bytes = bytes_ + s.source.body.size();
    if (requests_ > 0 && (requests > limits_.max_requests || bytes > limits_.max_bytes))
      return false;
    requests_ = requests;
    bytes_ = bytes;
    return true;
  }

private:
  const block_limits& limits_;
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace bourse::fairness
