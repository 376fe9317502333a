#include "consensus/primary_watch.hpp"

#include <algorithm>

#include "consensus/backoff.hpp"

namespace bourse::consensus {

namespace {

/// A gap between blocks is remembered this much longer than the last, in parts of 16.
constexpr std::uint64_t gap_memory = 15;
/// Patience in gaps.
constexpr std::uint64_t gaps = 4;
/// Below this part of what was shown, a window is slow.
constexpr std::uint64_t slow_part = 10;
constexpr std::uint32_t slow_windows_allowed = 2;

} // namespace

const char* to_string(suspicion s) {
  switch (s) {
    case suspicion::stalled:
      return "requests are pending and nothing is executed";
    case suspicion::order_overdue:
      return "an admitted order is passed over";
    case suspicion::slow:
      return "far less is executed than just before";
    case suspicion::link_lost:
      return "the link to it is down";
    case suspicion::resigned:
      return "it wishes for another one itself";
    case suspicion::equivocation:
      return "it signed two proposals for one slot";
    case suspicion::no_new_view:
      return "the new view did not begin in time";
    case suspicion::bad_new_view:
      return "its NEW-VIEW is wrong";
  }
  return "unknown";
}

void primary_watch::begin(std::uint64_t now_ns) {
  link_down_ns_.reset();
  forgive(now_ns);
}

void primary_watch::forgive(std::uint64_t now_ns) {
  if (waiting_since_ns_)
    waiting_since_ns_ = now_ns;
  if (link_down_ns_)
    link_down_ns_ = now_ns;
  seen_.oldest_wait_ms = 0;
  window_start_ns_ = now_ns;
  window_requests_ = seen_.executed_requests;
  least_owed_ = seen_.owed;
  slow_windows_ = 0;
}

bool primary_watch::on_work(std::uint64_t now_ns, const work_seen& w) {
  bool progress = w.executed > seen_.executed;
  if (progress && waiting_since_ns_)
    usual_gap_ns_ = std::max(usual_gap_ns_ * gap_memory / 16, now_ns - *waiting_since_ns_);
  if (w.owed == 0)
    waiting_since_ns_.reset();
  else if (progress || !waiting_since_ns_)
    waiting_since_ns_ = now_ns;
  least_owed_ = std::min(least_owed_, w.owed);
  seen_ = w;
  if (window_start_ns_ == 0)
    forgive(now_ns);
  if (now_ns - window_start_ns_ >= patience_.window_ms * ns_per_ms)
    judge_window(now_ns, w);
  return progress;
}

void primary_watch::judge_window(std::uint64_t now_ns, const work_seen& w) {
  auto took_ms = (now_ns - window_start_ns_) / ns_per_ms;
  auto done = (w.executed_requests - window_requests_) * patience_.window_ms / took_ms;
  // As much was pending all the time as would have shown it to be as quick as before.
  bool judged = least_owed_ > shown_ / slow_part && shown_ > 0;
  if (judged && done < shown_ / slow_part) {
    ++slow_windows_;
  } else {
    slow_windows_ = 0;
    shown_ = std::max(shown_ * gap_memory / 16, done);
  }
  window_start_ns_ = now_ns;
  window_requests_ = w.executed_requests;
  least_owed_ = w.owed;
}

void primary_watch::on_link(std::uint64_t now_ns, bool up) {
  if (up)
    link_down_ns_.reset();
  else if (!link_down_ns_)
    link_down_ns_ = now_ns;
}

std::optional<suspicion> primary_watch::due(std::uint64_t now_ns, std::uint32_t factor,
                                            bool link_counts) const {
  if (link_counts && link_down_ns_
      && now_ns - *link_down_ns_ >= patience_.link_grace_ms * ns_per_ms)
    return suspicion::link_lost;
  auto least = patience_.stall_ms * ns_per_ms;
  auto most = patience_.stall_at_most_ms * ns_per_ms;
  auto stall = std::clamp(gaps * usual_gap_ns_, least, most) * factor;
  if (waiting_since_ns_ && now_ns - *waiting_since_ns_ >= stall)
    return suspicion::stalled;
  if (seen_.oldest_wait_ms >= std::uint64_t{patience_.order_ms} * factor)
    return suspicion::order_overdue;
  if (slow_windows_ >= slow_windows_allowed)
    return suspicion::slow;
  return std::nullopt;
}

} // namespace bourse::consensus
