// How the slots of the log come back from disk: identical votes are said again, tallies go on, and
// what was never voted for is as if never seen.
#include "consensus/agreement.hpp"
#include "consensus/new_view.hpp"
#include "messages/assert.hpp"

namespace bourse::consensus {

void agreement::recover(const recovered_state& from) {
  for (const auto& b : from.committed)
    if (log_.inside(b.certificate.what.sequence))
      log_.at(b.certificate.what.sequence).final = b;
  for (const auto& c : from.prepared)
    recover_prepared(c);
  for (const auto& p : from.proposals)
    recover_proposal(p);
  recover_new_view(from);
  for (const auto& v : from.votes)
    recover_vote(v);
  log_.for_each([&](slot& s) {
    if (s.final || !s.proposal || !ctx_.installed)
      return;
    if (s.verdict == verdict::asked) // made again by a NEW-VIEW
      return;
    if (s.bound() == s.proposal->what.digest) {
      s.verdict = verdict::acceptable;
      advance(0, s);
    } else if (ctx_.is_primary() || s.bound()) {
      s.proposal.reset(); // written but never said
    } else {
      ask_check(s);
    }
  });
}

void agreement::recover_proposal(const pre_prepare& p) {
  if (!log_.inside(p.what.sequence))
    return;
  auto& s = log_.at(p.what.sequence);
  if (p.what.view < ctx_.view)
    s.keep(p.what.digest, p.block);
  else if (p.what.view == ctx_.view && !s.final)
    s.proposal = p;
}

/// A slot whose block and bodies were written in this view needs no second look at them.
void agreement::recover_new_view(const recovered_state& from) {
  if (!from.new_view)
    return;
  auto known = read_new_view(*from.new_view, ctx_.opts.cluster);
  BOURSE_ASSERT(known); // it was checked before it was written
  if (known->view != ctx_.view)
    return;
  ctx_.installed = true;
  for (std::size_t i = 0; i < known->plan.slots.size(); ++i) {
    const auto& what = known->plan.slots[i];
    const auto& sig = known->pre_prepares[i];
    if (!log_.inside(what.sequence))
      continue;
    auto& s = log_.at(what.sequence);
    if (s.final)
      continue;
    bind(s, what, sig, own_vote::durability::durable);
    if (!s.proposal)
      take_renewed(0, s);
  }
}

void agreement::recover_vote(const vote_record& v) {
  if (v.what.view != ctx_.view || !log_.inside(v.what.sequence))
    return;
  auto& s = log_.at(v.what.sequence);
  if (s.final)
    return;
  auto& own = s.own(v.kind);
  own = {own_vote::durability::durable, v.what.digest, sign(v.kind, v.what)};
  if (v.kind != vote_kind::pre_prepare)
    s.votes(v.kind).add_verified(ctx_.opts.self, own.digest, own.signature);
  again_.sent(0, s);
  s.resend.hurry();
}

void agreement::recover_prepared(const prepared_certificate& c) {
  if (!log_.inside(c.what.sequence))
    return;
  auto& s = log_.at(c.what.sequence);
  if (s.prepared && s.prepared->what.view > c.what.view)
    return;
  s.prepared = c;
  if (s.final || c.what.view != ctx_.view)
    return;
  for (const auto& p : c.prepares)
    s.prepares.add_verified(p.replica, c.what.digest, p.signature);
}

} // namespace bourse::consensus
