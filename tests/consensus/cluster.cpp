#include "tests/consensus/cluster_node.hpp"

#include <algorithm>

#include "conformance/from_disk.hpp"
#include "consensus/key_authenticator.hpp"
#include "messages/assert.hpp"
#include "tests/consensus/new_views.hpp"

namespace bourse::test {

using namespace bourse::consensus;

namespace {

constexpr std::uint64_t ns_per_us = 1000;

digest state_of(sequence_number n, const digest& chain) {
  return hasher{}.add_u64(n.value()).add(chain).finish();
}

key_pair key_of(std::uint16_t i) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = static_cast<std::uint8_t>(i + 1);
  return key_pair::from_seed(seed);
}

} // namespace

cluster::cluster(const cluster_options& o) : opts_(o), random_(o.seed) {
  std::vector<public_key> keys;
  for (std::uint16_t i = 0; i < o.n; ++i)
    keys.push_back(o.real_keys ? key_of(i).identity() : public_key{});
  for (std::uint16_t i = 0; i < o.n; ++i) {
    auto n = std::make_unique<node>();
    n->id = i;
    n->disk.view = view_number{o.view};
    n->disk.checkpoint.chain = cluster_id();
    if (o.real_keys)
      n->auth = std::make_unique<key_authenticator>(key_of(i), keys, cluster_id());
    else
      n->auth = std::make_unique<stand_in>(replica(i));
    nodes_.push_back(std::move(n));
  }
  if (o.view > 0)
    for (auto& n : nodes_)
      n->disk.new_view = first_new_view(
          o.n, o.view, [this](std::uint16_t i) -> const auto& { return *nodes_[i]->auth; });
  for (auto& n : nodes_)
    start(*n);
}

cluster::~cluster() = default;

// -- time -----------------------------------------------------------------------------------------

std::uint64_t cluster::pick(std::uint64_t least, std::uint64_t most) {
  return least + random_() % (most - least + 1);
}

bool cluster::chance(std::uint32_t percent) {
  return percent > 0 && random_() % 100 < percent;
}

void cluster::at(std::uint64_t delay_us, std::function<void()> what) {
  events_.push({now_ns_ + delay_us * ns_per_us, ++order_, std::move(what)});
}

void cluster::at_node(std::uint16_t i, std::uint64_t delay_us, std::function<void(node&)> what) {
  at(delay_us, [this, i, life = nodes_[i]->life, what = std::move(what)] {
    auto& n = *nodes_[i];
    if (n.life != life)
      return;
    what(n);
    if (n.core)
      drain(n);
  });
}

bool cluster::step() {
  if (events_.empty() || !violations_.empty())
    return false;
  auto e = std::move(const_cast<event&>(events_.top()));
  events_.pop();
  now_ns_ = e.at_ns;
  e.what();
  return true;
}

void cluster::run_for_us(std::uint64_t microseconds) {
  auto end = now_ns_ + microseconds * ns_per_us;
  while (!events_.empty() && events_.top().at_ns <= end && step())
    ;
  now_ns_ = std::max(now_ns_, end);
}

bool cluster::run_until(const std::function<bool()>& done, std::uint64_t milliseconds) {
  auto end = now_ns_ + milliseconds * 1000 * ns_per_us;
  while (!done()) {
    // Asking every few events is enough.
    for (int i = 0; i < 16; ++i)
      if (events_.empty() || events_.top().at_ns > end || !step())
        return done();
  }
  return true;
}

// -- lives ----------------------------------------------------------------------------------------

