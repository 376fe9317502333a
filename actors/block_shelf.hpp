// The blocks in flight with their bodies, from their proposal to their execution.
#pragma once

#include <map>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Pure. Bounded by the window, outside of which consensus checks nothing, and by how far
/// final blocks may be ahead of execution.
class block_shelf {
public:
  /// `durable`: its bodies are on the disk already.
  void put(full_block_ptr block, bool durable = false) {
    auto& at = blocks_[block->digest];
    at.durable |= durable;
    at.block = std::move(block);
  }

  /// Null if it is not here.
  full_block_ptr find(const digest& d) const {
    auto it = blocks_.find(d);
    return it == blocks_.end() ? nullptr : it->second.block;
  }

  /// True the first time that it is asked of a block that is here: then its bodies are to be
  /// written.
  bool claim_write(const digest& d) {
    auto it = blocks_.find(d);
    return it != blocks_.end() && !std::exchange(it->second.durable, true);
  }

  /// Executed up to there: nothing below is asked for again.
  void drop(sequence_number up_to) {
    std::erase_if(blocks_,
                  [&](const auto& entry) { return entry.second.block->sequence <= up_to; });
  }
  void drop(const digest& d) {
    blocks_.erase(d);
  }
  /// Final elsewhere, and not to be executed here soon: they can be found again.
  void drop_between(sequence_number above, sequence_number up_to) {
    std::erase_if(blocks_, [&](const auto& entry) {
      auto n = entry.second.block->sequence;
      return n > above && n <= up_to;
    });
  }

  std::size_t size() const {
    return blocks_.size();
  }

private:
  struct held {
    full_block_ptr block;
    bool durable = false;
  };
  std::map<digest, held> blocks_;
};

} // namespace bourse::actors
