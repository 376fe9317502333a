#include "tests/fuzz/honest_node.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

#include "consensus/invariants.hpp"
#include "messages/assert.hpp"
#include "tests/consensus/new_views.hpp"

namespace bourse::fuzz {

using namespace bourse::consensus;
using test::cluster_id;
using test::replica;

namespace {

constexpr std::uint64_t ns_per_ms = 1'000'000;

/// The one that rests on two quorums sharing an honest replica.
constexpr std::string_view of_quorums = "final_and_prepared_agree";

} // namespace

digest state_after(sequence_number n, const digest& chain) {
  return hasher{}.add_u64(n.value()).add(chain).finish();
}

honest_node::honest_node(const node_settings& s, listener to)
    : settings_(s), to_(std::move(to)), auth_(replica(s.self)), silent_(s.silent) {
  disk_.view = view_number{s.view};
  disk_.checkpoint.chain = cluster_id();
  if (s.view > 0)
    disk_.new_view = test::first_new_view(s.n, s.view);
  start();
}

options honest_node::core_options() const {
  options o;
  o.self = replica(settings_.self);
  o.size = {settings_.n};
  o.cluster = cluster_id();
  o.window = settings_.window;
  o.checkpoint_interval = settings_.checkpoint_interval;
  o.max_in_flight = settings_.max_in_flight;
  o.retransmit_ms = 40;
  o.progress_ms = 80;
  return o;
}

void honest_node::start() {
  executed_ = disk_.checkpoint.sequence;
  chain_ = disk_.checkpoint.chain;
  auto known = disk_.recover();
  known.silent = silent_;
  core_ = std::make_unique<replica_core>(core_options(), auth_, std::move(known));
  BOURSE_ASSERT(core_->view() == disk_.view);

  view_options o;
  o.consensus = core_options();
  o.watch.stall_ms = 100;
  o.watch.stall_at_most_ms = 400;
  o.new_view_ms = 150;
  o.resend_ms = 40;
  o.silent = silent_;
  auto stored = disk_.new_view;
  if (stored && decode_new_view_content(stored->body, {})->view != disk_.view)
    stored.reset();
  views_ = std::make_unique<view_manager>(o, auth_, disk_.view, stored);

  core_->on_checkpoint(now_ns_, executed_, state_after(executed_, chain_));
  drain();
}

// -- events ---------------------------------------------------------------------------------------

void honest_node::hear(std::uint16_t from, const peer_message& m) {
  views_->on_message(now_ns_, replica(from), m);
  core_->on_message(now_ns_, replica(from), m);
  drain();
}

void honest_node::pass(std::uint64_t milliseconds) {
  now_ns_ += milliseconds * ns_per_ms;
  core_->on_tick(now_ns_);
  work_seen seen;
  seen.executed_requests = core_->executed().value();
  seen.executed = core_->executed();
  seen.owed = static_cast<std::uint32_t>(core_->open_slots().size());
  views_->on_work(now_ns_, seen);
  views_->on_tick(now_ns_);
  drain();
}

void honest_node::persist() {
  if (unsynced_.empty())
    return;
  auto b = std::move(unsynced_.front());
  unsynced_.pop_front();
  for (const auto& r : b.records) {
    disk_.apply(r);
    if (auto* n = std::get_if<new_view_record>(&r))
      check_new_view(n->what);
  }
  follow_up(b);
  core_->on_persisted(now_ns_, b.ticket);
  drain();
  if (++persisted_ % 4 == 0) // it costs more than the others
    expect_none(broken_invariants(core_->picture(), disk_.recover()));
}

void honest_node::answer(std::size_t which, bool acceptable) {
  if (checks_.empty())
    return;
  auto at = checks_.begin() + static_cast<std::ptrdiff_t>(which % checks_.size());
  auto what = at->what;
  checks_.erase(at);
  core_->on_checked(now_ns_, what, acceptable);
  drain();
}

void honest_node::propose(std::string_view name) {
  if (grants_.empty())
    return;
  auto n = grants_.front().sequence;
  grants_.pop_front();
  core_->on_proposal(now_ns_, n, test::share(std::to_string(n.value()) + std::string{name}));
  drain();
}

void honest_node::execute() {
  if (executions_.empty())
    return;
  auto e = std::move(executions_.front());
  executions_.pop_front();
  BOURSE_ASSERT(e.sequence == executed_.next());
  BOURSE_ASSERT(e.block && hash(*e.block) == e.digest);
  BOURSE_ASSERT(e.chain == chain_next(chain_, e.digest));
  BOURSE_ASSERT(e.checkpoint == (e.sequence.value() % settings_.checkpoint_interval == 0));
  auto [first, added] = log_.try_emplace(e.sequence.value(), e.digest);
  if (settings_.outnumbered) // a former life may have been told otherwise
    first->second = e.digest;
  BOURSE_ASSERT(first->second == e.digest);
  executed_ = e.sequence;
  chain_ = e.chain;
  to_.final(e.sequence, e.digest);
  if (e.checkpoint)
    checkpoints_.push_back(e);
  core_->on_executed(now_ns_, e.sequence);
  drain();
}

void honest_node::take_checkpoint() {
  if (checkpoints_.empty())
    return;
  auto e = std::move(checkpoints_.front());
  checkpoints_.pop_front();
  for (auto n = unsynced_.size(); n > 0; --n) // one sync for all that was written before
    persist();
  disk_.checkpoint = {e.sequence, e.chain};
  core_->on_checkpoint(now_ns_, e.sequence, state_after(e.sequence, e.chain));
  drain();
}

void honest_node::suspect(suspicion why) {
  views_->suspect(now_ns_, why);
  drain();
}

void honest_node::resign() {
  views_->resign(now_ns_);
  drain();
}

void honest_node::speak() {
  if (!std::exchange(silent_, false))
    return;
  views_->speak(now_ns_);
  core_->speak(now_ns_);
  drain();
}

void honest_node::link(std::uint16_t to, bool up) {
  views_->on_link(now_ns_, replica(to), up);
  drain();
}

void honest_node::restart(std::size_t kept) {
  for (std::size_t i = 0; i < std::min(kept, unsynced_.size()); ++i)
    for (const auto& r : unsynced_[i].records)
      disk_.apply(r);
  unsynced_.clear();
  checks_.clear();
  grants_.clear();
  executions_.clear();
  checkpoints_.clear();
  start();
}

void honest_node::work() {
  for (int i = 0; i < 1000 && !idle(); ++i) {
    persist();
    answer(0, true);
    execute();
    take_checkpoint();
  }
}

// -- effects --------------------------------------------------------------------------------------

void honest_node::drain_views() {
  auto e = views_->take_effects();
  BOURSE_ASSERT(e.sends.size() <= 4u + settings_.n);
  if (e.leave && *e.leave > core_->view())
    core_->leave(now_ns_, *e.leave);
  if (e.install)
    core_->install(now_ns_, *e.install);
  for (const auto& s : e.sends)
    say(s);
}

void honest_node::drain() {
  drain_views();
  if (auto e = core_->take_effects(); !e.empty())
    carry_out(std::move(e));
  check_invariants();
}

/// What rests on the batch, which is durable.
void honest_node::follow_up(const batch& b) {
  for (const auto& s : b.after)
    say(s);
  if (b.departed)
    views_->on_left(now_ns_, *b.departed);
  if (b.begun)
    views_->on_begun(now_ns_, *b.begun);
}

void honest_node::carry_out(effects e) {
  BOURSE_ASSERT(e.now.size() + e.after_persist.size() <= 16u * (settings_.window + settings_.n));
  if (e.renewed)
    grants_.clear();
  if (e.ticket != 0) {
    BOURSE_ASSERT(unsynced_.empty() || unsynced_.back().ticket < e.ticket);
    unsynced_.push_back({e.ticket, std::move(e.persist), {}, {}, {}});
  }
  batch now; // for what rests on what is durable already
  auto& then = unsynced_.empty() ? now : unsynced_.back();
  then.after.insert(then.after.end(), e.after_persist.begin(), e.after_persist.end());
  if (e.departed)
    then.departed = std::move(e.departed);
  if (e.begun)
    then.begun = e.begun;
  follow_up(now);
  for (const auto& s : e.now)
    say(s);
  grants_.insert(grants_.end(), e.grants.begin(), e.grants.end());
  checks_.insert(checks_.end(), e.checks.begin(), e.checks.end());
  executions_.insert(executions_.end(), e.executions.begin(), e.executions.end());
  for (const auto& s : e.serves)
    serve(s);
  drain_views();
}

void honest_node::serve(const consensus::serve& s) {
  BOURSE_ASSERT(s.what.from <= s.what.to && s.what.to <= core_->committed());
  BOURSE_ASSERT(s.what.to.value() - s.what.from.value() < 64);
  auto blocks = disk_.blocks; // written counts, synced or not
  for (const auto& b : unsynced_)
    for (const auto& r : b.records)
      if (auto* c = std::get_if<committed_record>(&r))
        blocks[c->what.certificate.what.sequence.value()] = c->what;
  for (auto k = s.what.from.value(); k <= s.what.to.value(); ++k)
    if (auto i = blocks.find(k); i != blocks.end())
      say({s.to, i->second});
}

// -- the oracle -----------------------------------------------------------------------------------

void honest_node::say(const send& s) {
  auto self = replica(settings_.self);
  BOURSE_ASSERT(!s.to || (*s.to != self && s.to->value() < settings_.n));
  if (auto* p = std::get_if<pre_prepare>(&s.what)) {
    // Others pass on what the primary said, or only the block.
    if (self == cluster_size{settings_.n}.primary_of(p->what.view) && p->signature != signature{})
      check_vote(vote_kind::pre_prepare, p->what);
  } else if (auto* p = std::get_if<prepare>(&s.what)) {
    BOURSE_ASSERT(p->by.replica == self);
    check_vote(vote_kind::prepare, p->what);
  } else if (auto* c = std::get_if<commit>(&s.what)) {
    BOURSE_ASSERT(c->by.replica == self);
    check_vote(vote_kind::commit, c->what);
  } else if (auto* c = std::get_if<checkpoint>(&s.what)) {
    check_checkpoint(*c);
  } else if (auto* v = std::get_if<view_change>(&s.what)) {
    BOURSE_ASSERT(v->by.replica == self);
    check_change(*v);
  }
  // Words that bind: nothing of a silent replica's may count.
  if (silent_)
    BOURSE_ASSERT(
        !std::holds_alternative<prepare>(s.what) && !std::holds_alternative<commit>(s.what)
        && !std::holds_alternative<wish>(s.what) && !std::holds_alternative<view_change>(s.what));
  to_.said(s);
}

/// Never two of one kind for one slot, never before it is durable, never in a view that was left.
void honest_node::check_vote(vote_kind kind, const statement& what) {
  auto [first, added]
      = said_.try_emplace({kind, what.view.value(), what.sequence.value()}, what.digest);
  BOURSE_ASSERT(first->second == what.digest);
  BOURSE_ASSERT(disk_.has_vote(kind, what) || disk_.renewed(what));
  BOURSE_ASSERT(what.view >= disk_.view || kind == vote_kind::pre_prepare);
}

/// It is durable that the old view was left, and whatever this replica has ever committed to above
/// the stable checkpoint is named, with the newest view of its commits or a later one.
void honest_node::check_change(const view_change& m) const {
  auto c = decode_view_change_content(m.body, {});
  BOURSE_ASSERT(c && c->view <= disk_.view);
  BOURSE_ASSERT(check_view_change(m, core_options(), auth_));
  for (const auto& [key, d] : said_) {
    auto [kind, view, n] = key;
    if (kind != vote_kind::commit || view >= c->view.value()
        || n <= c->stable.what.sequence.value())
      continue;
    auto named = std::ranges::find_if(
        c->prepared, [n = n](const auto& p) { return p.what.sequence.value() == n; });
    BOURSE_ASSERT(named != c->prepared.end());
    auto in = named->what.view.value();
    BOURSE_ASSERT(in > view || (in == view && named->what.digest == d));
  }
}

/// What the replica begins a view with: 2f+1 have left for it, and the primary has signed for each
/// number above the highest stable checkpoint what was prepared there last, or the null block.
void honest_node::check_new_view(const new_view& m) const {
  auto size = cluster_size{settings_.n};
  auto content = decode_new_view_content(m.body, {});
  BOURSE_ASSERT(content && content->changes.size() == size.quorum());
  std::uint64_t low = 0;
  std::map<std::uint64_t, statement> last;
  for (const auto& by : content->changes) {
    auto c = decode_view_change_content(by.body, {});
    BOURSE_ASSERT(c && c->view == content->view);
    low = std::max(low, c->stable.what.sequence.value());
    for (const auto& p : c->prepared) {
      auto& known = last.try_emplace(p.what.sequence.value(), p.what).first->second;
      if (known.view < p.what.view)
        known = p.what;
    }
  }
  auto high = last.empty() ? low : std::max(low, last.rbegin()->first);
  BOURSE_ASSERT(content->pre_prepares.size() == high - low);
  for (auto n = low + 1; n <= high; ++n) {
    sequence_number at{n};
    statement what{content->view, at, hash(encode(null_block(cluster_id(), at)))};
    if (auto i = last.find(n); i != last.end())
      what.digest = i->second.digest;
    test::stand_in primary{size.primary_of(content->view)};
    BOURSE_ASSERT(content->pre_prepares[n - low - 1]
                  == primary.sign(purpose::pre_prepare, signed_bytes(what)));
  }
}

/// An own one is of a state whose pages are durable.
void honest_node::check_checkpoint(const checkpoint& m) const {
  if (m.by.replica != replica(settings_.self))
    return;
  BOURSE_ASSERT(m.what.sequence <= disk_.checkpoint.sequence);
  auto chain = cluster_id();
  for (std::uint64_t n = 1; n <= m.what.sequence.value(); ++n)
    chain = chain_next(chain, log_.at(n));
  BOURSE_ASSERT(m.what.state == state_after(m.what.sequence, chain));
}

void honest_node::expect_none(const std::vector<std::string>& broken) const {
  for (const auto& what : broken) {
    if (settings_.outnumbered && what.starts_with(of_quorums))
      continue;
    std::cerr << what << '\n';
    BOURSE_ASSERT(!"an invariant of consensus holds");
  }
}

/// See consensus/invariants.cpp; they say what is bounded, too.
void honest_node::check_invariants() const {
  auto core = core_->picture();
  auto manager = views_->picture();
  expect_none(broken_invariants(core));
  expect_none(broken_invariants(manager));
  expect_none(broken_invariants(core, manager));
  BOURSE_ASSERT(core_->executed() == executed_ && core_->committed() >= executed_);
  BOURSE_ASSERT(core_->view() >= disk_.view);
}

} // namespace bourse::fuzz
