#include "actors/local_state.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "actors/intact.hpp"
#include "market/pages.hpp"
#include "storage/base.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint64_t own = 0;

template <class Visit>
void visit_own(const storage::reader& from, Visit&& visit) {
  intact(storage::load_pages(from, [&](market::page_key key, byte_view content) {
    visit(key.packed(), content);
    return expected<void>{};
  }));
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
  std::size_t taken = 0;
  auto take = [&](std::uint64_t source) {
    return [this, source, &taken](std::uint64_t key, byte_view content) {
      tree_.set(key, content);
      sources_[key] = source;
      ++taken;
    };
  };
  visit_own(*from_, take(own));
  auto checkpoint = intact(storage::load_checkpoint(*from_));
  std::size_t most = 0;
  for (auto of : intact(storage::list_base_pages(*from_))) {
    // The base and the like lie below, and are older than the own pages.
    if (of == target || (checkpoint && of <= checkpoint->sequence))
      continue;
    taken = 0;
    visit_staged(*from_, of, take(of.value()));
    needless_.push_back(of);
    if (taken >= most)
      std::swap(needless_.front(), needless_.back());
    most = std::max(most, taken);
  }
  if (!needless_.empty())
    needless_.erase(needless_.begin()); // of which most is here
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

state_tree own_tree(const storage::reader& from, std::uint64_t& read) {
  state_tree tree;
  visit_own(from, [&](std::uint64_t key, byte_view content) {
    tree.set(key, content);
    read += content.size();
  });
  return tree;
}

state_tree staged_tree(const storage::reader& from, sequence_number of, std::uint64_t& read) {
  state_tree tree;
  visit_staged(from, of, [&](std::uint64_t key, byte_view content) {
    tree.set(key, content);
    read += content.size();
  });
  return tree;
}

} // namespace bourse::actors