void cluster::start(node& n) {
  ++n.life;
  consensus::options o;
  o.self = replica(n.id);
  o.size = {opts_.n};
  o.cluster = cluster_id();
  o.window = opts_.window;
  o.checkpoint_interval = opts_.checkpoint_interval;
  o.max_in_flight = opts_.max_in_flight;
  o.retransmit_ms = opts_.retransmit_ms;
  o.progress_ms = opts_.progress_ms;
  n.delivered = n.disk.checkpoint.sequence.value();
  n.chain = n.disk.checkpoint.chain;
  auto recovered = n.disk.recover();
  observe(n, conformance::from_disk(recovered));
  n.core = std::make_unique<replica_core>(o, *n.auth, std::move(recovered));
  if (opts_.view_changes)
    start_views(n);
  auto own = n.disk.checkpoint;
  n.core->on_checkpoint(now_ns_, own.sequence, state_of(own.sequence, own.chain));
  drain(n);
  every(n, opts_.retransmit_ms * 1000 / 4, [this](node& at) { at.core->on_tick(now_ns_); });
  if (n.views)
    every(n, 10'000, [this](node& at) {
      auto done = at.core->executed().value();
      at.views->on_work(now_ns_, {done, sequence_number{done},
                                  static_cast<std::uint32_t>(load_ > done ? load_ - done : 0), 0});
      at.views->on_tick(now_ns_);
    });
}

template <class Tick>
void cluster::every(node& n, std::uint64_t period_us, Tick tick) {
  auto loop = std::make_shared<std::function<void(node&)>>();
  *loop = [this, period_us, tick, again = std::weak_ptr(loop)](node& at) {
    tick(at);
    at_node(at.id, period_us, [keep = again.lock()](node& later) { (*keep)(later); });
  };
  at_node(n.id, pick(0, period_us), [loop](node& first) { (*loop)(first); });
}

void cluster::start_views(node& n) {
  view_options o;
  o.consensus.self = replica(n.id);
  o.consensus.size = {opts_.n};
  o.consensus.cluster = cluster_id();
  o.consensus.window = opts_.window;
  o.consensus.checkpoint_interval = opts_.checkpoint_interval;
  o.watch.stall_ms = opts_.stall_ms;
  o.watch.stall_at_most_ms = 4 * opts_.stall_ms;
  o.new_view_ms = opts_.new_view_ms;
  o.resend_ms = 40;
  auto stored = n.disk.new_view;
  if (stored && decode_new_view_content(stored->body, {})->view != n.disk.view)
    stored.reset();
  n.views = std::make_unique<view_manager>(o, *n.auth, n.disk.view, stored);
}

void cluster::suspect(std::uint16_t i, suspicion why) {
  nodes_[i]->views->suspect(now_ns_, why);
  drain(*nodes_[i]);
}

const view_manager& cluster::views(std::uint16_t i) const {
  BOURSE_ASSERT(nodes_[i]->views);
  return *nodes_[i]->views;
}

void cluster::crash(std::uint16_t i) {
  auto& n = *nodes_[i];
  if (n.core) // what was under way is there up to some point
    crash_keeping(n, pick(0, n.unsynced.size()));
}

void cluster::crash_losing_unsynced(std::uint16_t i) {
  if (nodes_[i]->core)
    crash_keeping(*nodes_[i], 0);
}

void cluster::crash_keeping(node& n, std::size_t batches) {
  ++n.life;
  n.core.reset();
  n.views.reset();
  for (std::size_t b = 0; b < batches; ++b)
    for (const auto& r : n.unsynced[b].records)
      n.disk.apply(r);
  n.unsynced.clear();
  n.sync_under_way = false;
  n.grants.clear();
  n.proposing = false;
  n.executions.clear();
  n.executing = false;
}

void cluster::restart(std::uint16_t i) {
  if (!nodes_[i]->core)
    start(*nodes_[i]);
}

bool cluster::up(std::uint16_t i) const {
  return nodes_[i]->core != nullptr;
}

void cluster::load(std::uint64_t blocks) {
  load_ = blocks;
  for (auto& n : nodes_)
    if (n->core)
      propose_granted(*n);
}

// -- effects --------------------------------------------------------------------------------------

