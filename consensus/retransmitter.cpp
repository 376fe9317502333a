#include "consensus/retransmitter.hpp"

namespace bourse::consensus {

void retransmitter::on_tick(std::uint64_t now_ns) {
  log_.for_each([&](slot& s) {
    if (s.final)
      return;
    if (s.resend.due(now_ns))
      resend(s);
    if (!s.proposal)
      ask_proposal(now_ns, s);
  });
}

void retransmitter::hurry() {
  log_.for_each([](slot& s) { s.resend.hurry(); });
}

void retransmitter::resend(slot& s) {
  statement what{ctx_.view, s.sequence, {}};
  if (s.own(vote_kind::pre_prepare).durable() && s.proposal) {
    // Only to those whose votes don't show that they have it: it is the one large message.
    for (std::uint16_t i = 0; i < ctx_.opts.size.n; ++i) {
      replica_id to{i};
      if (to == ctx_.opts.self || s.supports(to, s.proposal->what.digest))
        continue;
      ctx_.out.send(to, *s.proposal);
      ++ctx_.counters.retransmissions;
    }
  }
  if (const auto& v = s.own(vote_kind::prepare); v.durable()) {
    what.digest = v.digest;
    ctx_.out.broadcast(prepare{what, {ctx_.opts.self, v.signature}});
    ++ctx_.counters.retransmissions;
  }
  if (const auto& v = s.own(vote_kind::commit); v.durable()) {
    what.digest = v.digest;
    ctx_.out.broadcast(commit{what, {ctx_.opts.self, v.signature}});
    ++ctx_.counters.retransmissions;
  }
}

void retransmitter::ask_proposal(std::uint64_t now_ns, slot& s) {
  if (!s.ask_proposal.running()) {
    // It may be under way: votes that overtake it are common.
    if (s.supported(ctx_.opts.size))
      s.ask_proposal.start(now_ns, (ctx_.opts.retransmit_ms + 3) / 4);
    return;
  }
  if (!s.ask_proposal.due(now_ns))
    return;
  auto digest = s.renewed ? s.renewed->what.digest : s.supported(ctx_.opts.size);
  if (!digest)
    return;
  auto holders = s.supporters(*digest, ctx_.opts.size);
  if (s.renewed) // whoever prepared it has it, and that is not seen here
    holders = ctx_.opts.size.everyone();
  std::erase(holders, ctx_.opts.self);
  if (holders.empty())
    return;
  ctx_.out.send(holders[s.asked++ % holders.size()],
                fetch_proposal{{ctx_.view, s.sequence, *digest}});
}

bool retransmitter::may_answer(std::uint64_t now_ns, replica_id to, slot& s) const {
  s.helped_ns.resize(ctx_.opts.size.n);
  auto& last = s.helped_ns[to.value()];
  if (last != 0 && now_ns - last < ctx_.opts.retransmit_ms * ns_per_ms / 2)
    return false;
  last = now_ns;
  return true;
}

void retransmitter::help(std::uint64_t now_ns, replica_id to, slot& s) {
  if (!s.final || !may_answer(now_ns, to, s))
    return;
  ctx_.out.send(to, *s.final);
  ++ctx_.counters.retransmissions;
}

void retransmitter::on_fetch_proposal(std::uint64_t now_ns, replica_id from,
                                      const fetch_proposal& m) {
  auto* s = log_.find(m.what.sequence);
  if (!s)
    return;
  if (s->final && s->final->certificate.what.digest == m.what.digest) {
    help(now_ns, from, *s);
    return;
  }
  // The own proposal leaves only once it is durable.
  bool unsaid = ctx_.is_primary() && !s->own(vote_kind::pre_prepare).durable();
  bool mine = s->proposal && s->proposal->what.digest == m.what.digest;
  auto block = s->find_block(m.what.digest);
  if (!block || (mine && unsaid) || m.what.view != ctx_.view || !may_answer(now_ns, from, *s))
    return;
  // Of an earlier view: whoever asks has the NEW-VIEW's signature and lacks only the block.
  ctx_.out.send(from, mine ? *s->proposal : pre_prepare{m.what, {}, std::move(block)});
  ++ctx_.counters.retransmissions;
}

} // namespace bourse::consensus
