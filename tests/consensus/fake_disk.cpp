#include "tests/consensus/cluster.hpp"

#include <algorithm>

namespace bourse::test {

using namespace bourse::consensus;

void fake_disk::apply(const record& r) {
  if (auto* v = std::get_if<view_record>(&r)) {
    view = v->view;
  } else if (auto* n = std::get_if<new_view_record>(&r)) {
    new_view = n->what;
  } else if (auto* p = std::get_if<proposal_record>(&r)) {
    proposals[{p->what.what.sequence.value(), p->what.what.view.value()}] = p->what;
  } else if (auto* v = std::get_if<vote_record>(&r)) {
    votes[{v->what.view.value(), v->what.sequence.value(), v->kind}] = v->what;
  } else if (auto* c = std::get_if<prepared_record>(&r)) {
    prepared[c->what.what.sequence.value()] = c->what;
  } else if (auto* b = std::get_if<committed_record>(&r)) {
    blocks[b->what.certificate.what.sequence.value()] = b->what;
  } else if (auto* e = std::get_if<equivocation_record>(&r)) {
    evidence.push_back(e->what);
  } else if (auto* s = std::get_if<stable_record>(&r)) {
    stable = s->what;
    auto low = stable.what.sequence.value();
    std::erase_if(proposals, [&](const auto& x) { return std::get<0>(x.first) <= low; });
    std::erase_if(votes, [&](const auto& x) { return std::get<1>(x.first) <= low; });
    std::erase_if(prepared, [&](const auto& x) { return x.first <= low; });
  }
}

recovered_state fake_disk::recover() const {
  recovered_state out;
  out.view = view;
  out.new_view = new_view;
  out.stable = stable;
  out.executed = checkpoint.sequence;
  out.chain = checkpoint.chain;
  for (const auto& [key, p] : proposals)
    out.proposals.push_back(p);
  for (const auto& [key, what] : votes)
    out.votes.push_back({std::get<2>(key), what});
  for (const auto& [n, c] : prepared)
    out.prepared.push_back(c);
  for (const auto& [n, b] : blocks)
    if (n > stable.what.sequence.value())
      out.committed.push_back(b);
  return out;
}

bool fake_disk::renewed(const statement& what) const {
  if (!new_view)
    return false;
  auto known = consensus::read_new_view(*new_view, cluster_id());
  return known && std::ranges::find(known->plan.slots, what) != known->plan.slots.end();
}

bool fake_disk::has_vote(vote_kind kind, const statement& what) const {
  auto i = votes.find({what.view.value(), what.sequence.value(), kind});
  // Below the stable checkpoint the record may be gone already.
  return i == votes.end() ? what.sequence <= stable.what.sequence : i->second == what;
}

} // namespace bourse::test
