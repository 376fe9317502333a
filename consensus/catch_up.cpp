#include "consensus/catch_up.hpp"

#include <algorithm>
#include <functional>

#include "consensus/backoff.hpp"

namespace bourse::consensus {

catch_up::catch_up(replica_id self, cluster_size size, std::uint32_t retry_ms)
    : self_(self), size_(size), retry_ns_(retry_ms * ns_per_ms), told_(size.n) {}

void catch_up::on_told(replica_id who, sequence_number n) {
  auto& known = told_[who.value()];
  if (n <= known)
    return;
  known = n;
  auto sorted = told_;
  std::ranges::sort(sorted, std::greater{});
  best_ = sorted.front();
  credible_ = sorted[size_.f()];
}

bool catch_up::hold(sequence_number executed, committed_block b) {
  auto n = b.certificate.what.sequence;
  if (n <= executed || n.value() - executed.value() > delivery::max_ahead)
    return false;
  return held_.try_emplace(n, std::move(b)).second;
}

std::optional<committed_block> catch_up::take(sequence_number n) {
  held_.erase(held_.begin(), held_.lower_bound(n));
  auto i = held_.find(n);
  if (i == held_.end())
    return std::nullopt;
  auto out = std::move(i->second);
  held_.erase(i);
  return out;
}

std::optional<catch_up::ask> catch_up::next(std::uint64_t now_ns, sequence_number executed,
                                            sequence_number delivered, sequence_number proven) {
  auto best = std::max(proven, best_);
  if (delivered > delivered_) {
    delivered_ = delivered;
    behind_since_ns_.reset();
  }
  if (best <= delivered) {
    behind_since_ns_.reset();
    open_.reset();
    return std::nullopt;
  }
  if (open_) {
    bool answered = delivered >= open_->to;
    if (!answered && now_ns < open_->deadline_ns)
      return std::nullopt;
    if (!answered)
      ++turn_;
    open_.reset();
  }
  if (!give_up_votes(now_ns, delivered, proven, best))
    return std::nullopt;
  auto whom = choose(delivered);
  if (!whom)
    return std::nullopt;
  auto last = std::min(told_[whom->value()].value(), delivered.value() + max_blocks);
  last = std::min(last, executed.value() + delivery::max_ahead); // execution must keep up
  if (auto gap_end = held_.upper_bound(delivered); gap_end != held_.end())
    last = std::min(last, gap_end->first.value() - 1);
  if (last <= delivered.value())
    return std::nullopt;
  open_ = {sequence_number{last}, now_ns + retry_ns_};
  return ask{*whom, {delivered.next(), sequence_number{last}}};
}

bool catch_up::give_up_votes(std::uint64_t now_ns, sequence_number delivered,
                             sequence_number proven, sequence_number best) {
  auto sure = std::max(proven, credible_);
  if (delivered < proven || delivered.value() + max_blocks < sure.value())
    goal_ = std::max(goal_, sure);
  if (delivered < goal_)
    return true;
  if (!behind_since_ns_)
    behind_since_ns_ = now_ns;
  if (now_ns - *behind_since_ns_ < retry_ns_)
    return false;
  // Of what a liar may have made up, no more than one question's worth is believed.
  goal_ = std::max(sure, std::min(best, sequence_number{delivered.value() + max_blocks}));
  return true;
}

std::optional<replica_id> catch_up::choose(sequence_number delivered) {
  auto n = told_.size();
  for (std::size_t i = 0; i < n; ++i) {
    auto who = (turn_ + i) % n;
    if (who != self_.value() && told_[who] > delivered) {
      turn_ = who;
      return replica_id{static_cast<std::uint16_t>(who)};
    }
  }
  return std::nullopt;
}

} // namespace bourse::consensus
