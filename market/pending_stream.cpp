#include "market/pending_stream.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "messages/assert.hpp"

namespace bourse::market {

pending_stream::usage pending_stream::usage_up_to(std::uint64_t number) const {
  usage result;
  auto count = [&](const submission_ptr& s) {
    result.bytes += s->source.body.size();
    result.rivals += s->content.number.value() == number;
  };
  auto end = std::min(number + 1, next_ + ring_.size());
  for (auto n = next_; n < end; ++n)
    if (auto& body = slot_of(n).body)
      count(body);
  for (auto& s : rivals_)
    if (s->content.number.value() <= number)
      count(s);
  return result;
}

void pending_stream::reserve(std::uint64_t number) {
  constexpr std::uint64_t smallest = 4;
  auto size = std::bit_ceil(std::max(number - next_ + 1, smallest));
  if (size <= ring_.size())
    return;
  std::vector<slot> old(size);
  old.swap(ring_);
  for (auto& s : old)
    if (s.body)
      slot_of(s.body->content.number.value()) = std::move(s);
}

void pending_stream::extend_run() {
  for (; holds(run_end_); ++run_end_)
    ready_ += weight(*slot_of(run_end_).body);
}

void pending_stream::add(submission_ptr s, std::uint64_t arrival) {
  auto number = s->content.number.value();
  BOURSE_ASSERT(number >= next_);
  reserve(number);
  bytes_ += s->source.body.size();
  auto& to = slot_of(number);
  if (to.body) {
    rivals_.push_back(std::move(s));
    return;
  }
  to = {std::move(s), arrival};
  extend_run();
}

const submission_ptr& pending_stream::at(std::uint64_t number) const {
  static const submission_ptr none;
  return holds(number) ? slot_of(number).body : none;
}

std::uint64_t pending_stream::arrival() const {
  BOURSE_ASSERT(ready_ > 0);
  return slot_of(proposed_).arrival;
}

submission_ptr pending_stream::propose() {
  BOURSE_ASSERT(ready_ > 0);
  auto& body = slot_of(proposed_).body;
  ready_ -= weight(*body);
  ++proposed_;
  return body;
}

void pending_stream::note_proposed(std::uint64_t number) {
  if (number != proposed_)
    return;
  if (proposed_ < run_end_)
    ready_ -= weight(*slot_of(proposed_).body);
  ++proposed_;
  run_end_ = std::max(run_end_, proposed_);
  extend_run();
}

void pending_stream::forget_proposed() {
  proposed_ = run_end_ = next_;
  ready_ = 0;
  extend_run();
}

void pending_stream::advance(std::uint64_t next, std::vector<submission_ptr>& dropped) {
  auto end = std::min(next, next_ + ring_.size());
  for (auto n = next_; n < end; ++n) {
    auto& s = slot_of(n);
    if (!s.body)
      continue;
    if (n >= proposed_ && n < run_end_)
      ready_ -= weight(*s.body);
    bytes_ -= s.body->source.body.size();
    dropped.push_back(std::move(s.body));
    s.body = nullptr;
  }
  if (!rivals_.empty())
    std::erase_if(rivals_, [&](submission_ptr& s) {
      if (s->content.number.value() >= next)
        return false;
      bytes_ -= s->source.body.size();
      dropped.push_back(std::move(s));
      return true;
    });
  next_ = std::max(next_, next);
  proposed_ = std::max(proposed_, next_);
  run_end_ = std::max(run_end_, proposed_);
  extend_run();
}

void pending_stream::reset(std::uint64_t next, std::vector<submission_ptr>& dropped) {
  for (auto& s : ring_)
    if (s.body)
      dropped.push_back(std::move(s.body));
  std::move(rivals_.begin(), rivals_.end(), std::back_inserter(dropped));
  ring_.clear();
  rivals_.clear();
  bytes_ = 0;
  ready_ = 0;
  next_ = proposed_ = run_end_ = next;
}

} // namespace bourse::market
