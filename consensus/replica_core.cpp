#include "consensus/replica_core.hpp"

#include <utility>

#include "consensus/agreement.hpp"
#include "consensus/catch_up.hpp"
#include "consensus/certificates.hpp"
#include "consensus/checkpoint_tracker.hpp"
#include "consensus/context.hpp"
#include "consensus/delivery.hpp"
#include "consensus/invariants.hpp"
#include "consensus/message_log.hpp"
#include "consensus/proposer.hpp"
#include "consensus/retransmitter.hpp"
#include "messages/assert.hpp"

namespace bourse::consensus {

namespace {

/// Blocks that one question may ask of the ledger.
constexpr std::uint64_t max_served = catch_up::max_blocks;

void check_options(const options& o) {
  BOURSE_ASSERT(o.size.n >= 4 && o.size.n % 3 == 1 && o.self.value() < o.size.n);
  BOURSE_ASSERT(o.checkpoint_interval > 0 && o.window > 0 && o.window <= 64);
  BOURSE_ASSERT(o.window % o.checkpoint_interval == 0);
  BOURSE_ASSERT(o.max_in_flight > 0 && o.retransmit_ms > 0 && o.progress_ms > 0);
}

} // namespace

/// The composition: each part decides its own matter, this only says who hears of what.
struct replica_core::state {
  state(const options& o, const authenticator& auth, recovered_state from);

  context ctx;
  message_log log;
  checkpoint_tracker checkpoints;
  retransmitter again;
  agreement agree;
  delivery deliver;
  catch_up fetch;
  proposer grants;
  std::vector<slot_times> times;
  std::vector<std::uint64_t> heard_ns; ///< by replica: its last progress
  std::uint64_t told_ns = 0;           ///< the own last progress
  bool told = false;
  bool held = false; ///< no blocks are fetched

  void on(std::uint64_t now_ns, replica_id from, const pre_prepare& m) {
    agree.on_pre_prepare(now_ns, from, m);
  }
  void on(std::uint64_t now_ns, replica_id from, const prepare& m) {
    agree.on_prepare(now_ns, from, m);
  }
  void on(std::uint64_t now_ns, replica_id from, const commit& m) {
    agree.on_commit(now_ns, from, m);
  }
  void on(std::uint64_t now_ns, replica_id from, const checkpoint& m);
  void on(std::uint64_t now_ns, replica_id from, const progress& m);
  void on(std::uint64_t now_ns, replica_id from, const fetch_blocks& m);
  void on(std::uint64_t now_ns, replica_id from, const committed_block& m);
  void on(std::uint64_t now_ns, replica_id from, const fetch_proposal& m) {
    again.on_fetch_proposal(now_ns, from, m);
  }
  // Bodies are the mempool's, view changes their manager's, states are fetched by state_fetch.
  template <class Other>
  void on(std::uint64_t, replica_id, const Other&) {}