void cluster::drain_views(node& n) {
  auto e = n.views->take_effects();
  if (e.leave && *e.leave > n.core->view())
    n.core->leave(now_ns_, *e.leave);
  if (e.install)
    n.core->install(now_ns_, *e.install);
  for (const auto& s : e.sends)
    post(n.id, s);
}

void cluster::drain(node& n) {
  if (n.views)
    drain_views(n);
  if (auto e = n.core->take_effects(); !e.empty())
    carry_out(n, std::move(e));
  check_invariants(n);
}

void cluster::carry_out(node& n, effects e) {
  if (e.renewed)
    n.grants.clear();
  write(n, e);
  for (const auto& s : e.now)
    post(n.id, s);
  for (const auto& g : e.grants)
    n.grants.push_back(g);
  propose_granted(n);
  for (const auto& c : e.checks)
    at_node(n.id, pick(0, opts_.check_us_max), [this, what = c.what](node& at) {
      at.core->on_checked(now_ns_, what, !acceptable || acceptable(at.id, what));
    });
  for (auto& x : e.executions)
    n.executions.push_back(std::move(x));
  run_executions(n);
  for (const auto& s : e.serves)
    serve(n, s);
}

void cluster::write(node& n, effects& e) {
  if (e.ticket == 0) {
    for (const auto& s : e.after_persist)
      post(n.id, s);
    if (e.departed && n.views)
      n.views->on_left(now_ns_, *e.departed);
    return;
  }
  n.unsynced.push_back(
      {e.ticket, std::move(e.persist), std::move(e.after_persist), std::move(e.departed), e.begun});
  schedule_sync(n);
}

void cluster::schedule_sync(node& n) {
  auto waits = std::ranges::any_of(n.unsynced, [](const auto& b) { return b.waited_for(); });
  if (n.sync_under_way || !waits)
    return; // what nobody waits for shares a later sync
  n.sync_under_way = true;
  at_node(n.id, pick(opts_.sync_us_min, opts_.sync_us_max),
          [this, batches = n.unsynced.size()](node& at) {
            at.sync_under_way = false;
            sync(at, batches);
            schedule_sync(at);
          });
}

void cluster::sync(node& n, std::size_t batches) {
  for (std::size_t i = 0; i < batches && !n.unsynced.empty(); ++i) {
    auto b = std::move(n.unsynced.front());
    n.unsynced.pop_front();
    for (const auto& r : b.records)
      n.disk.apply(r);
    for (const auto& s : b.after)
      post(n.id, s);
    if (b.departed && n.views)
      n.views->on_left(now_ns_, *b.departed);
    if (b.begun && n.views)
      n.views->on_begun(now_ns_, *b.begun);
    n.core->on_persisted(now_ns_, b.ticket);
    if (++syncs_ % 4 == 0)
      check_durable(n);
  }
}

void cluster::propose_granted(node& n) {
  if (n.proposing || n.grants.empty() || n.grants.front().sequence.value() > load_)
    return;
  n.proposing = true;
  at_node(n.id, pick(0, opts_.check_us_max), [this](node& at) {
    at.proposing = false;
    if (at.grants.empty())
      return;
    auto g = at.grants.front();
    at.grants.pop_front();
    // Whoever proposes anew proposes something else.
    at.core->on_proposal(now_ns_, g.sequence,
                         share("block " + std::to_string(g.sequence.value()) + " salt "
                               + std::to_string(random_())));
    propose_granted(at);
  });
}

void cluster::run_executions(node& n) {
  if (n.executing || n.executions.empty())
    return;
  n.executing = true;
  auto e = std::move(n.executions.front());
  n.executions.pop_front();
  at_node(n.id, pick(opts_.execute_us_min, opts_.execute_us_max),
          [this, e = std::move(e)](node& at) {
            at.executing = false;
            executed_one(at, e);
            run_executions(at);
          });
}

