#include "conformance/knowledge.hpp"

#include <algorithm>
#include <functional>

namespace bourse::conformance {

// -- learning -------------------------------------------------------------------------------------

void knowledge::learn_vote(std::map<statement, std::set<replica_id>>& to, replica_id from,
                           const statement& what, const replica_signature& by, purpose why) {
  if (by.replica != from || !below_high(what.sequence)
      || what.sequence <= std::min(low(), executed_))
    return;
  auto known = to.find(what);
  if (known != to.end() && known->second.contains(from))
    return;
  if (good(from, why, signed_bytes(what), by.signature))
    to[what].insert(from);
}

void knowledge::learn_stable(const stable_checkpoint& c) {
  bool all_known = stable_.contains(c.what) && std::ranges::all_of(c.proof, [&](const auto& by) {
                     return checkpointed(c.what, by.replica);
                   });
  if (all_known || !proved(c, who_, verify_))
    return;
  stable_.insert(c.what);
  for (const auto& by : c.proof)
    checkpoints_[c.what].insert(by.replica);
}

void knowledge::learn_final(const commit_certificate& c) {
  if (!final_.contains({c.what.sequence, c.what.digest}) && proved(c, who_, verify_))
    final_.emplace(c.what.sequence, c.what.digest);
}

void knowledge::learn_checkpoint(const checkpoint& m) {
  auto n = m.what.sequence;
  if (n.value() == 0 || n.value() % who_.checkpoint_interval != 0
      || m.by.replica.value() >= who_.size.n || checkpointed(m.what, m.by.replica)
      || !good(m.by.replica, purpose::checkpoint, signed_bytes(m.what), m.by.signature))
    return;
  auto& by = checkpoints_[m.what];
  by.insert(m.by.replica);
  if (by.size() >= who_.size.quorum())
    stable_.insert(m.what);
}

void knowledge::learn_view_change(replica_id from, const view_change& m) {
  auto content = decode_view_change_content(m.body, {});
  if (m.by.replica != from || !content)
    return;
  wish(from, content->view); // over its own link, so it need not be signed
  auto valid = heard(m) ? std::nullopt : valid_view_change(m, who_, verify_);
  if (!valid)
    return;
  view_changes_.emplace(hash(m.body), from);
  learn_stable(valid->stable); // who makes the NEW-VIEW goes by it before that leaves
}

void knowledge::learn_new_view(const new_view& m) {
  auto valid = heard(m) ? std::nullopt : valid_new_view(m, who_, verify_);
  if (!valid)
    return;
  new_views_.insert(hash(m.body));
  for (const auto& change : valid->changes) // each may prove it by other signatures
    learn_stable(decode_view_change_content(change.body, {})->stable);
  for (const auto& [n, d] : valid->log.blocks)
    proposals_.insert({valid->view, n, d});
  wish(who_.self, valid->view);
  begun_[valid->view].push_back(std::move(valid->log));
}

void knowledge::wish(replica_id from, view_number v) {
  auto& known = wishes_[from];
  known = std::max(known, v);
}

void knowledge::learn(replica_id from, const peer_message& m) {
  if (const auto* p = std::get_if<pre_prepare>(&m)) {
    // Whoever sends it on; without a signature it is only a block.
    if (p->signature != signature{} && below_high(p->what.sequence) && !proposed(p->what)
        && good(who_.size.primary_of(p->what.view), purpose::pre_prepare, signed_bytes(p->what),
                p->signature))
      proposals_.insert(p->what);
  } else if (const auto* v = std::get_if<prepare>(&m)) {
    if (from != who_.size.primary_of(v->what.view))
      learn_vote(prepares_, from, v->what, v->by, purpose::prepare);
  } else if (const auto* c = std::get_if<commit>(&m)) {
    learn_vote(commits_, from, c->what, c->by, purpose::commit);
  } else if (const auto* b = std::get_if<committed_block>(&m)) {
    learn_final(b->certificate);
  } else if (const auto* k = std::get_if<checkpoint>(&m)) {
    learn_checkpoint(*k);
  } else if (const auto* w = std::get_if<messages::wish>(&m)) {
    wish(from, w->view);
  } else if (const auto* vc = std::get_if<view_change>(&m)) {
    learn_view_change(from, *vc);
  } else if (const auto* nv = std::get_if<new_view>(&m)) {
    learn_new_view(*nv);
  }
}

void knowledge::learn(const started& disk) {
  learn_stable(disk.stable);
  if (disk.new_view)
    learn_new_view(*disk.new_view);
  wish(who_.self, disk.view);
  on_disk_ = std::max(on_disk_, disk.view);
  for (const auto& p : disk.proposals)
    proposals_.insert(p);
  for (const auto& c : disk.prepared)
    if (proved(c, who_, verify_))
      certificates_.insert(c.what);
  for (const auto& c : disk.committed)
    learn_final(c);
  for (const auto& v : disk.votes) {
    if (v.phase == phase::prepare)
      prepares_[v.what].insert(who_.self);
    else if (v.phase == phase::commit)
      commits_[v.what].insert(who_.self);
  }
}

/// C&L 4.3: at a stable checkpoint everything up to it is discarded; commits are needed until the
/// block is executed.
void knowledge::executed(sequence_number n, const digest& d) {
  executed_ = std::max(executed_, n);
  final_.emplace(n, d);
  auto gone = std::min(low(), executed_);
  auto old = [&](const auto& statement) {
    return statement.sequence <= gone;
  };
  std::erase_if(proposals_, old);
  std::erase_if(prepares_, [&](const auto& e) { return old(e.first); });
  std::erase_if(commits_, [&](const auto& e) { return old(e.first); });
  std::erase_if(certificates_, old);
  std::erase_if(checkpoints_, [&](const auto& e) {
    return e.first.sequence < std::min(gone, told_)
           && gone.value() - e.first.sequence.value() > who_.window;
  });
}

// -- predicates -----------------------------------------------------------------------------------

bool knowledge::proposed(const statement& what) const {
  return proposals_.contains(what);
}

bool knowledge::prepared(const statement& what) const {
  if (certificates_.contains(what))
    return true;
  auto by = prepares_.find(what);
  return proposed(what) && by != prepares_.end() && by->second.size() + 1 >= who_.size.quorum();
}

bool knowledge::committed(sequence_number n, const digest& d) const {
  return final_.contains({n, d}) || std::ranges::any_of(commits_, [&](const auto& entry) {
           const auto& [what, by] = entry;
           return what.sequence == n && what.digest == d && by.size() >= who_.size.quorum();
         });
}

bool knowledge::composed(const prepared_certificate& c) const {
  if (certificates_.contains(c.what))
    return true;
  auto by = prepares_.find(c.what);
  return proposed(c.what) && by != prepares_.end()
         && std::ranges::all_of(c.prepares,
                                [&](const auto& s) { return by->second.contains(s.replica); });
}

bool knowledge::stable(const checkpoint_statement& what) const {
  return what.sequence.value() == 0 || stable_.contains(what);
}

bool knowledge::checkpointed(const checkpoint_statement& what, replica_id by) const {
  auto known = checkpoints_.find(what);
  return known != checkpoints_.end() && known->second.contains(by);
}

bool knowledge::heard(const view_change& m) const {
  return view_changes_.contains({hash(m.body), m.by.replica});
}

bool knowledge::heard(const new_view& m) const {
  return new_views_.contains(hash(m.body));
}

const std::vector<reproposals>* knowledge::begun(view_number v) const {
  auto known = begun_.find(v);
  return known == begun_.end() ? nullptr : &known->second;
}

std::size_t knowledge::wishing(view_number v, bool with_self) const {
  return static_cast<std::size_t>(std::ranges::count_if(wishes_, [&](const auto& w) {
    return w.second >= v && (with_self || w.first != who_.self);
  }));
}

view_number knowledge::highest_view(bool silent) const {
  std::vector<view_number> all;
  for (const auto& [who, v] : wishes_)
    if (!silent || who != who_.self)
      all.push_back(v);
  std::ranges::sort(all, std::greater{});
  auto needed = who_.size.quorum() - (silent ? 1u : 0u);
  auto highest = on_disk_;
  if (all.size() >= needed)
    highest = std::max(highest, all[needed - 1]);
  return begun_.empty() ? highest : std::max(highest, begun_.rbegin()->first);
}

} // namespace bourse::conformance
