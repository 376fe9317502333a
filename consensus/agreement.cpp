#include "consensus/agreement.hpp"

#include "messages/assert.hpp"

namespace bourse::consensus {

namespace {

purpose purpose_of(vote_kind k) {
  switch (k) {
    case vote_kind::pre_prepare:
      return purpose::pre_prepare;
    case vote_kind::prepare:
      return purpose::prepare;
    case vote_kind::commit:
      return purpose::commit;
  }
  BOURSE_ASSERT(!"a vote of no kind");
}

} // namespace

// -- proposals ------------------------------------------------------------------------------------

bool agreement::propose(std::uint64_t now_ns, sequence_number n, shared_bytes block) {
  BOURSE_ASSERT(ctx_.is_primary() && block);
  auto& s = log_.at(n);
  if (s.proposal || s.final || s.bound() || s.renewed)
    return false;
  statement what{ctx_.view, n, hash(*block)};
  auto sig = sign(vote_kind::pre_prepare, what);
  s.proposal = pre_prepare{what, sig, std::move(block)};
  s.verdict = verdict::acceptable;
  s.times.view = ctx_.view;
  s.times.proposed_ns = s.times.checked_ns = now_ns;
  ctx_.out.persist(proposal_record{*s.proposal});
  vote(s, vote_kind::pre_prepare, what, sig);
  return true;
}

/// A renewed slot lacks only the block, whoever brings it and whatever view it was proposed in.
bool agreement::complete(std::uint64_t now_ns, const pre_prepare& m) {
  auto* s = log_.find(m.what.sequence);
  if (!s || !s->renewed || s->proposal || s->final || m.what.digest != s->renewed->what.digest)
    return false;
  if (!m.block || hash(*m.block) != m.what.digest)
    ++ctx_.counters.wrong_hashes;
  else
    accept(now_ns, *s, {s->renewed->what, s->renewed->signature, m.block});
  return true;
}

void agreement::on_pre_prepare(std::uint64_t now_ns, replica_id from, const pre_prepare& m) {
  if (m.block && m.block->size() > ctx_.opts.max_block_bytes) {
    ++ctx_.counters.rejected_proposals;
    return;
  }
  if (complete(now_ns, m) || !current(m.what))
    return;
  if (!ctx_.installed) { // verified when the view begins
    if (from == ctx_.primary())
      log_.at(m.what.sequence).early = m;
    return;
  }
  if (ctx_.is_primary()) { // only this replica makes them, and it knows its own
    ++ctx_.counters.bad_senders;
    return;
  }
  auto* s = log_.find(m.what.sequence);
  if (s && s->said_by_primary() && s->said_by_primary()->what.digest != m.what.digest) {
    on_conflict(*s, m);
    return;
  }
  if (s && s->final) { // the primary repeats itself: it doesn't know
    if (from == ctx_.primary())
      again_.help(now_ns, from, *s);
    return;
  }
  if (s && s->proposal)
    return;
  if (!m.block || hash(*m.block) != m.what.digest) {
    ++ctx_.counters.wrong_hashes;
    return;
  }
  if (!signed_by_primary(m))
    return;
  auto& to = log_.at(m.what.sequence);
  if (auto d = to.bound(); d && *d != m.what.digest) {
    ++ctx_.counters.equivocations; // what this replica voted for is gone, so is the evidence
    return;
  }
  accept(now_ns, to, m);
}

void agreement::accept(std::uint64_t now_ns, slot& s, const pre_prepare& m) {
  s.proposal = m;
  s.times.view = m.what.view;
  s.times.proposed_ns = now_ns;
  s.ask_proposal.stop();
  advance(now_ns, s); // the commits may have come first
  if (!s.final)
    ask_check(s);
}

void agreement::on_conflict(slot& s, const pre_prepare& second) {
  if (s.equivocated || !signed_by_primary(second))
    return;
  s.equivocated = true;
  ++ctx_.counters.equivocations;
  auto first = *s.said_by_primary();
  ctx_.out.persist(
      equivocation_record{{first.what, first.signature, second.what, second.signature}});
}

bool agreement::signed_by_primary(const pre_prepare& m) {
  if (ctx_.signer.verify(ctx_.primary(), purpose::pre_prepare, m.what, m.signature))
    return true;
  ++ctx_.counters.not_from_primary;
  return false;
}

void agreement::ask_check(slot& s) {
  s.verdict = verdict::asked;
  ctx_.out.check({s.proposal->what, s.proposal->block, !s.renewed && !vouched_for(s)});
}

/// With f+1 replicas for it, the primary among them, an honest one has found its time near the
/// clock when it was new.
bool agreement::vouched_for(const slot& s) const {
  auto backups = s.supporters(s.proposal->what.digest, ctx_.opts.size);
  std::erase(backups, ctx_.primary());
  return backups.size() + 1 >= ctx_.opts.size.weak_quorum();
}

/// What was too old when it came, after a pause of this replica, others voted for in time.
void agreement::reconsider(slot& s) {
  s.refused = true;
  if (!s.final)
    ask_check(s);
}

void agreement::on_checked(std::uint64_t now_ns, const statement& what, bool acceptable) {
  auto* s = what.view == ctx_.view ? log_.find(what.sequence) : nullptr;
  if (!s || !s->proposal || s->proposal->what != what || s->verdict != verdict::asked)
    return;
  if (!acceptable) {
    s->verdict = verdict::rejected;
    ++ctx_.counters.rejected_proposals;
    if (!s->refused && vouched_for(*s))
      reconsider(*s);
    return;
  }
  s->verdict = verdict::acceptable;
  s->times.checked_ns = now_ns;
  if (s->final)
    return;
  if (ctx_.is_primary()) { // made again: its pre-prepare stands in the NEW-VIEW
    ctx_.out.persist(proposal_record{*s->proposal});
  } else if (!s->bound() && !ctx_.silent) {
    stand_for(*s);
  }
  advance(now_ns, *s);
}

/// A backup's first vote.
void agreement::stand_for(slot& s) {
  const auto& what = s.proposal->what;
  ctx_.out.persist(proposal_record{*s.proposal});
  vote(s, vote_kind::prepare, what, sign(vote_kind::prepare, what));
}

void agreement::speak(std::uint64_t now_ns) {
  if (!ctx_.installed || ctx_.is_primary())
    return;
  log_.for_each([&](slot& s) {
    if (!s.proposal || s.final || s.bound() || s.verdict != verdict::acceptable)
      return;
    stand_for(s);
    advance(now_ns, s);
  });
}

// -- votes ----------------------------------------------------------------------------------------

void agreement::on_prepare(std::uint64_t now_ns, replica_id from, const prepare& m) {
  on_vote(now_ns, from, vote_kind::prepare, m.what, m.by);
}

void agreement::on_commit(std::uint64_t now_ns, replica_id from, const commit& m) {
  on_vote(now_ns, from, vote_kind::commit, m.what, m.by);
}

void agreement::on_vote(std::uint64_t now_ns, replica_id from, vote_kind kind,
                        const statement& what, const replica_signature& by) {
  if (by.replica != from) {
    ++ctx_.counters.bad_senders;
    return;
  }
  if (!current(what))
    return;
  if (kind == vote_kind::prepare && from == ctx_.primary()) { // its pre-prepare stands for it
    ++ctx_.counters.bad_senders;
    return;
  }
  auto& s = log_.at(what.sequence);
  auto outcome = s.votes(kind).add(from, what.digest, by.signature);
  if (s.verdict == verdict::rejected && !s.refused && vouched_for(s))
    reconsider(s);
  if (!s.final)
    advance(now_ns, s);
  else if (outcome == vote_set::outcome::repeated || s.final->certificate.what.view < ctx_.view)
    again_.help(now_ns, from, s); // it doesn't know that the slot is final
}

signature agreement::sign(vote_kind kind, const statement& what) {
  return ctx_.signer.sign(purpose_of(kind), what);
}

void agreement::vote(slot& s, vote_kind kind, const statement& what, const signature& sig) {
  auto& own = s.own(kind);
  auto earlier = s.bound();
  BOURSE_ASSERT(!own.made() && (!earlier || *earlier == what.digest));
  own = {own_vote::durability::pending, what.digest, sig};
  auto ticket = ctx_.out.persist(vote_record{kind, what});
  pending_.push_back({ticket, what.view, what.sequence, kind});
  say_after_persist(s, kind, what, sig);
}

void agreement::say_after_persist(const slot& s, vote_kind kind, const statement& what,
                                  const signature& sig) {
  switch (kind) {
    case vote_kind::pre_prepare:
      ctx_.out.broadcast_after_persist(*s.proposal);
      break;
    case vote_kind::prepare:
      ctx_.out.broadcast_after_persist(prepare{what, {ctx_.opts.self, sig}});
      break;
    case vote_kind::commit:
      ctx_.out.broadcast_after_persist(commit{what, {ctx_.opts.self, sig}});
      break;
  }
}

void agreement::on_persisted(std::uint64_t now_ns, std::uint64_t ticket) {
  BOURSE_ASSERT(ctx_.out.issued(ticket));
  while (!pending_.empty() && pending_.front().ticket <= ticket) {
    auto p = pending_.front();
    pending_.pop_front();
    auto* s = p.view == ctx_.view ? log_.find(p.sequence) : nullptr;
    if (!s)
      continue;
    auto& own = s->own(p.kind);
    BOURSE_ASSERT(own.state == own_vote::durability::pending);
    own.state = own_vote::durability::durable;
    if (p.kind != vote_kind::pre_prepare)
      s->votes(p.kind).add_verified(ctx_.opts.self, own.digest, own.signature);
    (p.kind == vote_kind::commit ? s->times.commit_sent_ns : s->times.prepare_sent_ns) = now_ns;
    again_.sent(now_ns, *s);
    advance(now_ns, *s);
  }
}

// -- what a slot has become -----------------------------------------------------------------------

void agreement::advance(std::uint64_t now_ns, slot& s) {
  // Commits first: a replica that comes late need not check what a certificate makes needless.
  if (s.final || !s.proposal || try_commit(now_ns, s))
    return;
  try_prepare(now_ns, s);
}

bool agreement::reach(slot& s, vote_kind kind, const digest& d, std::uint16_t needed) {
  statement what{ctx_.view, s.sequence, d};
  return s.votes(kind).reach(d, needed, [&](replica_id by, const signature& sig) {
    return ctx_.signer.verify(by, purpose_of(kind), what, sig);
  });
}

bool agreement::try_commit(std::uint64_t now_ns, slot& s) {
  const auto& what = s.proposal->what;
  auto quorum = ctx_.opts.size.quorum();
  if (!reach(s, vote_kind::commit, what.digest, quorum))
    return false;
  finish(now_ns, s, {{what, s.commits.certificate(what.digest, quorum)}, s.proposal->block});
  return true;
}

void agreement::try_prepare(std::uint64_t now_ns, slot& s) {
  const auto& what = s.proposal->what;
  if (ctx_.silent || s.verdict != verdict::acceptable || s.own(vote_kind::commit).made())
    return;
  if (ctx_.is_primary() && !s.own(vote_kind::pre_prepare).durable())
    return;
  // The pre-prepare stands for the primary's.
  auto needed = static_cast<std::uint16_t>(ctx_.opts.size.quorum() - 1);
  if (!reach(s, vote_kind::prepare, what.digest, needed))
    return;
  s.prepared = prepared_certificate{what, s.proposal->signature,
                                    s.prepares.certificate(what.digest, needed)};
  s.times.prepared_ns = now_ns;
  ctx_.out.persist(prepared_record{*s.prepared});
  vote(s, vote_kind::commit, what, sign(vote_kind::commit, what));
}

void agreement::finish(std::uint64_t now_ns, slot& s, committed_block b) {
  BOURSE_ASSERT(!s.final && b.certificate.what.sequence == s.sequence);
  s.times.committed_ns = now_ns;
  ctx_.out.persist(committed_record{b});
  s.final = std::move(b);
}

// -- view changes ---------------------------------------------------------------------------------

void agreement::leave_view() {
  log_.for_each([](slot& s) { s.leave_view(); });
}

void agreement::renew(std::uint64_t now_ns, const statement& what, const signature& sig,
                      std::uint64_t ticket) {
  auto& s = log_.at(what.sequence);
  bind(s, what, sig, own_vote::durability::pending);
  if (s.final) {
    if (s.final->certificate.what.digest != what.digest)
      ++ctx_.counters.diverged; // only if more than f replicas are faulty
    return;
  }
  if (ctx_.is_primary())
    pending_.push_back({ticket, what.view, what.sequence, vote_kind::pre_prepare});
  take_renewed(now_ns, s);
}

void agreement::bind(slot& s, const statement& what, const signature& sig,
                     own_vote::durability state) {
  s.renewed = slot::renewal{what, sig};
  if (ctx_.is_primary() && !s.final)
    s.own(vote_kind::pre_prepare) = {state, what.digest, sig};
}

void agreement::take_renewed(std::uint64_t now_ns, slot& s) {
  const auto& [what, sig] = *s.renewed;
  auto block = s.find_block(what.digest);
  if (auto null = encode(null_block(ctx_.opts.cluster, what.sequence)); hash(null) == what.digest)
    block = std::make_shared<const bytes>(std::move(null));
  if (block)
    accept(now_ns, s, {what, sig, std::move(block)});
  else
    s.ask_proposal.start(now_ns, 0);
}

void agreement::begin_view(std::uint64_t now_ns) {
  std::vector<pre_prepare> early;
  log_.for_each([&](slot& s) {
    if (s.early)
      early.push_back(std::move(*s.early));
    s.early.reset();
  });
  for (const auto& m : early)
    on_pre_prepare(now_ns, ctx_.primary(), m);
}

bool agreement::current(const statement& what) {
  if (what.view != ctx_.view) {
    ++ctx_.counters.wrong_view;
    return false;
  }
  if (!log_.inside(what.sequence)) {
    ++ctx_.counters.outside_watermarks;
    return false;
  }
  return true;
}

} // namespace bourse::consensus
