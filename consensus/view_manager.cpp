#include "consensus/view_manager.hpp"

#include <algorithm>
#include <utility>

#include "consensus/invariants.hpp"

namespace bourse::consensus {

namespace {

/// Signatures that are remembered: those of two full windows of a large cluster.
constexpr std::size_t remembered = 16'384;
/// A node that was not called for so long was stopped itself.
constexpr std::uint64_t own_pause_ms = 300;

} // namespace

view_manager::view_manager(const view_options& o, const authenticator& auth, view_number view,
                           std::optional<new_view> current)
    : options_(o),
      auth_(auth, remembered),
      sync_(o.consensus.self, o.consensus.size, view),
      watch_(o.watch),
      begun_(view.value() == 0 || current.has_value()),
      current_(std::move(current)),
      down_(o.consensus.size.n),
      wish_said_(view),
      helped_ns_(o.consensus.size.n) {
  if (current_)
    current_view_ = view;
}

// -- messages -------------------------------------------------------------------------------------

void view_manager::on_message(std::uint64_t now_ns, replica_id from, const peer_message& m) {
  if (from.value() >= options_.consensus.size.n || from == options_.consensus.self) {
    ++counters_.bad_senders;
    return;
  }
  std::visit([&](const auto& what) { on(now_ns, from, what); }, m);
  follow(now_ns);
}

void view_manager::on(std::uint64_t now_ns, replica_id from, const wish& m) {
  if (m.view > view() && from == primary() && begun_)
    suspect(now_ns, suspicion::resigned);
  sync_.on_wish(from, m.view);
  if (m.view < view()) // it missed what has happened
    help(now_ns, from);
}

void view_manager::on(std::uint64_t now_ns, replica_id from, const view_change& m) {
  if (m.by.replica != from) { // others' travel inside a NEW-VIEW only
    ++counters_.bad_senders;
    return;
  }
  auto content = decode_view_change_content(m.body, {});
  if (!content) {
    ++counters_.bad_view_changes;
    return;
  }
  sync_.on_wish(from, content->view);
  if (content->view > view())
    early_[from] = {content->view, m};
  else if (begun_)
    help(now_ns, from);
  else if (content->view == view())
    collect(m);
}

void view_manager::on(std::uint64_t now_ns, replica_id, const new_view& m) {
  auto content = decode_new_view_content(m.body, {});
  if (content && (content->view < view() || (content->view == view() && begun_)))
    return;
  auto checked = check_new_view(m, options_.consensus, auth_);
  if (!checked) {
    ++counters_.bad_new_views;
    // Only its author is to blame, not whoever passes it on.
    if (content && content->view == view() && m.by.replica == primary()
        && auth_.verify(primary(), purpose::new_view, hash(m.body).view(), m.by.signature))
      suspect(now_ns, suspicion::bad_new_view);
    return;
  }
  // It proves that 2f+1 have entered its view.
  if (sync_.jump(checked->view))
    enter(now_ns, checked->view);
  if (handed_ == checked->view)
    return;
  handed_ = checked->view;
  effects_.install = std::make_shared<const installation>(std::move(*checked));
}

/// The primary of the view has left it already: it keeps what its NEW-VIEW will rest on.
void view_manager::collect(const view_change& m) {
  if (!is_primary() || changes_.contains(m.by.replica))
    return;
  auto content = check_view_change(m, options_.consensus, auth_);
  if (!content || content->view != view()) {
    ++counters_.bad_view_changes;
    return;
  }
  changes_.emplace(m.by.replica, checked_change{m, std::move(*content)});
  try_begin();
}

void view_manager::try_begin() {
  if (handed_ == view() || !is_primary() || !own_)
    return;
  std::vector<sequence_number> stable;
  for (const auto& [who, change] : changes_)
    stable.push_back(change.content.stable.what.sequence);
  auto chosen = coherent_quorum(stable, options_.consensus.size, options_.consensus.window);
  if (chosen.empty())
    return;
  handed_ = view(); // a second one could contradict it
  std::vector<view_change> messages;
  std::vector<view_change_content> contents;
  for (auto i : chosen) {
    auto& change = std::next(changes_.begin(), static_cast<std::ptrdiff_t>(i))->second;
    messages.push_back(change.message);
    contents.push_back(change.content);
  }
  effects_.install = std::make_shared<const installation>(
      make_new_view(view(), std::move(messages), contents, options_.consensus, auth_));
  changes_.clear();
}

/// Whoever is behind gets the NEW-VIEW of the view that this replica is in.
void view_manager::help(std::uint64_t now_ns, replica_id to) {
  auto& last = helped_ns_[to.value()];
  if (!begun_ || !current_ || current_view_ != view()
      || (last != 0 && now_ns - last < options_.resend_ms * ns_per_ms / 2))
    return;
  last = now_ns;
  effects_.sends.push_back({to, *current_});
}

// -- leaving and beginning ------------------------------------------------------------------------

void view_manager::follow(std::uint64_t now_ns) {
  if (auto v = sync_.take_entry())
    enter(now_ns, *v);
  if (sync_.wish() > wish_said_ && !options_.silent) {
    wish_said_ = sync_.wish();
    wish_said_ns_ = now_ns;
    to_all(wish{wish_said_});
  }
}

void view_manager::enter(std::uint64_t now_ns, view_number v) {
  begun_ = false;
  own_.reset();
  changes_.clear();
  effects_.install.reset();
  handed_.reset();
  effects_.leave = v;
  deadline_ns_ = now_ns + options_.new_view_ms * ns_per_ms * factor();
  ++failures_;
  say_again_.stop();
}

void view_manager::on_left(std::uint64_t now_ns, const view_change_content& c) {
  // What was prepared by a former self is not in it.
  if (options_.silent)
    return;
  if (c.view != view() || handed_ == view() || begun_ || own_)
    return;
  // The core has verified these when it counted them.
  for (const auto& p : c.prepared) {
    auth_.remember(options_.consensus.size.primary_of(p.what.view), purpose::pre_prepare,
                   signed_bytes(p.what), p.pre_prepare);
    for (const auto& by : p.prepares)
      auth_.remember(by.replica, purpose::prepare, signed_bytes(p.what), by.signature);
  }
  for (const auto& by : c.stable.proof)
    auth_.remember(by.replica, purpose::checkpoint, signed_bytes(c.stable.what), by.signature);
  view_change m;
  m.body = encode(c);
  m.by = {options_.consensus.self, auth_.sign(purpose::view_change, hash(m.body).view())};
  own_ = m;
  say_again_.start(now_ns, options_.resend_ms);
  if (!is_primary())
    return say_change(false);
  changes_.emplace(m.by.replica, checked_change{m, c});
  for (const auto& [who, early] : early_)
    if (early.view == view())
      collect(early.message);
  try_begin();
}

void view_manager::on_begun(std::uint64_t now_ns, view_number v) {
  if (v != view() || begun_)
    return;
  begun_ = true;
  ++counters_.view_changes;
  own_.reset();
  changes_.clear();
  std::erase_if(early_, [&](const auto& e) { return e.second.view <= view(); });
  say_again_.stop();
  watch_.begin(now_ns);
  watch_.on_link(now_ns, !down_[primary().value()]);
  follow(now_ns);
}

void view_manager::say_change(bool everyone) {
  if (everyone)
    to_all(*own_); // perhaps its primary is gone and another has its NEW-VIEW
  else
    effects_.sends.push_back({primary(), *own_});
}

void view_manager::to_all(const peer_message& m) {
  effects_.sends.push_back({std::nullopt, m});
}

// -- suspicion ------------------------------------------------------------------------------------

void view_manager::on_work(std::uint64_t now_ns, const work_seen& w) {
  if (watch_.on_work(now_ns, w) && begun_)
    failures_ = 0;
}

void view_manager::on_link(std::uint64_t now_ns, replica_id who, bool up) {
  if (who.value() >= down_.size())
    return;
  down_[who.value()] = !up;
  if (who == primary())
    watch_.on_link(now_ns, up);
}

bool view_manager::reaches_quorum() const {
  auto up = std::ranges::count(down_, false); // this replica's own entry among them
  return up >= options_.consensus.size.quorum();
}

void view_manager::suspect(std::uint64_t now_ns, suspicion why) {
  bool alone = sync_.wish() <= view();
  if (options_.silent || !alone) // it wishes to leave already
    return;
  ++counters_.suspected[static_cast<std::size_t>(why)];
  last_suspicion_ = why;
  effects_.suspected.push_back(why);
  sync_.advance();
  follow(now_ns);
}

void view_manager::resign(std::uint64_t now_ns) {
  if (is_primary())
    suspect(now_ns, suspicion::resigned);
}

void view_manager::speak(std::uint64_t now_ns) {
  options_.silent = false;
  watch_.forgive(now_ns);
  deadline_ns_.reset();
  follow(now_ns);
}

std::uint32_t view_manager::factor() const {
  return 1u << std::min(failures_, options_.most_doublings);
}

void view_manager::on_tick(std::uint64_t now_ns) {
  if (ticked_ns_ != 0 && now_ns - ticked_ns_ > own_pause_ms * ns_per_ms) {
    watch_.forgive(now_ns);
    deadline_ns_.reset();
  }
  ticked_ns_ = now_ns;
  if (!begun_) {
    if (own_ && say_again_.due(now_ns))
      say_change(true);
    if (!deadline_ns_)
      deadline_ns_ = now_ns + options_.new_view_ms * ns_per_ms * factor();
    if (now_ns >= *deadline_ns_)
      suspect(now_ns, suspicion::no_new_view);
  } else if (!is_primary()) {
    // Who has lost most links is itself cut off.
    if (auto why = watch_.due(now_ns, factor(), reaches_quorum()))
      suspect(now_ns, *why);
  }
  if (!options_.silent && now_ns - wish_said_ns_ >= options_.resend_ms * ns_per_ms) {
    wish_said_ns_ = now_ns;
    to_all(wish{sync_.wish()});
  }
  follow(now_ns);
}

// -- looking --------------------------------------------------------------------------------------

view_effects view_manager::take_effects() {
  // What was installed is served to others once it is durable, see on_begun.
  if (effects_.install) {
    current_ = effects_.install->message;
    current_view_ = effects_.install->view;
  }
  return std::exchange(effects_, {});
}

view_counters view_manager::counters() const {
  auto c = counters_;
  c.signature_checks = auth_.checks();
  return c;
}

std::vector<replica_id> view_manager::changes_held() const {
  std::vector<replica_id> out;
  for (const auto& [who, change] : changes_)
    out.push_back(who);
  return out;
}

manager_picture view_manager::picture() const {
  manager_picture p;
  p.size = options_.consensus.size;
  p.self = options_.consensus.self;
  p.silent = options_.silent;
  p.entered = view();
  p.begun = begun_;
  p.wishes = sync_.wishes();
  p.wish_said = wish_said_;
  if (own_)
    p.own_change = own_->by.replica;
  for (const auto& [who, change] : changes_)
    p.changes.emplace_back(who, change.content.view);
  for (const auto& [who, change] : early_)
    p.early.emplace_back(who, change.view);
  p.handed = handed_;
  p.current = current_view_;
  return p;
}

} // namespace bourse::consensus
