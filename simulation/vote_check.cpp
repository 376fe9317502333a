#include "simulation/vote_check.hpp"

#include <algorithm>

#include "consensus/new_view.hpp"
#include "storage/layout.hpp"

namespace bourse::simulation {

vote_check::vote_check(cluster& c, violations& out)
    : cluster_(c),
      out_(out),
      promises_(c.genesis().size, c.genesis().cluster()),
      forgets_(c.size()) {}

void vote_check::said(std::size_t i, const peer_message& m) {
  using consensus::vote_kind;
  auto self = cluster_.identity(i);
  promises_.hear(self.value(), m);
  for (; told_ < promises_.contradictions().size(); ++told_)
    out_.add("votes", "{}", promises_.contradictions()[told_]);
  if (const auto* p = std::get_if<pre_prepare>(&m)) {
    // Others pass on what the primary said, or only the block.
    if (cluster_.genesis().size.primary_of(p->what.view) == self && p->signature != signature{})
      durable(i, vote_kind::pre_prepare, p->what);
  } else if (const auto* v = std::get_if<prepare>(&m)) {
    if (v->by.replica == self)
      durable(i, vote_kind::prepare, v->what);
  } else if (const auto* v = std::get_if<commit>(&m)) {
    if (v->by.replica == self)
      durable(i, vote_kind::commit, v->what);
  }
}

void vote_check::durable(std::size_t i, consensus::vote_kind kind, const statement& what) {
  ++votes_;
  const auto& disk = cluster_.disk(i);
  auto key = storage::layout::vote_key({kind, what});
  if (auto kept = disk.durable(storage::family::consensus, key)) {
    auto payload = storage::layout::unseal(storage::family::consensus, key, *kept);
    storage::layout::unpacker in{payload ? *payload : byte_view{}};
    if (in.statement() != what)
      out_.add("durability", "replica {} votes in view {} for another block {} than its disk says",
               i, what.view.value(), what.sequence.value());
  } else if (!renewed(i, what)) {
    out_.add("durability", "replica {}: a vote of kind {} in view {} for block {} is not durable",
             i, static_cast<int>(kind), what.view.value(), what.sequence.value());
  }
}

/// A NEW-VIEW that is durable says it, or it is below the stable checkpoint, where records go.
bool vote_check::renewed(std::size_t i, const statement& what) const {
  auto disk = storage::open_memory_store(cluster_.disk(i));
  auto stable = storage::load_stable(*disk);
  if (stable && *stable && what.sequence <= (*stable)->what.sequence)
    return true;
  auto had = storage::load_consensus(*disk, cluster_.genesis().cluster());
  if (!had || !had->new_view)
    return false;
  auto known = consensus::read_new_view(*had->new_view, cluster_.genesis().cluster());
  return known && std::ranges::find(known->plan.slots, what) != known->plan.slots.end();
}

void vote_check::crashed(std::size_t i) {
  if (forgets_[i])
    return;
  auto disk = storage::open_memory_store(cluster_.disk(i));
  for (const auto& what : promises_.forgotten(cluster_.identity(i).value(), *disk))
    out_.add("durability", "replica {} has crashed and forgotten {}", i, what);
}

} // namespace bourse::simulation
