// When good-till-block orders expire.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "market/order_book.hpp"

namespace bourse::market {

/// A heap by last block. Closing an order does not look for it here: it is skipped when its time
/// comes, and all such are dropped once they are the most, so memory follows the open orders.
class expiry_index {
public:
  void add(const order_book& book, order_slot slot, sequence_number last_block) {
    ++open_;
    heap_.push_back({last_block.value(), book[slot].id, slot});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// One of its orders is about to be closed.
  void closed(const order_book& book) {
    --open_;
    if (heap_.size() <= 2 * open_ + 64)
      return;
    std::erase_if(heap_, [&](const entry& e) { return book[e.slot].id != e.id; });
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  /// Takes out the open orders whose last block is before `now`; ascending by order id.
  std::vector<order_slot> take_due(const order_book& book, sequence_number now) {
    std::vector<order_slot> due;
    while (!heap_.empty() && heap_.front().last_block < now.value()) {
      if (auto& e = heap_.front(); book[e.slot].id == e.id)
        due.push_back(e.slot);
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
    }
    std::sort(due.begin(), due.end(), [&](auto a, auto b) { return book[a].id < book[b].id; });
    return due;
  }

  /// Entries held, those of closed orders included.
  std::size_t size() const {
    return heap_.size();
  }

private:
  struct entry {
    std::uint64_t last_block;
    order_id id; ///< a slot whose order has another one has been closed
    order_slot slot;
  };

  static bool later(const entry& a, const entry& b) {
    return a.last_block > b.last_block;
  }

  std::vector<entry> heap_;
  std::size_t open_ = 0;
};

} // namespace bourse::market
