// Which sequence numbers the primary may fill (Castro and Liskov, OSDI 1999, section 4.2).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Grants what is to be proposed next. Grants are used in their order: with records that reach the
/// disk in order too, a crash leaves no gap below a proposal that nobody has cause to fill.
class proposer {
public:
  explicit proposer(std::uint32_t max_in_flight) : max_in_flight_(max_in_flight) {}

  /// New grants among the first max_in_flight numbers above `floor`, which is executed, up to
  /// `high`. `filled(n)`: something was said of `n` already.
  template <class Filled>
  std::vector<sequence_number> grant(sequence_number floor, sequence_number high, Filled&& filled) {
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

  /// The view is over, and all grants with it.
  void revoke() {
    open_.clear();
  }

  /// Uses up the lowest grant; false if that is not `n`.
  bool redeem(sequence_number n) {
    if (open_.empty() || *open_.begin() != n)
      return false;
    open_.erase(open_.begin());
    return true;
  }

  const std::set<sequence_number>& open() const {
    return open_;
  }

private:
  std::uint32_t max_in_flight_;
  std::set<sequence_number> open_;
};

} // namespace bourse::consensus
