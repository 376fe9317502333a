#include "fairness/report_store.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::fairness {

namespace {

/// Reports of one replica beyond the log's head that nobody asked for: all of an honest one, and
/// some branches of one that is not.
constexpr std::size_t most_unasked = 2 * max_links;

} // namespace

report_store::report_store(cluster_size size) : by_index_(size.n) {}

bool report_store::add(const report_ptr& r, const chain_position& head, bool wanted) {
  auto who = r->content.replica.value();
  BOURSE_ASSERT(who < by_index_.size());
  if (holds(r->digest))
    return false;
  auto& known = by_index_[who];
  if (!wanted) {
    if (r->content.index <= head.index
        || r->content.index.value() - head.index.value() > most_unasked)
      return false;
    auto beyond = known.end()
                  - std::upper_bound(known.begin(), known.end(), head.index,
                                     [](report_index a, const auto& b) { return a < b.first; });
    if (static_cast<std::size_t>(beyond) >= most_unasked)
      return false;
  }
  std::pair key{r->content.index, r->digest};
  known.insert(std::lower_bound(known.begin(), known.end(), key), key);
  reports_.emplace(r->digest, r);
  return true;
}

report_ptr report_store::find(const digest& d) const {
  auto it = reports_.find(d);
  return it == reports_.end() ? nullptr : it->second;
}

chain_path report_store::path(const chain_position& head, const chain_head& named,
                              std::size_t most_links) const {
  chain_path out;
  auto at = named;
  while (at.report != head.digest) {
    if (at.index <= head.index)
      return out; // on another branch, or behind
    if (out.reports.size() == most_links) {
      out.found = chain_path::result::far;
      return out;
    }
    auto it = reports_.find(at.report);
    if (it == reports_.end()) {
      out.found = chain_path::result::missing;
      out.lacking = at;
      return out;
    }
    const auto& r = it->second->content;
    auto follows = [&](const report_ptr& later) {
      return continues(position_of(*it->second), later->content);
    };
    if (r.replica != named.replica || r.index != at.index
        || (!out.reports.empty() && !follows(out.reports.back()))) {
      out.found = chain_path::result::broken;
      return out;
    }
    out.reports.push_back(it->second);
    at = {named.replica, report_index{r.index.value() - 1}, r.previous};
  }
  if (out.reports.empty() ? at.index != head.index
                          : !continues(head, out.reports.back()->content)) {
    out.found = chain_path::result::broken;
    return out;
  }
  std::reverse(out.reports.begin(), out.reports.end());
  out.found = chain_path::result::whole;
  return out;
}

report_ptr report_store::newest(replica_id of, const chain_position& head) const {
  const auto& known = by_index_[of.value()];
  std::unordered_map<digest, bool> leads{{head.digest, true}};
  report_ptr best;
  auto first = std::upper_bound(known.begin(), known.end(), head.index,
                                [](report_index a, const auto& b) { return a < b.first; });
  for (auto it = first; it != known.end(); ++it) {
    const auto& r = reports_.at(it->second);
    if (r->content.index.value() - head.index.value() > max_links)
      break;
    if (!leads.contains(r->content.previous))
      continue;
    auto before = r->content.previous == head.digest
                      ? head
                      : position_of(*reports_.at(r->content.previous));
    if (!continues(before, r->content))
      continue;
    leads.emplace(r->digest, true);
    if (!best || r->content.index > best->content.index)
      best = r;
  }
  return best;
}

} // namespace bourse::fairness
