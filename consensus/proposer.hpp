// Which sequence numbers the primary may fill (Castro and Liskov 1999, section 4.2).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Grants what is to be proposed next, lowest first; numbers that a crash left between proposals
/// come before new ones.
class proposer {
public:
  explicit proposer(std::uint32_t max_in_flight) : max_in_flight_(max_in_flight) {
  }

  /// New grants among the first max_in_flight numbers above `floor`, which is executed, up to
  /// `high`. `filled(n)`: something was said of `n` already. Without gaps between proposals these
  /// are as many as may be in flight.
  template <class Filled>
  std::vector<sequence_number> grant(sequence_number floor, sequence_number high,
                                     Filled&& filled) {
    open_.erase(open_.begin(), open_.upper_bound(floor));
    std::vector<sequence_number> out;
    auto n = floor;
    for (std::uint32_t i = 0; i < max_in_flight_ && n < high; ++i) {
      n = n.next();
      if (filled(n))
        open_.erase(n);
      else if (open_.insert(n).second)
        out.push_back(n);
    }
    return out;
  }

  /// Uses a grant up; false if there is none for `n`.
  bool redeem(sequence_number n) {
    return open_.erase(n) > 0;
  }

private:
  std::uint32_t max_in_flight_;
  std::set<sequence_number> open_;
};

} // namespace bourse::consensus
