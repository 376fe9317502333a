#include "actors/local_state.hpp"

#include <stdexcept>

#include "market/pages.hpp"
#include "storage/base.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint64_t own = 0;

template <class T>
T intact(expected<T> x) {
  if (!x)
    throw std::runtime_error("a snapshot cannot be read: " + to_string(x.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

template <class Visit>
void visit_staged(const storage::reader& from, sequence_number of, Visit&& visit) {
  intact(storage::load_base_pages(from, of, [&](market::page_key key, byte_view content) {
    visit(key.packed(), content);
    return expected<bool>{true};
  }));
}

} // namespace

local_state::local_state(snapshot_ptr from, sequence_number target)
    : from_(std::move(from)), target_(target) {
  auto take = [&](std::uint64_t source) {
    return [this, source](std::uint64_t key, byte_view content) {
      tree_.set(key, content);
      sources_[key] = source;
    };
  };
  intact(storage::load_pages(*from_, [&](market::page_key key, byte_view content) {
    take(own)(key.packed(), content);
    return expected<void>{};
  }));
  for (auto of : intact(storage::list_base_pages(*from_)))
    if (of != target)
      visit_staged(*from_, of, take(of.value()));
  visit_staged(*from_, target, take(target.value()));
  tree_.root();
}

std::vector<state_page> local_state::slice(tree_path at, std::uint64_t& from, bool& more,
                                           std::size_t most_bytes) const {
  std::vector<state_page> out;
  std::size_t size = 0;
  more = false;
  for (auto i = sources_.lower_bound(std::max(from, at.key));
       i != sources_.end() && i->first <= at.last(); ++i) {
    if (i->second == target_.value())
      continue;
    if (size >= most_bytes) {
      from = i->first;
      more = true;
      return out;
    }
    auto key = market::page_key::unpack(i->first);
    auto page = intact(i->second == own
                           ? storage::load_page(*from_, key)
                           : storage::load_base_page(*from_, sequence_number{i->second}, key));
    if (!page)
      throw std::runtime_error("a page is missing from a snapshot that had it");
    size += page->size();
    out.push_back({i->first, std::move(*page)});
  }
  return out;
}

digest staged_root(const snapshot_ptr& from, sequence_number target) {
  state_tree tree;
  visit_staged(*from, target,
               [&](std::uint64_t key, byte_view content) { tree.set(key, content); });
  return tree.root();
}

} // namespace bourse::actors
