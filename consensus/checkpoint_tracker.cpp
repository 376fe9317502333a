#include "consensus/checkpoint_tracker.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::consensus {

checkpoint_tracker::checkpoint_tracker(context& ctx, stable_checkpoint from)
    : ctx_(ctx),
      stable_(std::move(from)),
      votes_(ctx.opts.size.n),
      forwarded_(ctx.opts.size.n),
      helped_ns_(ctx.opts.size.n) {}

bool checkpoint_tracker::on_checkpoint(replica_id from, const checkpoint& m) {
  if (m.by.replica.value() >= ctx_.opts.size.n) {
    ++ctx_.counters.bad_senders;
    return false;
  }
  if (!boundary(m.what.sequence)) {
    ++ctx_.counters.outside_watermarks;
    return false;
  }
  if (m.what.sequence <= stable_.what.sequence)
    return false;
  if (m.by.replica != from) {
    keep_forwarded(from, m);
  } else {
    auto* known = find(from, m.what.sequence);
    if (!known || !known->verified)
      keep(from, {m.what, m.by.signature, false}); // verified when a quorum rests on it
  }
  return try_stable(m.what);
}

void checkpoint_tracker::keep_forwarded(replica_id from, const checkpoint& m) {
  // The signer's own words are no reason to skip it: it may take them back.
  if (forwarded(m.by.replica, m.what)
      || !ctx_.signer.verify(m.by.replica, purpose::checkpoint, m.what, m.by.signature))
    return;
  auto& f = forwarded_[from.value()];
  if (f.what != m.what)
    f = {m.what, {}};
  f.by.emplace(m.by.replica, m.by.signature);
}

const signature* checkpoint_tracker::forwarded(replica_id by,
                                               const checkpoint_statement& what) const {
  for (const auto& f : forwarded_) {
    if (f.what != what)
      continue;
    if (auto i = f.by.find(by); i != f.by.end())
      return &i->second;
  }
  return nullptr;
}

bool checkpoint_tracker::on_own(std::uint64_t now_ns, sequence_number n, const digest& state) {
  BOURSE_ASSERT(boundary(n));
  checkpoint_statement what{n, state};
  if (n <= stable_.what.sequence) {
    if (n == stable_.what.sequence && what != stable_.what)
      ++ctx_.counters.diverged;
    return false;
  }
  if (own_.contains(n))
    return false;
  own_.emplace(n, checkpoint{what, {ctx_.opts.self, {}}});
  if (own_.size() > most_per_replica())
    own_.erase(own_.begin());
  return !ctx_.silent && own_.contains(n) && say(now_ns, what);
}

bool checkpoint_tracker::say(std::uint64_t now_ns, const checkpoint_statement& what) {
  auto& m = own_.at(what.sequence);
  m.by.signature = ctx_.signer.sign(purpose::checkpoint, what);
  keep(ctx_.opts.self, {what, m.by.signature, true});
  ctx_.out.broadcast(m);
  resend_.start(now_ns, ctx_.opts.retransmit_ms);
  return try_stable(what);
}

bool checkpoint_tracker::speak(std::uint64_t now_ns) {
  std::vector<checkpoint_statement> unsaid;
  for (const auto& [n, m] : own_)
    unsaid.push_back(m.what);
  bool moved = false;
  for (const auto& what : unsaid)
    moved = (own_.contains(what.sequence) && say(now_ns, what)) || moved;
  return moved;
}

void checkpoint_tracker::on_tick(std::uint64_t now_ns) {
  if (ctx_.silent || own_.empty() || !resend_.due(now_ns))
    return;
  for (const auto& [n, m] : own_) {
    ctx_.out.broadcast(m);
    ++ctx_.counters.retransmissions;
  }
}

void checkpoint_tracker::help(std::uint64_t now_ns, replica_id to) {
  auto& last = helped_ns_[to.value()];
  if (last != 0 && now_ns - last < ctx_.opts.retransmit_ms * ns_per_ms)
    return;
  last = now_ns;
  for (const auto& by : stable_.proof)
    ctx_.out.send(to, checkpoint{stable_.what, by});
  ctx_.counters.retransmissions += stable_.proof.size();
}

bool checkpoint_tracker::boundary(sequence_number n) const {
  return n.value() != 0 && n.value() % ctx_.opts.checkpoint_interval == 0;
}

std::size_t checkpoint_tracker::most_per_replica() const {
  return ctx_.opts.window / ctx_.opts.checkpoint_interval + 1;
}

std::size_t checkpoint_tracker::most_kept() const {
  std::size_t most = 0;
  for (const auto& all : votes_)
    most = std::max(most, all.size());
  return most;
}

std::size_t checkpoint_tracker::most_forwarded() const {
  std::size_t most = 0;
  for (const auto& f : forwarded_)
    most = std::max(most, f.by.size());
  return most;
}

checkpoint_tracker::vote* checkpoint_tracker::find(replica_id by, sequence_number n) {
  auto& all = votes_[by.value()];
  auto i = std::ranges::find_if(all, [&](const vote& v) { return v.what.sequence == n; });
  return i == all.end() ? nullptr : &*i;
}

void checkpoint_tracker::keep(replica_id by, vote v) {
  if (auto* known = find(by, v.what.sequence)) {
    *known = v;
    return;
  }
  auto& all = votes_[by.value()];
  auto place = std::ranges::find_if(
      all, [&](const vote& other) { return other.what.sequence > v.what.sequence; });
  all.insert(place, v);
  if (all.size() > most_per_replica())
    all.erase(all.begin());
}

bool checkpoint_tracker::try_stable(const checkpoint_statement& what) {
  auto quorum = ctx_.opts.size.quorum();
  std::vector<replica_signature> proof;
  std::vector<replica_id> unverified;
  for (std::uint16_t i = 0; i < ctx_.opts.size.n; ++i) {
    if (const auto* sig = forwarded(replica_id{i}, what)) {
      proof.push_back({replica_id{i}, *sig});
      continue;
    }
    auto* v = find(replica_id{i}, what.sequence);
    if (!v || v->what != what) // another state: it never counts with these
      continue;
    if (v->verified)
      proof.push_back({replica_id{i}, v->signature});
    else
      unverified.push_back(replica_id{i});
  }
  for (std::size_t i = 0; i < unverified.size(); ++i) {
    auto left = unverified.size() - i;
    if (proof.size() >= quorum || proof.size() + left < quorum)
      break;
    auto* v = find(unverified[i], what.sequence);
    if (ctx_.signer.verify(unverified[i], purpose::checkpoint, what, v->signature)) {
      v->verified = true;
      proof.push_back({unverified[i], v->signature});
    } else {
      std::erase_if(votes_[unverified[i].value()],
                    [&](const vote& other) { return other.what == what; });
    }
  }
  if (proof.size() < quorum)
    return false;
  proof.resize(quorum);
  stable_ = {what, std::move(proof)};
  become_stable(what);
  return true;
}

void checkpoint_tracker::become_stable(const checkpoint_statement& what) {
  if (auto mine = own_.find(what.sequence); mine != own_.end() && mine->second.what != what)
    ++ctx_.counters.diverged;
  own_.erase(own_.begin(), own_.upper_bound(what.sequence));
  for (auto& all : votes_)
    std::erase_if(all, [&](const vote& v) { return v.what.sequence <= what.sequence; });
  for (auto& f : forwarded_)
    if (f.what.sequence <= what.sequence)
      f = {};
  ctx_.out.persist(stable_record{stable_});
}

} // namespace bourse::consensus
