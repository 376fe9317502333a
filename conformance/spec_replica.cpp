#include "conformance/spec_replica.hpp"

#include <algorithm>

namespace bourse::conformance {

namespace {

using verdict = std::optional<refusal>;
constexpr auto allowed = std::nullopt;

verdict refuse(const char* rule, const char* source) {
  return refusal{rule, source};
}

std::size_t place(phase p) {
  return static_cast<std::size_t>(p) - 1;
}

} // namespace

spec_replica::spec_replica(const identity& who, verifier verify)
    : who_(who), verify_(verify), known_(who, std::move(verify)) {}

verdict spec_replica::take(const event& e) {
  if (!running_ && !std::holds_alternative<started>(e))
    return refuse("a trace begins with a start", "PROTOCOL 18");
  return std::visit([&](const auto& what) { return on(what); }, e);
}

// -- lives ----------------------------------------------------------------------------------------

verdict spec_replica::on(const started& e) {
  if (!e.silent && !first_life_)
    if (auto why = disk_keeps_promises(e))
      return why;
  if (e.new_view) // an own one need not have left
    known_.learn(who_.self, *e.new_view);
  for (const auto& v : e.votes) {
    if (v.what.view > e.view)
      return refuse("the view on the disk is that of its votes, or a later one", "PROTOCOL 9");
    auto earlier = said_of(v.phase, v.what.view, v.what.sequence);
    if (earlier && *earlier != v.what.digest)
      return refuse("the disk holds no other vote than was said", "PROTOCOL 6 and 7");
    if (!first_life_ && !earlier)
      if (auto why = grounds(v.phase, v.what))
        return why;
    votes_[{v.what.view, v.what.sequence}][place(v.phase)] = v.what.digest;
  }
  known_.learn(e);
  running_ = true;
  first_life_ = false;
  silent_ = e.silent;
  if (silent_) {
    // A new database forgets which views its former self had left, voted in, and committed in; what
    // makes that harmless is in PROTOCOL 10. That it never votes twice for a slot stays so.
    view_ = e.view;
    voted_in_.reset();
    committed_in_.clear();
  }
  view_ = std::max(view_, e.view);
  wished_ = e.view;
  last_ = e.executed;
  chain_ = e.chain;
  return allowed;
}

/// PROTOCOL 7, durability: what it has said was on the disk before.
verdict spec_replica::disk_keeps_promises(const started& e) {
  if (e.view < view_)
    return refuse("the view that a VIEW-CHANGE or a vote named was durable before", "PROTOCOL 9");
  auto low = e.stable.what.sequence;
  if (e.executed > last_ && e.executed > low)
    return refuse("the state on the disk was executed, or is a stable checkpoint's",
                  "PROTOCOL 8 and 10");
  auto renewed = e.new_view ? valid_new_view(*e.new_view, who_, {}) : std::nullopt;
  auto named = [&](const statement& what) {
    if (!renewed || renewed->view != what.view)
      return false;
    auto n = renewed->log.blocks.find(what.sequence);
    return n != renewed->log.blocks.end() && n->second == what.digest;
  };
  for (const auto& [slot, all] : votes_)
    for (auto p : {phase::pre_prepare, phase::prepare, phase::commit}) {
      const auto& d = all[place(p)];
      if (!d || slot.first != e.view || slot.second <= low)
        continue;
      statement what{slot.first, slot.second, *d};
      if (std::ranges::find(e.votes, own_vote{p, what}) == e.votes.end()
          && !(p == phase::pre_prepare && named(what)))
        return refuse("a vote is durable before it leaves", "PROTOCOL 7");
    }
  for (const auto& [n, v] : committed_in_)
    if (n > low && std::ranges::none_of(e.prepared, [n = n, v = v](const auto& c) {
          return c.what.sequence == n && c.what.view >= v;
        }))
      return refuse("a prepared certificate is durable before its COMMIT leaves", "PROTOCOL 7");
  return allowed;
}

verdict spec_replica::on(const spoke&) {
  silent_ = false;
  return allowed;
}

verdict spec_replica::on(const received& e) {
  if (e.from.value() < who_.size.n && e.from != who_.self)
    known_.learn(e.from, e.what);
  return allowed;
}

verdict spec_replica::on(const said& e) {
  auto why = std::visit([&](const auto& m) { return says(m); }, e.what);
  if (!why)
    known_.learn(who_.self, e.what);
  return why;
}

verdict spec_replica::on(const executing& e) {
  constexpr auto in_order = "C&L 4.2, PROTOCOL 6";
  if (e.sequence != last_.next())
    return refuse("blocks are executed in order, without gaps", in_order);
  if (e.chain != chain_next(chain_, e.digest))
    return refuse("the chain goes on with the block's digest", in_order);
  if (!known_.committed(e.sequence, e.digest))
    return refuse("a block is executed with 2f+1 commits, or with somebody's certificate of them",
                  in_order);
  auto [earlier, first] = executed_.try_emplace(e.sequence, e.digest);
  if (earlier->second != e.digest)
    return refuse("what was executed once is executed again alike", "PROTOCOL 7 and 10");
  last_ = e.sequence;
  chain_ = e.chain;
  known_.executed(e.sequence, e.digest);
  return allowed;
}

// -- the normal case (C&L 4.2) --------------------------------------------------------------------

std::optional<digest> spec_replica::said_of(phase p, view_number v, sequence_number n) const {
  auto slot = votes_.find({v, n});
  return slot == votes_.end() ? std::nullopt : slot->second[place(p)];
}

verdict spec_replica::grounds(phase p, const statement& what) {
  bool primary = who_.size.primary_of(what.view) == who_.self;
  if (what.view.value() > 0) {
    const auto* begun = known_.begun(what.view);
    if (!begun)
      return refuse("a view above 0 begins with its NEW-VIEW", "C&L 4.4, PROTOCOL 9");
    bool follows = std::ranges::any_of(*begun, [&](const reproposals& o) {
      auto n = o.blocks.find(what.sequence);
      return n == o.blocks.end() || n->second == what.digest;
    });
    if (!follows)
      return refuse("only what the NEW-VIEW names is proposed in the slots that it names",
                    "C&L 4.4, PROTOCOL 9");
  }
  if (what.sequence <= known_.low())
    return allowed;
  switch (p) {
    case phase::pre_prepare:
      if (!primary)
        return refuse("only the primary of the view proposes", "C&L 4.2, PROTOCOL 5");
      break;
    case phase::prepare:
      if (primary)
        return refuse("the primary's pre-prepare stands for its prepare", "C&L 4.2, PROTOCOL 5");
      if (!known_.proposed(what))
        return refuse("a PREPARE answers a pre-prepare of the view's primary",
                      "C&L 4.2, PROTOCOL 6");
      break;
    case phase::commit:
      if (!known_.prepared(what))
        return refuse("a COMMIT needs the pre-prepare and 2f prepares of different backups",
                      "C&L 4.2, PROTOCOL 6");
      break;
  }
  return allowed;
}

verdict spec_replica::votes(phase p, const statement& what) {
  if (silent_)
    return refuse("a replica with a new database says nothing", "PROTOCOL 10");
  if (what.view < view_)
    return refuse("nobody votes in a view that it has left", "C&L 4.4, PROTOCOL 9");
  if (!known_.below_high(what.sequence))
    return refuse("nothing is said above the high watermark", "C&L 4.2, PROTOCOL 6");
  // A backup is bound by its prepare, the primary by its pre-prepare, all by their commit.
  for (auto other : {phase::pre_prepare, phase::prepare, phase::commit})
    if (auto d = said_of(other, what.view, what.sequence); d && *d != what.digest)
      return refuse("one digest is voted for in a view and sequence number, for ever",
                    "C&L 4.2, PROTOCOL 6");
  bool again = said_of(p, what.view, what.sequence).has_value();
  if (!again)
    if (auto why = grounds(p, what))
      return why;
  votes_[{what.view, what.sequence}][place(p)] = what.digest;
  view_ = std::max(view_, what.view);
  voted_in_ = std::max(voted_in_.value_or(what.view), what.view);
  if (p == phase::commit) {
    auto& v = committed_in_[what.sequence];
    v = std::max(v, what.view);
  }
  return allowed;
}

verdict spec_replica::says(const pre_prepare& m) {
  if (m.signature == signature{}) // only the block, for who has the NEW-VIEW that names it
    return allowed;
  if (who_.size.primary_of(m.what.view) == who_.self)
    return votes(phase::pre_prepare, m.what);
  if (m.what.sequence > known_.low() && !known_.proposed(m.what))
    return refuse("who is not the primary only passes on what the primary has proposed",
                  "PROTOCOL 5");
  return allowed;
}

verdict spec_replica::says(const prepare& m) {
  if (m.by.replica != who_.self)
    return refuse("votes go over their voter's own link", "PROTOCOL 5");
  return votes(phase::prepare, m.what);
}

verdict spec_replica::says(const commit& m) {
  if (m.by.replica != who_.self)
    return refuse("votes go over their voter's own link", "PROTOCOL 5");
  return votes(phase::commit, m.what);
}

verdict spec_replica::says(const committed_block& m) {
  const auto& what = m.certificate.what;
  if (!proved(m.certificate, who_, verify_))
    return refuse("a final block is handed on with 2f+1 commits of different replicas",
                  "PROTOCOL 5");
  if (!known_.committed(what.sequence, what.digest))
    return refuse("only what is final here is handed on as final", "C&L 4.2, PROTOCOL 5");
  return allowed;
}

verdict spec_replica::says(const progress& m) {
  if (m.executed > last_ || m.stable > known_.low() || m.view > known_.highest_view(silent_))
    return refuse("PROGRESS says no more than is so", "PROTOCOL 5");
  known_.told(m.stable);
  return allowed;
}

// -- checkpoints (C&L 4.3) ------------------------------------------------------------------------

verdict spec_replica::says(const checkpoint& m) {
  if (m.by.replica != who_.self) {
    if (!known_.checkpointed(m.what, m.by.replica))
      return refuse("only a checkpoint that was heard is passed on", "PROTOCOL 5 and 10");
    return allowed;
  }
  auto n = m.what.sequence;
  if (silent_ && known_.checkpointed(m.what, who_.self))
    return allowed; // its former self's, out of a proof that it passes on
  if (silent_)
    return refuse("a replica with a new database says nothing", "PROTOCOL 10");
  if (n.value() == 0 || n.value() % who_.checkpoint_interval != 0)
    return refuse("checkpoints are taken at multiples of the interval", "C&L 4.3, PROTOCOL 8");
  if (n > last_)
    return refuse("a CHECKPOINT comes after its block was executed", "C&L 4.3, PROTOCOL 8");
  auto [own, first] = own_checkpoints_.try_emplace(n, m.what.state);
  if (own->second != m.what.state)
    return refuse("one state is signed for a sequence number", "C&L 4.3, PROTOCOL 8");
  return allowed;
}

// -- view changes (C&L 4.4) -----------------------------------------------------------------------

verdict spec_replica::says(const wish& m) {
  if (silent_)
    return refuse("a replica with a new database says nothing", "PROTOCOL 10");
  if (m.view < wished_ || m.view < view_)
    return refuse("a wish is never taken back", "PROTOCOL 9");
  auto next = known_.highest_view().next();
  if (m.view > next && known_.wishing(m.view, false) < who_.size.weak_quorum())
    return refuse("a replica wishes for the next view, or for what f+1 others wish", "PROTOCOL 9");
  wished_ = m.view;
  return allowed;
}

verdict spec_replica::says(const view_change& m) {
  auto content = valid_view_change(m, who_, verify_);
  if (m.by.replica != who_.self || !content)
    return refuse("a VIEW-CHANGE is its sender's, and all of it is valid", "C&L 4.4, PROTOCOL 9");
  if (auto why = changes_view(*content))
    return why;
  view_ = std::max(view_, content->view);
  return allowed;
}

/// The own VIEW-CHANGE, which the next primary keeps to itself.
verdict spec_replica::changes_view(const view_change_content& c) {
  constexpr auto source = "C&L 4.4, PROTOCOL 9";
  if (silent_)
    return refuse("a replica with a new database says nothing", "PROTOCOL 10");
  if (c.view < view_ || (voted_in_ && *voted_in_ >= c.view))
    return refuse("nobody changes to a view that it has voted in, or left", source);
  if (c.view > known_.highest_view())
    return refuse("a view is entered when 2f+1 wish for it, or by its NEW-VIEW", "PROTOCOL 9");
  if (!known_.stable(c.stable.what))
    return refuse("C of a VIEW-CHANGE is a stable checkpoint that is known", source);
  for (const auto& p : c.prepared)
    if (p.what.sequence > known_.low() && !known_.composed(p))
      return refuse("P of a VIEW-CHANGE has what was prepared, and nothing else", source);
  for (const auto& [n, v] : committed_in_) {
    if (n <= c.stable.what.sequence)
      continue;
    auto d = said_of(phase::commit, v, n);
    bool there = std::ranges::any_of(c.prepared, [n = n, v = v, &d](const auto& p) {
      return p.what.sequence == n && (p.what.view > v || (p.what.view == v && p.what.digest == d));
    });
    if (!there)
      return refuse("P of a VIEW-CHANGE has the newest certificate of all that was prepared",
                    source);
  }
  return allowed;
}

verdict spec_replica::says(const new_view& m) {
  constexpr auto source = "C&L 4.4, PROTOCOL 9";
  if (m.by.replica != who_.self) {
    if (!known_.heard(m))
      return refuse("only a valid NEW-VIEW that was heard is passed on", "PROTOCOL 9");
    return allowed;
  }
  if (known_.heard(m)) // again, or from the disk
    return allowed;
  if (silent_)
    return refuse("a replica with a new database says nothing", "PROTOCOL 10");
  auto valid = valid_new_view(m, who_, verify_);
  if (!valid)
    return refuse("a NEW-VIEW is its primary's and follows from 2f+1 VIEW-CHANGEs", source);
  if (valid->view < view_)
    return refuse("nobody votes in a view that it has left", source);
  auto [own, first] = own_new_views_.try_emplace(valid->view, hash(m.body));
  if (own->second != hash(m.body))
    return refuse("a view has one NEW-VIEW", source);
  for (const auto& change : valid->changes) {
    if (change.by.replica == who_.self) {
      if (auto why = changes_view(*decode_view_change_content(change.body, {})))
        return why;
    } else if (!known_.heard(change)) {
      return refuse("a NEW-VIEW rests on VIEW-CHANGEs that were heard", source);
    }
  }
  view_ = std::max(view_, valid->view);
  voted_in_ = std::max(voted_in_.value_or(valid->view), valid->view);
  for (const auto& [n, d] : valid->log.blocks)
    votes_[{valid->view, n}][place(phase::pre_prepare)] = d;
  return allowed;
}

} // namespace bourse::conformance
