// Whether two matchers do the same, and whether what accounts hold adds up.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "market/matcher.hpp"
#include "tests/market/reference_book.hpp"

namespace bourse::market {

using sums = std::map<std::pair<account_id, asset_id>, std::int64_t>;

inline sums without_zeros(sums x) {
  std::erase_if(x, [](auto& entry) { return entry.second == 0; });
  return x;
}

inline sums released(const outcome& o) {
  sums result;
  for (const auto& x : o.releases)
    result[{x.account, x.asset}] += x.to_free.value();
  return without_zeros(result);
}

inline std::map<account_id, int> opened(const outcome& o) {
  std::map<account_id, int> result;
  for (const auto& [account, n] : o.open_order_changes)
    result[account] += n;
  std::erase_if(result, [](auto& entry) { return entry.second == 0; });
  return result;
}

inline bool same(const draft_report& a, const draft_report& b) {
  return a.content == b.content && a.position == b.position
         && (a.content.kind != report_kind::fill || a.fill == b.fill);
}

inline bool same(const fill& a, const fill& b) {
  return a.buyer == b.buyer && a.seller == b.seller && a.maker_order == b.maker_order
         && a.taker_order == b.taker_order && a.price == b.price && a.quantity == b.quantity
         && a.taker_side == b.taker_side && a.notional == b.notional && a.base == b.base
         && a.buyer_fee == b.buyer_fee && a.seller_fee == b.seller_fee;
}

inline bool same(const outcome& a, const outcome& b) {
  auto all = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const auto& p, const auto& q) { return same(p, q); });
  };
  return a.instrument == b.instrument && all(a.reports, b.reports) && all(a.fills, b.fills)
         && a.fill_positions == b.fill_positions && released(a) == released(b)
         && opened(a) == opened(b);
}

inline std::vector<open_order> orders_of(const matcher& m, account_id account) {
  std::vector<open_order> result;
  m.append_open_orders(account, result);
  return result;
}

/// What accounts hold, by what was set aside for them, came free again, or was paid.
inline void book(sums& held, const work& w, const outcome& o, const instrument& on) {
  auto set_aside = [&](account_id account, side s, amount units) {
    held[{account, s == side::buy ? on.quote : on.base}] += units.value();
  };
  for (const auto& item : w.items) {
    if (auto* p = std::get_if<place_work>(&item))
      set_aside(p->order.account, p->order.side, p->reserved);
    else if (auto* r = std::get_if<replace_work>(&item))
      set_aside(r->change.account, r->change.side, r->reserved);
  }
  for (const auto& x : o.releases)
    held[{x.account, x.asset}] -= x.to_free.value();
  for (const auto& f : o.fills) {
    held[{f.buyer, on.quote}] -= f.notional.value() + f.buyer_fee.value();
    held[{f.seller, on.base}] -= f.base.value();
  }
}

/// Counts what differs between a matcher and the plain book.
inline int differences(const matcher& m, const reference_book& plain) {
  int result = !(m.view(1000) == plain.view()) + (m.open_orders() != plain.size());
  for (std::uint32_t i = 0; i < 6; ++i)
    result += orders_of(m, account_id{i}) != plain.open_orders(account_id{i});
  return result;
}

using page_map = std::map<page_key, bytes>;

/// Takes the changed pages into `pages`; false if they were not in order.
inline bool take_pages(matcher& m, page_map& pages) {
  auto updates = m.take_dirty_pages();
  for (std::size_t i = 0; i < updates.size(); ++i) {
    if (i > 0 && !(updates[i - 1].key < updates[i].key))
      return false;
    if (updates[i].content.empty())
      pages.erase(updates[i].key);
    else
      pages[updates[i].key] = updates[i].content;
  }
  return true;
}

} // namespace bourse::market
