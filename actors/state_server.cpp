#include "actors/state_server.hpp"

#include <algorithm>
#include <stdexcept>

#include "actors/intact.hpp"
#include "actors/local_state.hpp"
#include "consensus/state_fetch.hpp"
#include "market/pages.hpp"
#include "storage/base.hpp"

namespace bourse::actors {

void state_server::add(const snapshot_ptr& from, std::uint64_t now_ms) {
  add(from, now_ms, false);
}

void state_server::add_fresh(const snapshot_ptr& from, std::uint64_t now_ms) {
  std::erase_if(given_, [](const given& g) { return g.what == kind::fresh; });
  add(from, now_ms, true);
}

void state_server::add(const snapshot_ptr& from, std::uint64_t now_ms, bool fresh) {
  auto stable = intact(storage::load_stable(*from));
  if (auto base = intact(storage::load_base(*from))) {
    given g{from, base->what, kind::base, true, base->proof, {}, {}, 0, now_ms};
    for (auto& older : given_)
      if (older.what == kind::base && older.of.sequence < g.of.sequence)
        older.what = kind::regular;
    keep(std::move(g));
  }
  if (auto own = intact(storage::load_checkpoint(*from))) {
    auto what = own->sequence.value() % spacing_ == 0 ? kind::regular : kind::fresh;
    given g{from, *own, what, false, {}, {}, {}, 0, now_ms};
    if (stable && stable->what == checkpoint_statement{own->sequence, own->state})
      g.proof = std::move(stable);
    if (fresh || what == kind::regular)
      keep(std::move(g));
  }
  drop_old(now_ms);
}

/// One state of each number; the same state is the same wherever it is read from.
void state_server::keep(given g) {
  auto place = std::ranges::find_if(
      given_, [&](const given& other) { return other.of.sequence >= g.of.sequence; });
  if (place == given_.end() || place->of.sequence != g.of.sequence) {
    given_.insert(place, std::move(g));
    return;
  }
  if (!place->proof)
    place->proof = std::move(g.proof);
  if (g.what == kind::base) { // it stays, and an old snapshot would hold on to much else
    place->what = kind::base;
    place->in_base = true;
    place->from = std::move(g.from);
  }
}

bool state_server::in_use(const given& g, std::uint64_t now_ms) const {
  return std::ranges::any_of(uses_, [&](const auto& u) {
    return u.second.of == g.of.sequence && now_ms - u.second.at_ms < in_use_ms;
  });
}

/// The base stays, and a fresh one until the next. Of the others the newest; then the oldest goes
/// first, but for what is being fetched or was just offered, and these only if they are too many.
void state_server::drop_old(std::uint64_t now_ms) {
  std::vector<std::pair<int, sequence_number>> older; // by how much they are needed
  std::size_t newer = 0;
  for (auto g = given_.rbegin(); g != given_.rend(); ++g)
    if (g->what == kind::regular && ++newer > kept) {
      auto offered = g->offered_ms > 0 && now_ms - g->offered_ms < in_use_ms;
      older.emplace_back(in_use(*g, now_ms) ? 2 : offered ? 1 : 0, g->of.sequence);
    }
  std::ranges::sort(older);
  for (std::size_t i = 0; i < older.size(); ++i)
    if (older[i].first == 0 || older.size() - i > most_kept - kept)
      std::erase_if(given_, [&](const given& g) { return g.of.sequence == older[i].second; });
}

void state_server::on_stable(const stable_checkpoint& proof) {
  stable_ = std::max(stable_, proof.what.sequence);
  for (auto& g : given_)
    if (proof.what == checkpoint_statement{g.of.sequence, g.of.state})
      g.proof = proof;
}

bool state_server::has_any(sequence_number above) const {
  return std::ranges::any_of(given_,
                             [&](const given& g) { return g.proof && g.of.sequence > above; });
}

bool state_server::may_take_fresh(sequence_number above, std::uint64_t now_ms) {
  auto pause = std::max(fresh_ms, walk_share * walk_ms_);
  if (above >= stable_ || (fresh_at_ms_ && now_ms - *fresh_at_ms_ < pause))
    return false;
  for (const auto& g : given_) // whom it was offered to may begin yet
    if (g.what == kind::fresh && g.proof && (in_use(g, now_ms) || now_ms - g.taken_ms < in_use_ms))
      return false;
  fresh_at_ms_ = now_ms;
  return true;
}

std::vector<state_offer> state_server::offers(sequence_number above, std::uint64_t now_ms) {
  std::vector<state_offer> out;
  std::size_t newest = 0;
  for (auto g = given_.rbegin(); g != given_.rend(); ++g) {
    if (!g->proof || g->of.sequence <= above || (newest == 2 && g->what != kind::base))
      continue;
    ++newest;
    build(*g);
    g->offered_ms = now_ms;
    out.insert(out.begin(), state_offer{*g->proof, g->of.chain, g->root});
  }
  return out;
}

void state_server::build(given& g) {
  if (g.tree)
    return;
  auto tree = g.in_base ? staged_tree(*g.from, g.of.sequence, walked_) : own_tree(*g.from, walked_);
  g.root = tree.root();
  g.tree = std::move(tree);
  if (state_digest(g.of.sequence, g.of.chain, g.root) != g.of.state)
    throw std::runtime_error("the pages of a snapshot are not those of its checkpoint");
}

state_server::given* state_server::find(replica_id by, sequence_number n, std::uint64_t now_ms) {
  auto g = std::ranges::find_if(given_, [&](const given& x) { return x.of.sequence == n; });
  if (g == given_.end() || !g->proof)
    return nullptr;
  uses_[by] = {n, now_ms};
  return &*g;
}

state_nodes state_server::answer(replica_id to, const fetch_state_nodes& what,
                                 std::uint64_t now_ms) {
  state_nodes out{what.id, {}};
  auto* g = find(to, what.target, now_ms);
  if (!g)
    return out;
  build(*g);
  std::size_t size = 0;
  for (auto path : what.paths) {
    auto children = g->tree->children(path);
    if (children.empty())
      continue; // nobody who goes by the digests asks for it
    size += children.size() * (digest::size + 1);
    out.nodes.push_back({path, std::move(children)});
    if (size >= answer_bytes)
      break;
  }
  return out;
}

state_pages state_server::answer(replica_id to, const fetch_state_pages& what,
                                 std::uint64_t now_ms) {
  state_pages out{what.id, {}};
  auto* g = find(to, what.target, now_ms);
  if (!g)
    return out;
  std::size_t size = 0;
  for (auto key : what.keys) {
    auto unpacked = market::page_key::unpack(key);
    auto page = intact(g->in_base ? storage::load_base_page(*g->from, g->of.sequence, unpacked)
                                  : storage::load_page(*g->from, unpacked));
    if (!page)
      continue;
    if (size >= consensus::state_fetch::least_part_bytes && size + page->size() > answer_bytes)
      break;
    size += page->size();
    out.pages.push_back({key, std::move(*page)});
  }
  return out;
}

} // namespace bourse::actors
