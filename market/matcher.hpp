// One instrument's market: matches a block's work against the book, in price-time priority.
#pragma once

#include <memory>

#include "market/pages.hpp"
#include "market/rules.hpp"
#include "market/work.hpp"
#include "messages/client.hpp"

namespace bourse::market {

/// Pure and deterministic: the same work after the same work gives the same outcome. It trusts the
/// clearing house for authorisation and funds and decides everything else itself.
class matcher {
public:
  /// `r` must outlive it. See order_index for what `seed` is: best something that clients don't
  /// know.
  matcher(instrument_id id, const rules& r, std::uint64_t seed = 0);
  ~matcher();
  matcher(matcher&&) noexcept;

  /// Runs one block: first expiry (good-till-block orders whose last block is past, oldest order id
  /// first), then the items in order. Sequence numbers must ascend.
  outcome run(const work& w);

  /// Best `limit` levels a side.
  book_view view(std::size_t limit) const;
  /// Appends the account's open orders, by order id.
  void append_open_orders(account_id account, std::vector<open_order>& to) const;
  std::size_t open_orders() const;

  /// Pages that changed since the last call, in ascending key order.
  std::vector<page_update> take_dirty_pages();
  /// Adds back a page of a matcher that has run nothing. If it fails, nothing changed. Errors:
  /// corrupt.
  expected<void> restore(const page_key& key, byte_view content);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::market
