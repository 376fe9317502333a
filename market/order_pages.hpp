// The open orders of one instrument as state pages: each page is a range of order ids, so that a
// block's new orders share pages and a checkpoint costs what changed.
#pragma once

#include <cstdint>
#include <vector>

#include "market/order_book.hpp"
#include "market/pages.hpp"
#include "market/rules.hpp"

namespace bourse::market {

class order_pages {
public:
  /// Order ids in a page: 128, about 4 KB when two thirds of a block's requests rest.
  static constexpr unsigned range_bits = 7;

  order_pages(instrument_id id, const rules& r) : id_(id), rules_(r) {}

  /// The order was added to the book at `slot`. Ids ascend from call to call.
  void added(order_book& book, order_slot slot);
  /// It is about to be erased from the book.
  void erased(const order_book& book, order_slot slot) {
    changes_.push_back({book[slot].page, true});
  }
  /// It changed.
  void touched(const order_book& book, order_slot slot) {
    changes_.push_back({book[slot].page, false});
  }
  /// The end of a block: takes note of all that was erased and touched in it. Their pages lie
  /// anywhere in memory, and are faster gone through in one go.
  void end_block();

  /// New bytes of the pages that changed since the last call, in ascending key order.
  std::vector<page_update> take_dirty(const order_book& book);

  /// Adds a page's orders to the book, each as the last of its level, and gives their slots. If it
  /// fails, nothing was added. Errors: corrupt.
  expected<std::vector<order_slot>> restore(order_book& book, const page_key& key,
                                            byte_view content);

private:
  struct alignas(64) page {
    std::uint64_t index = 0;
    /// All that were added since the page was last encoded, and its orders of then: closed ones are
    /// left out when it is encoded next, so that closing costs no search.
    std::vector<order_slot> members;
    std::uint32_t open = 0;
    std::uint32_t dirty_place = not_dirty; ///< in dirty_
    bool told = false;                     ///< its bytes were handed out before
  };
  static constexpr std::uint32_t not_dirty = UINT32_MAX;
  static constexpr std::uint32_t no_page = UINT32_MAX;

  struct change {
    std::uint32_t page;
    bool erased;
  };

  std::uint32_t new_page(std::uint64_t index);
  void mark(std::uint32_t page);
  /// Ends a page that has no orders and of which nobody knows.
  void drop(std::uint32_t page);
  void tidy(const order_book& book, page& p) const;
  bytes encode_page(const order_book& book, const page& p) const;

  instrument_id id_;
  const rules& rules_;
  std::vector<page> pages_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_;
  std::vector<change> changes_; ///< of the block under way
  std::uint32_t newest_ = no_page;
};

} // namespace bourse::market
