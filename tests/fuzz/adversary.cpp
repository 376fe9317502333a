#include "tests/fuzz/adversary.hpp"

#include <algorithm>

#include "consensus/new_view.hpp"
#include "tests/consensus/stand_in.hpp"

namespace bourse::fuzz {

using test::cluster_id;
using test::replica;
using test::stand_in;

namespace {

constexpr std::size_t most_remembered = 64;

template <class T>
void remember(std::deque<T>& all, const T& one) {
  if (!all.empty() && all.back() == one)
    return;
  all.push_back(one);
  if (all.size() > most_remembered)
    all.pop_front();
}

/// The newest first, so that 0 is what happened last.
template <class T>
const T& recent(const std::deque<T>& all, choices& c) {
  return all[all.size() - 1 - c.below(all.size())];
}

} // namespace

// -- signatures -----------------------------------------------------------------------------------

void adversary::learn(replica_id by, purpose why, byte_view payload) {
  known_.insert({by, why, bytes{payload}});
}

void adversary::overhear(replica_id by, const peer_message& m) {
  remember(heard_, m);
  if (auto* p = std::get_if<pre_prepare>(&m)) {
    if (p->signature != signature{})
      learn(size_.primary_of(p->what.view), purpose::pre_prepare, signed_bytes(p->what));
    remember(statements_, p->what);
    if (p->block)
      blocks_[p->what.digest] = p->block;
  } else if (auto* p = std::get_if<prepare>(&m)) {
    learn(p->by.replica, purpose::prepare, signed_bytes(p->what));
    remember(statements_, p->what);
  } else if (auto* p = std::get_if<commit>(&m)) {
    learn(p->by.replica, purpose::commit, signed_bytes(p->what));
    remember(statements_, p->what);
  } else if (auto* p = std::get_if<checkpoint>(&m)) {
    learn(p->by.replica, purpose::checkpoint, signed_bytes(p->what));
    remember(checkpoints_, p->what);
  } else if (auto* p = std::get_if<committed_block>(&m)) {
    blocks_[p->certificate.what.digest] = p->block;
  } else if (auto* p = std::get_if<view_change>(&m)) {
    learn(by, purpose::view_change, hash(p->body).view());
    changes_[{by, decode_view_change_content(p->body, {})->view}] = *p;
  } else if (auto* p = std::get_if<new_view>(&m)) {
    learn(p->by.replica, purpose::new_view, hash(p->body).view());
    auto known = consensus::read_new_view(*p, cluster_id());
    for (std::size_t i = 0; known && i < known->plan.slots.size(); ++i) {
      learn(p->by.replica, purpose::pre_prepare, signed_bytes(known->plan.slots[i]));
      remember(statements_, known->plan.slots[i]);
    }
    auto content = decode_new_view_content(p->body, {});
    for (const auto& v : content->changes) {
      learn(v.by.replica, purpose::view_change, hash(v.body).view());
      changes_[{v.by.replica, content->view}] = v;
    }
  }
}

/// One that holds if the key is its own or the signature was heard, else one that does not.
signature adversary::sign(replica_id by, purpose why, byte_view payload) const {
  if (own_keys_.contains(by.value()) || known_.contains({by, why, bytes{payload}}))
    return stand_in{by}.sign(why, payload);
  return {};
}

/// `wanted` of those who can be made to sign, in order; or, at the choices' will, any.
std::vector<replica_signature> adversary::signed_by_some(choices& c, purpose why, byte_view payload,
                                                         std::size_t wanted,
                                                         const replica_id* without) {
  std::vector<replica_signature> out;
  if (c.below(4) < 3) {
    for (auto by : size_.everyone()) {
      if ((without && by == *without) || out.size() == wanted)
        continue;
      auto sig = sign(by, why, payload);
      if (sig != signature{})
        out.push_back({by, sig});
    }
    return out;
  }
  for (auto n = c.below(size_.n + 2u); n > 0; --n) {
    auto by = any_replica(c);
    out.push_back({by, sign(by, why, payload)});
  }
  return out;
}

// -- values ---------------------------------------------------------------------------------------

replica_id adversary::any_replica(choices& c) const {
  return replica(c.below(size_.n + (c.below(16) == 15 ? 2u : 0u)));
}

view_number adversary::any_view(choices& c, const target& t) const {
  auto v = t.view.value();
  switch (c.below(8)) {
    case 0:
    case 1:
    case 2:
      return t.view;
    case 3:
    case 4:
      return view_number{v + 1};
    case 5:
      return view_number{v > 0 ? v - 1 : 0};
    case 6:
      return view_number{v + 2 + c.below(2ul * size_.n)};
    default:
      return view_number{UINT64_MAX - c.below(4)};
  }
}

sequence_number adversary::any_sequence(choices& c, const target& t) const {
  auto kind = c.below(16);
  if (kind < 12)
    return sequence_number{t.executed.value() + 1 + c.below(t.window)};
  if (kind < 14)
    return sequence_number{t.stable.value() + c.below(2ul * t.window + 2)};
  if (kind < 15)
    return sequence_number{t.executed.value() + c.below(200)};
  return sequence_number{c.below(2) == 0 ? c.below(4) : UINT64_MAX - c.below(200)};
}

adversary::forged_block adversary::any_block(choices& c, sequence_number n) const {
  auto kind = c.below(4);
  auto content = kind == 3 ? encode(null_block(cluster_id(), n))
                           : std::to_string(n.value()) + " forged " + std::to_string(kind);
  return {hash(content), std::make_shared<const bytes>(content)};
}

statement adversary::any_statement(choices& c, const target& t) {
  auto kind = c.below(8);
  if (kind < 5 && !statements_.empty()) {
    auto out = recent(statements_, c);
    if (kind == 4)
      out.view = any_view(c, t);
    return out;
  }
  auto v = any_view(c, t);
  auto n = any_sequence(c, t);
  auto block = any_block(c, n);
  blocks_[block.name] = block.bytes;
  return {v, n, block.name};
}

shared_bytes adversary::block_of(const digest& d) const {
  auto i = blocks_.find(d);
  return i == blocks_.end() ? test::share("some block") : i->second;
}

checkpoint_statement adversary::any_checkpoint(choices& c, const target& t) {
  if (c.below(4) < 3 && !checkpoints_.empty())
    return recent(checkpoints_, c);
  auto n = t.stable.value() + t.checkpoint_interval * c.below(8);
  if (c.below(8) == 7)
    n = any_sequence(c, t).value();
  return {sequence_number{n}, hash("state " + std::to_string(c.below(2)))};
}

stable_checkpoint adversary::any_stable(choices& c, const target& t) {
  if (c.below(2) == 0)
    return {}; // the genesis
  auto what = any_checkpoint(c, t);
  return {what,
          signed_by_some(c, purpose::checkpoint, signed_bytes(what), size_.quorum(), nullptr)};
}

prepared_certificate adversary::any_certificate(choices& c, const target& t) {
  prepared_certificate out;
  out.what = any_statement(c, t);
  auto primary = size_.primary_of(out.what.view);
  auto payload = signed_bytes(out.what);
  out.pre_prepare = sign(primary, purpose::pre_prepare, payload);
  out.prepares = signed_by_some(c, purpose::prepare, payload, size_.quorum() - 1u, &primary);
  return out;
}

// -- messages -------------------------------------------------------------------------------------

peer_message adversary::repeated(choices& c) const {
  if (heard_.empty())
    return wish{view_number{1}};
  return recent(heard_, c);
}

peer_message adversary::changed_bytes(choices& c) const {
  auto original = repeated(c);
  auto raw = encode(original);
  for (auto edits = 1 + c.below(4); edits > 0; --edits)
    raw[c.below(std::min<std::size_t>(raw.size(), 65536))] = static_cast<char>(c.byte());
  auto out = decode_peer_message(raw, {});
  return out ? *out : original;
}

peer_message adversary::proposal(choices& c, const target& t) {
  auto what = any_statement(c, t);
  auto sig = sign(size_.primary_of(what.view), purpose::pre_prepare, signed_bytes(what));
  auto kind = c.below(8);
  auto block = kind == 7   ? shared_bytes{}
               : kind == 6 ? test::share("another")
                           : block_of(what.digest);
  return pre_prepare{what, sig, block};
}

template <class Vote>
peer_message adversary::vote(choices& c, const target& t, purpose why) {
  auto what = any_statement(c, t);
  auto by = any_replica(c);
  return Vote{what, {by, sign(by, why, signed_bytes(what))}};
}

peer_message adversary::proved_block(choices& c, const target& t) {
  auto what = any_statement(c, t);
  return committed_block{
      {what, signed_by_some(c, purpose::commit, signed_bytes(what), size_.quorum(), nullptr)},
      block_of(what.digest)};
}

view_change adversary::change(choices& c, const target& t, replica_id by, view_number to) {
  view_change_content content;
  content.view = to;
  content.stable = any_stable(c, t);
  for (auto n = c.below(4); n > 0; --n)
    content.prepared.push_back(any_certificate(c, t));
  if (c.below(8) != 7)
    std::ranges::stable_sort(content.prepared, {}, [](const auto& p) { return p.what.sequence; });
  view_change out;
  out.body = encode(content);
  out.by = {by, sign(by, purpose::view_change, hash(out.body).view())};
  return out;
}

/// Of VIEW-CHANGEs that were heard, and own ones.
peer_message adversary::new_view_message(choices& c, const target& t) {
  new_view_content content;
  content.view = any_view(c, t);
  consensus::options o;
  o.self = size_.primary_of(content.view);
  o.size = size_;
  o.cluster = cluster_id();
  o.window = t.window;
  o.checkpoint_interval = t.checkpoint_interval;
  std::vector<view_change_content> read;
  auto wanted = size_.quorum() + (c.below(16) == 15 ? 1u : 0u);
  auto first = c.below(4); // whose are used, where there is a choice
  for (std::uint16_t i = 0; i < size_.n && content.changes.size() < wanted; ++i) {
    auto by = replica((first + i) % size_.n);
    auto heard = changes_.find({by, content.view});
    if (own_keys_.contains(by.value()))
      content.changes.push_back(change(c, t, by, content.view));
    else if (heard != changes_.end())
      content.changes.push_back(heard->second);
  }
  if (c.below(16) != 15)
    std::ranges::sort(content.changes, {}, [](const auto& v) { return v.by.replica; });
  for (const auto& v : content.changes)
    if (auto good = consensus::check_view_change(v, o, stand_in{o.self}))
      read.push_back(*good);
  if (!read.empty() && read.size() == content.changes.size()) {
    auto plan = consensus::plan_log(content.view, read, cluster_id());
    for (const auto& what : plan.slots)
      if (content.pre_prepares.size() < 64) // what a message holds
        content.pre_prepares.push_back(sign(o.self, purpose::pre_prepare, signed_bytes(what)));
  }
  if (c.below(8) == 7)
    content.pre_prepares.resize(c.below(8));
  new_view out;
  out.body = encode(content);
  out.by = {o.self, sign(o.self, purpose::new_view, hash(out.body).view())};
  return out;
}

peer_message adversary::of_others(choices& c, const target& t) {
  switch (c.below(5)) {
    case 0:
      return progress{any_view(c, t), any_sequence(c, t), any_sequence(c, t)};
    case 1:
      return fetch_blocks{any_sequence(c, t), any_sequence(c, t)};
    case 2:
      return fetch_proposal{any_statement(c, t)};
    case 3:
      return pruned{any_sequence(c, t)};
    default:
      return standing{any_stable(c, t), c.below(2), c.below(2), c.below(2) == 1};
  }
}

peer_message adversary::forge(choices& c, const target& t) {
  switch (c.below(16)) {
    case 0:
    case 1:
      return proposal(c, t);
    case 2:
    case 3:
      return vote<prepare>(c, t, purpose::prepare);
    case 4:
    case 5:
      return vote<commit>(c, t, purpose::commit);
    case 6: {
      auto what = any_checkpoint(c, t);
      auto by = any_replica(c);
      return checkpoint{what, {by, sign(by, purpose::checkpoint, signed_bytes(what))}};
    }
    case 7:
      return proved_block(c, t);
    case 8:
    case 9:
      return wish{any_view(c, t)};
    case 10: {
      auto by = any_replica(c);
      return change(c, t, by, any_view(c, t));
    }
    case 11:
    case 12:
      return new_view_message(c, t);
    case 13:
      return of_others(c, t);
    case 14:
      return changed_bytes(c);
    default:
      return repeated(c);
  }
}

} // namespace bourse::fuzz
