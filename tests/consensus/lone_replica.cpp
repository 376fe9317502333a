#include "tests/consensus/lone_replica.hpp"

#include "tests/consensus/new_views.hpp"

#include <iterator>
#include <utility>

namespace bourse::test {

using namespace bourse::consensus;

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

} // namespace

options lone_replica::defaults(std::uint16_t self, std::uint16_t n) {
  options o;
  o.self = replica(self);
  o.size = {n};
  o.cluster = cluster_id();
  o.window = 8;
  o.checkpoint_interval = 4;
  return o;
}

recovered_state lone_replica::fresh(std::uint64_t view_now, std::uint16_t n) {
  recovered_state s;
  s.view = view_number{view_now};
  s.chain = cluster_id();
  if (view_now > 0)
    s.new_view = first_new_view(n, view_now);
  return s;
}

lone_replica::lone_replica(std::uint16_t self, std::uint16_t n, std::uint64_t view_now)
    : lone_replica(defaults(self, n), fresh(view_now, n)) {}

lone_replica::lone_replica(const options& o, recovered_state from)
    : opts(o),
      auth(std::make_unique<stand_in>(o.self)),
      core(std::make_unique<replica_core>(o, *auth, std::move(from))) {
  drain();
}

statement lone_replica::about(std::uint64_t n, std::string_view block, std::uint64_t v) {
  return {view_number{v}, sequence_number{n}, hash(block)};
}

pre_prepare lone_replica::propose(const statement& what, std::string_view block, std::uint16_t by) {
  auto sig = stand_in{replica(by)}.sign(purpose::pre_prepare, signed_bytes(what));
  return {what, sig, share(block)};
}

prepare lone_replica::prepared_by(std::uint16_t by, const statement& what) {
  return {what, {replica(by), stand_in{replica(by)}.sign(purpose::prepare, signed_bytes(what))}};
}

commit lone_replica::committed_by(std::uint16_t by, const statement& what) {
  return {what, {replica(by), stand_in{replica(by)}.sign(purpose::commit, signed_bytes(what))}};
}

checkpoint lone_replica::checkpoint_by(std::uint16_t by, std::uint64_t n, std::string_view state) {
  checkpoint_statement what{sequence_number{n}, hash(state)};
  auto sig = stand_in{replica(by)}.sign(purpose::checkpoint, signed_bytes(what));
  return {what, {replica(by), sig}};
}

committed_block lone_replica::proven(std::uint64_t n, std::string_view block,
                                     std::vector<std::uint16_t> by) const {
  auto what = about(n, block, core->view().value());
  if (by.empty())
    for (std::uint16_t i = 0; i < opts.size.quorum(); ++i)
      by.push_back(i);
  committed_block out{{what, {}}, share(block)};
  for (auto i : by)
    out.certificate.commits.push_back(committed_by(i, what).by);
  return out;
}

void lone_replica::drain() {
  auto e = core->take_effects();
  if (e.ticket != 0)
    ticket_ = e.ticket;
  append(all.persist, std::move(e.persist));
  append(all.after_persist, std::move(e.after_persist));
  append(all.now, std::move(e.now));
  append(all.grants, std::move(e.grants));
  append(all.serves, std::move(e.serves));
  append(all.checks, std::move(e.checks));
  append(all.executions, std::move(e.executions));
  if (e.departed)
    all.departed = std::move(e.departed);
  if (e.begun)
    all.begun = e.begun;
}

void lone_replica::forget() {
  auto open = std::move(all);
  all = {};
  open.checks.erase(open.checks.begin(),
                    open.checks.begin() + static_cast<std::ptrdiff_t>(checks_answered_));
  open.executions.erase(open.executions.begin(),
                        open.executions.begin() + static_cast<std::ptrdiff_t>(executions_done_));
  all.checks = std::move(open.checks);
  all.executions = std::move(open.executions);
  checks_answered_ = executions_done_ = 0;
}

void lone_replica::hear(std::uint16_t from, const peer_message& m) {
  core->on_message(now, replica(from), m);
  drain();
}

void lone_replica::tick_after(std::uint64_t milliseconds) {
  now += milliseconds * ms;
  core->on_tick(now);
  drain();
}

void lone_replica::persist() {
  while (ticket_ != 0) {
    core->on_persisted(now, std::exchange(ticket_, 0));
    drain();
  }
}

void lone_replica::answer_checks(bool acceptable) {
  while (checks_answered_ < all.checks.size()) {
    auto what = all.checks[checks_answered_++].what;
    answer(what, acceptable);
  }
}

void lone_replica::answer(const statement& what, bool acceptable) {
  core->on_checked(now, what, acceptable);
  drain();
}

bool lone_replica::offer(std::uint64_t n, std::string_view block) {
  auto taken = core->on_proposal(now, seq(n), share(block));
  drain();
  return taken;
}

void lone_replica::checkpointed(std::uint64_t n, std::string_view state) {
  core->on_checkpoint(now, seq(n), hash(state));
  drain();
}

void lone_replica::execute() {
  while (executions_done_ < all.executions.size()) {
    auto n = all.executions[executions_done_++].sequence;
    core->on_executed(now, n);
    drain();
  }
}

std::vector<std::uint16_t> lone_replica::other_backups() const {
  std::vector<std::uint16_t> out;
  for (std::uint16_t i = 0; i < opts.size.n; ++i)
    if (i != primary() && i != opts.self.value())
      out.push_back(i);
  return out;
}

statement lone_replica::accept(std::uint64_t n, std::string_view block) {
  auto what = about(n, block, core->view().value());
  if (core->is_primary()) {
    offer(n, block);
  } else {
    hear(primary(), propose(what, block, primary()));
    answer_checks();
  }
  persist();
  return what;
}

statement lone_replica::prepare_fully(std::uint64_t n, std::string_view block) {
  auto what = accept(n, block);
  auto missing = opts.size.quorum() - 1 - (core->is_primary() ? 0 : 1);
  for (auto by : other_backups()) {
    if (missing-- > 0)
      hear(by, prepared_by(by, what));
  }
  persist();
  return what;
}

statement lone_replica::commit_fully(std::uint64_t n, std::string_view block) {
  auto what = prepare_fully(n, block);
  auto missing = opts.size.quorum() - 1;
  for (auto by : other_backups()) {
    if (missing-- > 0)
      hear(by, committed_by(by, what));
  }
  if (missing > 0)
    hear(primary(), committed_by(primary(), what));
  persist();
  return what;
}

std::optional<vote_record> lone_replica::recorded_vote(vote_kind kind) const {
  for (const auto& v : recorded<vote_record>())
    if (v.kind == kind)
      return v;
  return std::nullopt;
}

} // namespace bourse::test
