// First-in-first-out queues of orders, one a price level.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "market/name_table.hpp"
#include "market/slab.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

/// Where an order stands in its queue.
using queue_place = std::uint32_t;
inline constexpr queue_place nowhere = UINT32_MAX;

/// A list of blocks of up to 32 orders. An order that leaves the middle only clears a bit: its
/// neighbours, which lie anywhere in memory, are not touched, and the bits of a million orders fit
/// into a core's own cache.
struct order_queue {
  std::uint32_t first = nowhere; ///< blocks
  std::uint32_t last = nowhere;
};

/// The blocks of all queues of a book.
class queue_blocks {
public:
  queue_place push(order_queue& q, order_slot order) {
    auto index = q.last == nowhere ? block_size : std::bit_width(headers_[q.last].open);
    if (index == block_size) {
      append_block(q);
      index = 0;
    }
    headers_[q.last].open |= 1U << index;
    slots_[q.last][index] = order;
    return q.last * block_size + static_cast<std::uint32_t>(index);
  }

  void erase(order_queue& q, queue_place place) {
    auto block = place / block_size;
    auto& header = headers_[block];
    header.open &= ~(1U << place % block_size);
    if (header.open == 0)
      drop_block(q, block);
  }

  /// The first order, or no_order.
  order_slot first(const order_queue& q) const {
    return q.first == nowhere ? no_order
                              : slots_[q.first][std::countr_zero(headers_[q.first].open)];
  }

  /// The order after the one at `place` of the same queue, or no_order.
  order_slot after(queue_place place) const {
    auto block = place / block_size;
    auto later = headers_[block].open & ~1U << place % block_size;
    if (later == 0) {
      block = headers_[block].next;
      if (block == nowhere)
        return no_order;
      later = headers_[block].open;
    }
    return slots_[block][std::countr_zero(later)];
  }

  /// The order `n` places behind the first, or no_order if that is more than a block away.
  order_slot behind_first(const order_queue& q, int n) const {
    auto block = q.first;
    auto open = headers_[block].open;
    for (; n > 0; --n) {
      open &= open - 1;
      if (open != 0)
        continue;
      block = headers_[block].next;
      if (block == nowhere)
        return no_order;
      open = headers_[block].open;
    }
    return slots_[block][std::countr_zero(open)];
  }

private:
  static constexpr int block_size = 32;

  struct block_header {
    std::uint32_t open = 0; ///< bit i: slot i holds an order; never 0 but while it changes
    std::uint32_t previous = nowhere;
    std::uint32_t next = nowhere;
  };
  using block_slots = std::array<order_slot, block_size>;

  void append_block(order_queue& q) {
    auto block = headers_.make();
    auto same = slots_.make(); // made and freed together, so both slabs give the same slots
    BOURSE_ASSERT(block == same);
    headers_[block].previous = q.last;
    if (q.last == nowhere)
      q.first = block;
    else
      headers_[q.last].next = block;
    q.last = block;
  }

  void drop_block(order_queue& q, std::uint32_t block) {
    auto [open, previous, next] = headers_[block];
    if (previous == nowhere)
      q.first = next;
    else
      headers_[previous].next = next;
    if (next == nowhere)
      q.last = previous;
    else
      headers_[next].previous = previous;
    headers_.free(block);
    slots_.free(block);
  }

  slab<block_header> headers_;
  slab<block_slots> slots_;
};

} // namespace bourse::market