  bool proves(const committed_block& b);
  void depart();
  void adopt(const stable_checkpoint& stable);
  void tell_progress(std::uint64_t now_ns);
  void on_stable();
  /// Follows up what an event has changed: after each of them.
  void settle(std::uint64_t now_ns);
  void hand_over();
  void keep_times(std::uint64_t now_ns, sequence_number n);
  /// Whoever signed the stable proof has executed up to there.
  void hear_of_stable();
};

replica_core::state::state(const options& o, const authenticator& auth, recovered_state from)
    : ctx(o, auth, from.view, from.silent),
      log(o.size, o.window, from.stable.what.sequence),
      checkpoints(ctx, from.stable),
      again(ctx, log),
      agree(ctx, log, again),
      deliver(o, from.executed, from.chain),
      fetch(o.self, o.size, o.retransmit_ms),
      grants(o.max_in_flight),
      heard_ns(o.size.n) {
  hear_of_stable();
  agree.recover(from);
  if (!ctx.installed)
    depart();
  for (auto& b : from.committed)
    if (!log.inside(b.certificate.what.sequence))
      fetch.hold(deliver.executed(), std::move(b));
  settle(0);
}

void replica_core::state::on(std::uint64_t, replica_id from, const checkpoint& m) {
  if (checkpoints.on_checkpoint(from, m))
    on_stable();
}

void replica_core::state::on(std::uint64_t now_ns, replica_id from, const progress& m) {
  fetch.on_told(from, m.executed);
  if (m.stable < checkpoints.stable().what.sequence)
    checkpoints.help(now_ns, from);
  // After a silence the link may have dropped what was said meanwhile.
  auto& heard = heard_ns[from.value()];
  if (now_ns - heard > 2 * ctx.opts.progress_ms * ns_per_ms) {
    again.hurry();
    checkpoints.hurry();
  }
  heard = now_ns;
}

void replica_core::state::on(std::uint64_t, replica_id from, const fetch_blocks& m) {
  auto last = std::min(m.to, deliver.delivered());
  if (m.from.value() == 0 || m.from > last)
    return;
  if (last.value() - m.from.value() >= max_served)
    last = sequence_number{m.from.value() + max_served - 1};
  ctx.out.serve(from, {m.from, last});
}

void replica_core::state::on(std::uint64_t now_ns, replica_id, const committed_block& m) {
  auto n = m.certificate.what.sequence;
  auto* s = log.find(n);
  if (n <= deliver.delivered() || (s && s->final) || fetch.holds(n))
    return;
  if (n.value() - deliver.executed().value() > delivery::max_ahead) {
    ++ctx.counters.outside_watermarks;
    return;
  }
  // In the order of what it costs.
  if (!well_formed(m.certificate.commits, ctx.opts.size.quorum(), ctx.opts.size)) {
    ++ctx.counters.bad_certificates;
    return;
  }
  if (!m.block || hash(*m.block) != m.certificate.what.digest) {
    ++ctx.counters.wrong_hashes;
    return;
  }
  if (!proves(m)) {
    ++ctx.counters.bad_certificates;
    return;
  }
  ++ctx.counters.fetched_blocks;
  if (log.inside(n)) {
    agree.finish(now_ns, log.at(n), m);
  } else {
    ctx.out.persist(committed_record{m});
    fetch.hold(deliver.executed(), m);
  }
}

/// What the own VIEW-CHANGE says (C&L 4.4): the stable checkpoint and all that was prepared above.
void replica_core::state::depart() {
  if (ctx.silent) // what a former self prepared is not known
    return;
  view_change_content c{ctx.view, checkpoints.stable(), {}};
  log.for_each([&](const slot& s) {
    if (s.prepared)
      c.prepared.push_back(*s.prepared);
  });
  ctx.out.depart(std::move(c));
}

void replica_core::state::adopt(const stable_checkpoint& stable) {
  if (stable.what.sequence <= checkpoints.stable().what.sequence)
    return;
  checkpoints.adopt(stable);
  on_stable();
}

void replica_core::state::tell_progress(std::uint64_t now_ns) {
  ctx.out.broadcast(progress{ctx.view, log.low(), deliver.executed()});
  told = true;
  told_ns = now_ns;
}

bool replica_core::state::proves(const committed_block& b) {
  const auto& c = b.certificate;
  const auto* s = c.what.view == ctx.view ? log.find(c.what.sequence) : nullptr;
  return valid_commits(
      c, ctx.opts.size,
      [&](replica_id by, purpose why, const statement& what, const signature& sig) {
        if (s && s->commits.verified(by, what.digest, sig))
          return true;
        return ctx.signer.verify(by, why, what, sig);
      });
}

void replica_core::state::hear_of_stable() {
  const auto& stable = checkpoints.stable();
  for (const auto& by : stable.proof)
    fetch.on_told(by.replica, stable.what.sequence);
}

void replica_core::state::on_stable() {
  hear_of_stable();
  auto low = checkpoints.stable().what.sequence;
  // Final blocks that execution has not reached are kept, as far as there is room.
  log.for_each([&](slot& s) {
    if (s.sequence <= low && s.sequence > deliver.delivered() && s.final)
      fetch.hold(deliver.executed(), std::move(*s.final));
  });
  log.truncate(low);
}

void replica_core::state::settle(std::uint64_t now_ns) {
  hand_over();
  fetch.on_told(ctx.opts.self, deliver.executed());
  auto ask = fetch.next(now_ns, deliver.executed(), deliver.delivered(), log.low());
  if (ask && !held)
    ctx.out.send(ask->whom, ask->what);
  // Who lacks blocks below the window does not lead: what comes next rests on them.
  if (ctx.silent || !ctx.installed || !ctx.is_primary() || deliver.executed() < log.low())
    return;
  auto filled = [&](sequence_number n) {
    const auto* s = log.find(n);
    return n <= deliver.delivered() || (s && (s->final || s->bound() || s->renewed));
  };
  for (auto n : grants.grant(deliver.executed(), log.high(), filled))
    ctx.out.grant({ctx.view, n});
}

void replica_core::state::hand_over() {
  while (deliver.room()) {
    auto n = deliver.delivered().next();
    if (auto* s = log.find(n); s && s->final) {
      ctx.out.execute(deliver.deliver(*s->final));
    } else if (auto held = fetch.take(n)) {
      ctx.out.execute(deliver.deliver(*held));
      if (log.inside(n)) // the window has reached it meanwhile
        log.at(n).final = std::move(*held);
    } else {
      return;
    }
  }
}

void replica_core::state::keep_times(std::uint64_t now_ns, sequence_number n) {
  if (times.size() >= core_picture::most_times) // nobody takes them
    return;
  auto* s = log.find(n);
  auto t = s ? s->times : slot_times{};
  t.sequence = n;
  t.executed_ns = now_ns;
  times.push_back(t);
}

// -- events ---------------------------------------------------------------------------------------

replica_core::replica_core(const options& o, const authenticator& auth, recovered_state from) {
  check_options(o);
  state_ = std::make_unique<state>(o, auth, std::move(from));
}

replica_core::~replica_core() = default;

void replica_core::on_message(std::uint64_t now_ns, replica_id from, const peer_message& m) {
  const auto& o = state_->ctx.opts;
  if (from.value() >= o.size.n || from == o.self) {
    ++state_->ctx.counters.bad_senders;
    return;
  }
  std::visit([&](const auto& what) { state_->on(now_ns, from, what); }, m);
  state_->settle(now_ns);
}

bool replica_core::on_proposal(std::uint64_t now_ns, sequence_number sequence, shared_bytes block) {
  bool proposed = state_->grants.redeem(sequence) && state_->log.inside(sequence)
                  && state_->agree.propose(now_ns, sequence, std::move(block));
  state_->settle(now_ns);
  return proposed;
}

void replica_core::on_checked(std::uint64_t now_ns, const statement& what, bool acceptable) {
  // A slot that the window reached too late is empty, though its block is executed: what it is
  // cannot be voted about any more.
  bool other = state_->deliver.contradicts(what.sequence, what.digest);
  state_->agree.on_checked(now_ns, what, acceptable && !other);
  state_->settle(now_ns);
}

void replica_core::on_persisted(std::uint64_t now_ns, std::uint64_t ticket) {
  state_->agree.on_persisted(now_ns, ticket);
  state_->settle(now_ns);
}

void replica_core::on_executed(std::uint64_t now_ns, sequence_number sequence) {
  state_->deliver.on_executed(sequence);
  state_->keep_times(now_ns, sequence);
  state_->settle(now_ns);
}

void replica_core::on_checkpoint(std::uint64_t now_ns, sequence_number sequence,
                                 const digest& state) {
  BOURSE_ASSERT(sequence <= state_->deliver.delivered());
  if (sequence.value() == 0) // genesis needs no proof
    return;
  if (state_->checkpoints.on_own(now_ns, sequence, state))
    state_->on_stable();
  state_->settle(now_ns);
}

void replica_core::leave(std::uint64_t now_ns, view_number v) {
  auto& s = *state_;
  BOURSE_ASSERT(v > s.ctx.view);
  s.ctx.view = v;
  s.ctx.installed = false;
  s.grants.revoke();
  s.agree.leave_view();
  s.ctx.out.persist(view_record{v});
  s.depart();
  s.settle(now_ns);
}

bool replica_core::install(std::uint64_t now_ns, const installation& i) {
  auto& s = *state_;
  if (i.view != s.ctx.view || s.ctx.installed)
    return false;
  s.ctx.installed = true;
  auto ticket = s.ctx.out.persist(new_view_record{i.message});
  if (s.ctx.is_primary())
    s.ctx.out.broadcast_after_persist(i.message);
  s.ctx.out.begin(i.view);
  s.adopt(i.plan.stable);
  for (std::size_t k = 0; k < i.plan.slots.size(); ++k)
    if (s.log.inside(i.plan.slots[k].sequence))
      s.agree.renew(now_ns, i.plan.slots[k], i.pre_prepares[k], ticket);
  s.agree.begin_view(now_ns);
  s.tell_progress(now_ns); // who lacks blocks that others executed is told of them at once
  s.settle(now_ns);
  return true;
}

void replica_core::speak(std::uint64_t now_ns) {
  auto& s = *state_;
  if (!s.ctx.silent)
    return;
  s.ctx.silent = false;
  if (s.checkpoints.speak(now_ns))
    s.on_stable();
  if (s.ctx.installed)
    s.agree.speak(now_ns);
  else
    s.depart(); // what the VIEW-CHANGE says must be true as of now
  s.settle(now_ns);
}

void replica_core::hold_catch_up(bool hold) {
  state_->held = hold;
}

void replica_core::on_tick(std::uint64_t now_ns) {
  auto& s = *state_;
  s.again.on_tick(now_ns);
  s.checkpoints.on_tick(now_ns);
  if (!s.told || now_ns - s.told_ns >= s.ctx.opts.progress_ms * ns_per_ms)
    s.tell_progress(now_ns);
  s.settle(now_ns);
}

effects replica_core::take_effects() {
  return state_->ctx.out.take();
}

// -- state ----------------------------------------------------------------------------------------

view_number replica_core::view() const {
  return state_->ctx.view;
}

bool replica_core::in_view() const {
  return state_->ctx.installed;
}

bool replica_core::is_primary() const {
  return state_->ctx.is_primary();
}

sequence_number replica_core::executed() const {
  return state_->deliver.executed();
}

sequence_number replica_core::committed() const {
  return state_->deliver.delivered();
}

const stable_checkpoint& replica_core::stable() const {
  return state_->checkpoints.stable();
}

const core_counters& replica_core::counters() const {
  return state_->ctx.counters;
}

std::vector<sequence_number> replica_core::peers_executed() const {
  return state_->fetch.told();
}

std::vector<slot_times> replica_core::take_times() {
  return std::exchange(state_->times, {});
}

std::vector<replica_core::open_slot> replica_core::open_slots() const {
  std::vector<open_slot> out;
  std::as_const(state_->log).for_each([&](const slot& s) {
    if (s.sequence <= state_->deliver.executed())
      return;
    open_slot o{s.sequence, s.proposal.has_value() || s.final.has_value()};
    auto d = s.known();
    if (!d)
      d = s.supported(state_->ctx.opts.size);
    if (d) {
      o.prepares = s.prepares.count(*d);
      o.commits = s.commits.count(*d);
    }
    out.push_back(o);
  });
  return out;
}

core_picture replica_core::picture() const {
  const auto& s = *state_;
  core_picture p;
  p.opts = s.ctx.opts;
  p.view = s.ctx.view;
  p.installed = s.ctx.installed;
  p.silent = s.ctx.silent;
  p.low = s.log.low();
  p.high = s.log.high();
  p.slots.reserve(s.log.size());
  s.log.for_each_kept([&](sequence_number n, const slot& kept) { p.slots.emplace_back(n, &kept); });
  p.stable = &s.checkpoints.stable();
  p.own_checkpoints = &s.checkpoints.own();
  p.most_checkpoints = s.checkpoints.most_kept();
  p.most_forwarded = s.checkpoints.most_forwarded();
  p.executed = s.deliver.executed();
  p.delivered = s.deliver.delivered();
  p.held = &s.fetch.held();
  p.grants = &s.grants.open();
  p.times = s.times.size();
  return p;
}

} // namespace bourse::consensus
