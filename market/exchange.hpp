// The whole market in one piece and one thread: clearing house and all matchers. Auditors, tests,
// recovery and the single-book comparison use it; a node runs the same classes as actors.
#pragma once

#include <cstdint>
#include <vector>

#include "market/clearing_house.hpp"
#include "market/matcher.hpp"
#include "market/pages.hpp"
#include "market/rules.hpp"

namespace bourse::market {

class exchange {
public:
  /// See order_index for what `seed` is.
  explicit exchange(const rules& r, std::uint64_t seed = 0);

  block_result execute(const block_input& block);

  /// Root over all pages as of the last executed block.
  digest page_root();
  /// Pages changed since the last call of this or page_root; applied to the tree as well.
  std::vector<page_update> take_dirty_pages();
  /// Into an exchange that has executed nothing.
  expected<void> restore(const page_key& key, byte_view content);
  /// A page of the state that is not the market's: it counts in page_root as well. Empty content:
  /// it is gone.
  void set_page(const page_key& key, byte_view content) {
    tree_.apply(key, content);
  }

  account_view account(account_id id) const;
  book_view book(instrument_id id, std::size_t limit) const;
  const clearing_house& clearing() const {
    return clearing_;
  }

private:
  clearing_house clearing_;
  std::vector<matcher> matchers_;
  page_tree tree_;
};

} // namespace bourse::market
