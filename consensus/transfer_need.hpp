// When executing all blocks that were missed is no way, or too long a way, to catch up.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Pure. One liar's word is not enough: how far behind this replica is, a proof says; that blocks
/// are gone, f+1 must say.
class transfer_need {
public:
  transfer_need(cluster_size size, std::uint64_t after_blocks)
      : size_(size), after_(after_blocks), first_kept_(size.n) {}

  /// What is executed here, and the last checkpoint that is proved.
  void on_position(sequence_number executed, sequence_number stable) {
    executed_ = executed;
    stable_ = stable;
  }
  /// `who` has no blocks below this.
  void on_pruned(replica_id who, sequence_number first) {
    if (who.value() < first_kept_.size())
      first_kept_[who.value()] = first;
  }

  bool far_behind() const {
    return stable_ > executed_ && stable_.value() - executed_.value() > after_;
  }
  bool blocks_are_gone() const {
    std::uint16_t gone = 0;
    for (auto first : first_kept_)
      gone = static_cast<std::uint16_t>(gone + (first > executed_.next() ? 1 : 0));
    return stable_ > executed_ && gone >= size_.weak_quorum();
  }
  bool needed() const {
    return far_behind() || blocks_are_gone();
  }

private:
  cluster_size size_;
  std::uint64_t after_;
  sequence_number executed_;
  sequence_number stable_;
  std::vector<sequence_number> first_kept_; ///< by replica; 0: it did not say
};

} // namespace bourse::consensus
