#include "market/exchange.hpp"

#include <algorithm>
#include <iterator>

namespace bourse::market {

exchange::exchange(const rules& r, std::uint64_t seed) : clearing_(r) {
  matchers_.reserve(r.instruments.size());
  for (std::size_t i = 0; i < r.instruments.size(); ++i)
    matchers_.emplace_back(instrument_id{static_cast<std::uint16_t>(i)}, r, seed);
}

block_result exchange::execute(const block_input& block) {
  auto works = clearing_.begin(block);
  std::vector<outcome> outcomes;
  outcomes.reserve(works.size());
  for (std::size_t i = 0; i < works.size(); ++i)
    outcomes.push_back(matchers_[i].run(works[i]));
  return clearing_.finish(std::move(outcomes));
}

digest exchange::page_root() {
  take_dirty_pages();
  return tree_.root();
}

std::vector<page_update> exchange::take_dirty_pages() {
  auto pages = clearing_.take_dirty_pages();
  for (auto& m : matchers_) {
    auto more = m.take_dirty_pages();
    std::move(more.begin(), more.end(), std::back_inserter(pages));
  }
  tree_.apply(pages);
  return pages;
}

expected<void> exchange::restore(const page_key& key, byte_view content) {
  bool of_orders = key.kind == page_kind::orders && key.instrument < matchers_.size();
  auto restored = of_orders ? matchers_[key.instrument].restore(key, content)
                            : clearing_.restore(key, content);
  if (restored)
    tree_.apply(key, content);
  return restored;
}

account_view exchange::account(account_id id) const {
  auto v = clearing_.view(id);
  for (auto& m : matchers_)
    m.append_open_orders(id, v.orders);
  std::sort(v.orders.begin(), v.orders.end(), [](auto& a, auto& b) { return a.order < b.order; });
  return v;
}

book_view exchange::book(instrument_id id, std::size_t limit) const {
  if (id.value() < matchers_.size())
    return matchers_[id.value()].view(limit);
  book_view none;
  none.instrument = id;
  return none;
}

} // namespace bourse::market