void cluster::executed_one(node& n, const execution& e) {
  check_execution(n, e);
  observe(n, conformance::executing{e.sequence, e.digest, e.chain});
  n.delivered = e.sequence.value();
  n.chain = e.chain;
  n.core->on_executed(now_ns_, e.sequence);
  if (!e.checkpoint)
    return;
  at_node(n.id, pick(opts_.sync_us_min, opts_.sync_us_max), [this, e](node& at) {
    sync(at, at.unsynced.size()); // the pages' sync takes along what was written before
    if (e.sequence > at.disk.checkpoint.sequence) // the ledger writes them in order
      at.disk.checkpoint = {e.sequence, e.chain};
    at.core->on_checkpoint(now_ns_, e.sequence, state_of(e.sequence, e.chain));
  });
}

void cluster::serve(node& n, const consensus::serve& s) {
  auto blocks = n.disk.blocks; // written counts, synced or not
  for (const auto& b : n.unsynced)
    for (const auto& r : b.records)
      if (auto* c = std::get_if<committed_record>(&r))
        blocks[c->what.certificate.what.sequence.value()] = c->what;
  for (auto k = s.what.from.value(); k <= s.what.to.value(); ++k)
    if (auto i = blocks.find(k); i != blocks.end())
      post(n.id, {s.to, i->second});
}

// -- the network ----------------------------------------------------------------------------------

void cluster::post(std::uint16_t from, const send& s) {
  auto& n = *nodes_[from];
  check_said(n, s.what);
  observe(n, conformance::said{s.to, s.what});
  auto shared = std::make_shared<const peer_message>(s.what);
  for (std::uint16_t to = 0; to < opts_.n; ++to) {
    if (to == from || (s.to && s.to->value() != to))
      continue;
    if (n.byzantine && tamper) {
      for (auto& m : tamper(from, to, s.what))
        transmit(from, to, std::make_shared<const peer_message>(std::move(m)));
    } else {
      transmit(from, to, shared);
    }
  }
}

void cluster::inject(std::uint16_t from, std::uint16_t to, const peer_message& m) {
  transmit(from, to, std::make_shared<const peer_message>(m));
}

void cluster::transmit(std::uint16_t from, std::uint16_t to,
                       std::shared_ptr<const peer_message> m) {
  ++messages_sent_;
  if (filter && !filter(from, to, *m))
    return;
  if (cut_.contains({from, to}) || chance(opts_.loss_percent))
    return;
  auto copies = chance(opts_.duplicate_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i)
    at(pick(opts_.delay_us_min, opts_.delay_us_max), [this, from, to, m] {
      auto& n = *nodes_[to];
      if (!n.core || cut_.contains({from, to}))
        return;
      observe(n, conformance::received{replica(from), *m});
      if (n.views)
        n.views->on_message(now_ns_, replica(from), *m);
      n.core->on_message(now_ns_, replica(from), *m);
      drain(n);
    });
}

void cluster::cut(std::uint16_t from, std::uint16_t to) {
  cut_.insert({from, to});
}

void cluster::isolate(std::uint16_t i) {
  for (std::uint16_t other = 0; other < opts_.n; ++other) {
    cut(i, other);
    cut(other, i);
  }
}

void cluster::reconnect(std::uint16_t i) {
  std::erase_if(cut_, [i](const auto& link) { return link.first == i || link.second == i; });
}

void cluster::heal() {
  cut_.clear();
  filter = nullptr;
  opts_.loss_percent = opts_.duplicate_percent = 0;
  opts_.delay_us_max = std::min(opts_.delay_us_max, 2000u);
  opts_.delay_us_min = std::min(opts_.delay_us_min, 100u);
}

void cluster::set_loss(std::uint32_t percent) {
  opts_.loss_percent = percent;
}

void cluster::make_byzantine(std::uint16_t i) {
  nodes_[i]->byzantine = true;
}

} // namespace bourse::test
