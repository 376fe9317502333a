#include "consensus/newcomer.hpp"

#include <algorithm>

#include "consensus/backoff.hpp"
#include "consensus/certificates.hpp"

namespace bourse::consensus {

newcomer::newcomer(const newcomer_options& o, const authenticator& auth, std::optional<silence> s)
    : options_(o), auth_(auth), silence_(s), ask_every_ns_(o.ask_ms * ns_per_ms) {}

// -- what others say ------------------------------------------------------------------------------

void newcomer::on_message(std::uint64_t now_ns, replica_id from, const standing& m) {
  if (from.value() >= options_.size.n || from == options_.self)
    return;
  if (m.wants_answer)
    effects_.sends.push_back({from, own(from, false)});
  if (!silent()) {
    fill_for(now_ns, from, m);
    return;
  }
  auto known = heard_.find(from);
  auto proved = (known != heard_.end() && known->second.stable == m.stable)
                || valid(m.stable, options_.size, auth_);
  if (!proved)
    return;
  heard_[from] = m;
  settle(now_ns);
}

void newcomer::on_position(sequence_number executed, const stable_checkpoint& stable) {
  executed_ = executed;
  stable_ = stable;
  if (!silence_ || silence_->until.value() == 0)
    return;
  // The first that is far enough: under load the newest may always be a little ahead of execution.
  if (!goal_ && stable_.what.sequence >= silence_->until)
    goal_ = stable_.what.sequence;
  if (goal_ && executed_ >= *goal_)
    speak();
}

/// Has never taken part, or began this cluster together with this very database.
bool newcomer::new_too(const standing& m) const {
  return (m.silent != 0 && m.stable.what.sequence.value() == 0)
         || (m.silent == 0 && m.founded_with == silence_->mark);
}

/// Nobody can prove a checkpoint of a cluster that was not there. If so many lost their disks that
/// it can't go on, beginning it again would contradict what it once said.
bool newcomer::there_was_a_cluster() const {
  return std::ranges::any_of(heard_, [&](const auto& h) {
    const auto& m = h.second;
    return m.stable.what.sequence.value() > 0
           && !(m.silent == 0 && m.founded_with == silence_->mark);
  });
}

std::vector<replica_id> newcomer::newcomers() const {
  std::vector<replica_id> out;
  for (const auto& [who, m] : heard_)
    if (silence_ && new_too(m))
      out.push_back(who);
  return out;
}

std::vector<replica_id> newcomer::partakers() const {
  std::vector<replica_id> out;
  for (const auto& [who, m] : heard_)
    if (m.silent == 0)
      out.push_back(who);
  return out;
}

// -- what follows from it -------------------------------------------------------------------------

void newcomer::settle(std::uint64_t now_ns) {
  if (!silence_ || silence_->until.value() > 0)
    return;
  auto fresh = newcomers().size() + 1;
  if (fresh < options_.size.quorum() || there_was_a_cluster())
    quorum_since_ns_.reset();
  else if (!quorum_since_ns_)
    quorum_since_ns_ = now_ns;
  if (quorum_since_ns_
      && (fresh == options_.size.n
          || now_ns - *quorum_since_ns_ >= options_.founding_ms * ns_per_ms)) {
    for (auto who : newcomers())
      founders_[who] = heard_.at(who).silent;
    return speak();
  }
  auto others = partakers(); // founders too, where they don't remember this one
  if (others.size() < options_.size.quorum())
    return;
  std::uint64_t proved = 0;
  for (auto who : others)
    proved = std::max(proved, heard_.at(who).stable.what.sequence.value());
  silence_->until = sequence_number{proved + silent_blocks()};
  effects_.persist = silence_;
  on_position(executed_, stable_);
}

void newcomer::speak() {
  silence_.reset();
  effects_.speak = true;
}

// -- asking and answering -------------------------------------------------------------------------

standing newcomer::own(replica_id to, bool wants_answer) const {
  auto founder = founders_.find(to);
  return {stable_, silence_ ? silence_->mark : 0, founder == founders_.end() ? 0 : founder->second,
          wants_answer};
}

void newcomer::on_link(std::uint64_t now_ns, replica_id who) {
  if (!silence_ || silence_->until.value() > 0)
    return;
  effects_.sends.push_back({who, own(who, true)});
  settle(now_ns);
}

void newcomer::on_tick(std::uint64_t now_ns) {
  if (!silence_)
    return;
  if (silence_->until.value() > 0)
    return remind(now_ns);
  ask(now_ns);
  settle(now_ns);
}

void newcomer::ask(std::uint64_t now_ns) {
  if (asked_ns_ && now_ns - *asked_ns_ < ask_every_ns_)
    return;
  asked_ns_ = now_ns;
  ask_every_ns_ = std::min(2 * ask_every_ns_, options_.ask_at_most_ms * ns_per_ms);
  for (auto who : options_.size.everyone())
    if (who != options_.self && !heard_.contains(who))
      effects_.sends.push_back({who, own(who, true)});
}

void newcomer::remind(std::uint64_t now_ns) {
  if (asked_ns_ && now_ns - *asked_ns_ < options_.remind_ms * ns_per_ms)
    return;
  asked_ns_ = now_ns;
  for (auto who : options_.size.everyone())
    if (who != options_.self)
      effects_.sends.push_back({who, own(who, false)});
}

/// As far as it may have to wait if what is stable here was stable elsewhere when it asked.
void newcomer::fill_for(std::uint64_t now_ns, replica_id who, const standing& m) {
  auto founder = founders_.find(who);
  if (m.silent == 0 || (founder != founders_.end() && founder->second == m.silent))
    return; // it takes part, or is about to
  std::uint64_t wait_ns = options_.fill_again_ms * ns_per_ms;
  if (auto last = filled_.find(who); last != filled_.end()) {
    auto since = now_ns - last->second.since_ns;
    if (since < last->second.wait_ns)
      return;
    if (since < options_.fill_forget_ms * ns_per_ms) // pauses do not make it cheaper
      wait_ns = std::min(2 * last->second.wait_ns, options_.fill_at_most_ms * ns_per_ms);
  }
  filled_[who] = {now_ns, wait_ns};
  effects_.fill = sequence_number{stable_.what.sequence.value() + silent_blocks()
                                  + options_.checkpoint_interval};
}

} // namespace bourse::consensus
