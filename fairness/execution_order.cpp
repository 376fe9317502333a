#include "fairness/execution_order.hpp"

#include <algorithm>
#include <iterator>

#include "messages/assert.hpp"

namespace bourse::fairness {

execution_order::execution_order(const market::rules& rules, cluster_size size, std::uint64_t seed)
    : heads_(rules.cluster, size), ranking_(rules, size, seed) {}

chain_path execution_order::path(const chain_head& named, const report_store& store) const {
  if (named.replica.value() >= heads_.replicas())
    return {};
  return store.path(heads_.of(named.replica), named);
}

std::vector<chain_head> execution_order::lacking(std::span<const chain_head> heads,
                                                 const report_store& store) const {
  std::vector<chain_head> out;
  for (const auto& named : heads)
    if (auto to = path(named, store); to.found == chain_path::result::missing)
      out.push_back(to.lacking);
  return out;
}

std::vector<report_ptr> execution_order::committed_by(std::span<const chain_head> heads,
                                                      const report_store& store) const {
  std::vector<report_ptr> out;
  for (const auto& named : heads) {
    auto to = path(named, store);
    BOURSE_ASSERT(to.found != chain_path::result::missing);
    if (to.found == chain_path::result::whole)
      std::move(to.reports.begin(), to.reports.end(), std::back_inserter(out));
  }
  return out;
}

std::vector<digest> execution_order::begin(std::span<const chain_head> heads,
                                           const report_store& store) {
  for (const auto& r : committed_by(heads, store)) {
    ranking_.add(r->content.replica, r->content.stamps);
    heads_.advance(r->content.replica, position_of(*r));
    heads_dirty_ = true;
  }
  return ranking_.begin(heads_.time());
}

std::vector<submission_ptr> execution_order::finish(std::span<const submission_ptr> bodies,
                                                    block_explanation* why) {
  return ranking_.finish(bodies, why);
}

std::vector<market::page_update> execution_order::take_dirty_pages() {
  std::vector<market::page_update> out;
  ranking_.take_dirty_pages(out);
  if (heads_dirty_)
    out.push_back({chain_heads::page, heads_.encode()});
  heads_dirty_ = false;
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

expected<void> execution_order::restore(const market::page_key& key, byte_view content) {
  if (key != chain_heads::page)
    return ranking_.restore(key, content);
  heads_dirty_ = false;
  return heads_.restore(content);
}

} // namespace bourse::fairness
