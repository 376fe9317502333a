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
  auto stable = intact(storage::load_stable(*from));
  if (auto base = intact(storage::load_base(*from)))
    keep({from, base->what, true, base->proof, {}, {}, now_ms});
  if (auto own = intact(storage::load_checkpoint(*from))) {
    given g{from, *own, false, {}, {}, {}, now_ms};
    if (stable && stable->what == checkpoint_statement{own->sequence, own->state})
      g.proof = std::move(stable);
    keep(std::move(g));
  }
  // The oldest go first, but for what is being fetched.
  while (given_.size() > kept) {
    auto idle = std::ranges::find_if(
        given_, [&](const given& g) { return now_ms - g.used_ms >= in_use_ms; });
    if (idle == given_.end() && given_.size() <= most_kept)
      return;
    given_.erase(idle == given_.end() ? given_.begin() : idle);
  }
}

/// One state of each number; the same state is the same wherever it is read from.
void state_server::keep(given g) {
  auto place = std::ranges::find_if(
      given_, [&](const given& other) { return other.of.sequence >= g.of.sequence; });
  if (place == given_.end() || place->of.sequence != g.of.sequence)
    given_.insert(place, std::move(g));
  else if (!place->proof)
    place->proof = std::move(g.proof);
}

void state_server::on_stable(const stable_checkpoint& proof) {
  for (auto& g : given_)
    if (proof.what == checkpoint_statement{g.of.sequence, g.of.state})
      g.proof = proof;
}

bool state_server::has_any(sequence_number above) const {
  return std::ranges::any_of(given_,
                             [&](const given& g) { return g.proof && g.of.sequence > above; });
}

bool state_server::may_take_fresh(std::uint64_t now_ms) {
  if (fresh_at_ms_ && now_ms - *fresh_at_ms_ < fresh_ms)
    return false;
  fresh_at_ms_ = now_ms;
  return true;
}

std::vector<state_offer> state_server::offers(sequence_number above, std::uint64_t now_ms) {
  std::vector<state_offer> out;
  for (auto g = given_.rbegin(); g != given_.rend() && out.size() < 2; ++g) {
    if (!g->proof || g->of.sequence <= above)
      continue;
    build(*g);
    g->used_ms = now_ms;
    out.insert(out.begin(), state_offer{*g->proof, g->of.chain, g->root});
  }
  return out;
}

void state_server::build(given& g) {
  if (g.tree)
    return;
  auto tree = g.base ? staged_tree(*g.from, g.of.sequence) : own_tree(*g.from);
  g.root = tree.root();
  g.tree = std::move(tree);
  if (state_digest(g.of.sequence, g.of.chain, g.root) != g.of.state)
    throw std::runtime_error("the pages of a snapshot are not those of its checkpoint");
}

state_server::given* state_server::find(sequence_number n) {
  auto g = std::ranges::find_if(given_, [&](const given& x) { return x.of.sequence == n; });
  return g == given_.end() || !g->proof ? nullptr : &*g;
}

state_nodes state_server::answer(const fetch_state_nodes& what, std::uint64_t now_ms) {
  state_nodes out{what.id, {}};
  auto* g = find(what.target);
  if (!g)
    return out;
  g->used_ms = now_ms;
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

state_pages state_server::answer(const fetch_state_pages& what, std::uint64_t now_ms) {
  state_pages out{what.id, {}};
  auto* g = find(what.target);
  if (!g)
    return out;
  g->used_ms = now_ms;
  std::size_t size = 0;
  for (auto key : what.keys) {
    auto unpacked = market::page_key::unpack(key);
    auto page = intact(g->base ? storage::load_base_page(*g->from, g->of.sequence, unpacked)
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
