// Which view to be in: the synchronizer of Bravo, Chockler and Gotsman, "Liveness and Latency of
// Byzantine State-Machine Replication" (arXiv 2202.06679, section 3; its FastSync is that of their
// "Making Byzantine Consensus Live", DISC 2020, figure 1).
#pragma once

#include <optional>
#include <vector>

#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Pure. Replicas tell each other the highest view that they wish to be in. What f+1 wish for an
/// honest one does, so the others join; what 2f+1 wish for is entered, unless f+1 are beyond it
/// already. A wish is never taken back, and until a view is entered the old one goes on.
class synchronizer {
public:
  synchronizer(replica_id self, cluster_size size, view_number entered)
      : self_(self), size_(size), wishes_(size.n), entered_(entered) {
    wishes_[self.value()] = entered;
  }

  /// Precondition: `who` is of the cluster.
  void on_wish(replica_id who, view_number v);
  /// Wishes to leave the current view.
  void advance();
  /// Enters a view of which a NEW-VIEW proves that 2f+1 have entered it. False if it is not ahead.
  bool jump(view_number v);

  view_number entered() const {
    return entered_;
  }
  view_number wish() const {
    return wishes_[self_.value()];
  }
  /// By replica: the highest view that it wished for.
  const std::vector<view_number>& wishes() const {
    return wishes_;
  }
  /// The view to enter now, once; nothing if there is none.
  std::optional<view_number> take_entry();

private:
  /// The highest view that at least `count` replicas wish for.
  view_number wished_by(std::uint16_t count) const;

  replica_id self_;
  cluster_size size_;
  std::vector<view_number> wishes_;
  view_number entered_;
};

} // namespace bourse::consensus
