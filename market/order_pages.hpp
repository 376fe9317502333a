// The open orders of one instrument as state pages: each page is a range of order ids, so that a
// block's new orders share pages and a checkpoint costs what changed.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "market/order_book.hpp"
#include "market/pages.hpp"
#include "market/rules.hpp"

namespace bourse::market {

class order_pages {
public:
  /// Order ids in a page: 128, about 4 KB when half of a block's requests rest.
  static constexpr unsigned range_bits = 7;

  order_pages(instrument_id id, const rules& r) : id_(id), rules_(r) {}

  /// The order was added to the book at `slot`.
  void added(order_book& book, order_slot slot);
  /// It is about to be erased from the book.
  void erased(const order_book& book, order_slot slot);
  /// It changed.
  void touched(const order_book& book, order_slot slot) {
    mark(book[slot].page);
  }

  /// New bytes of the pages that changed since the last call, in ascending key order.
  std::vector<page_update> take_dirty(const order_book& book);

  /// Adds a page's orders to the book, each as the last of its level, and their slots to `slots`.
  /// Errors: corrupt.
  expected<void> restore(order_book& book, const page_key& key, byte_view content,
                         std::vector<order_slot>& slots);

private:
  struct member {
    order_slot slot;
    std::uint32_t offset; ///< of its id in the range
  };
  struct page {
    std::uint64_t index = 0;
    std::vector<member> members; ///< ascending by offset
    bool dirty = false;
    bool told = false; ///< its bytes were handed out before
  };

  std::uint32_t page_of(std::uint64_t index);
  void mark(std::uint32_t page);
  bytes encode_page(const order_book& book, const page& p) const;

  instrument_id id_;
  const rules& rules_;
  std::vector<page> pages_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_index_;
  std::vector<std::uint32_t> dirty_;
};

} // namespace bourse::market
