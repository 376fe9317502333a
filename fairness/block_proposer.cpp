#include "fairness/block_proposer.hpp"

#include <algorithm>

namespace bourse::fairness {

namespace {

/// Of two positions in a chain the later one.
const chain_position& later(const chain_position& a, const chain_position& b) {
  return a.index > b.index ? a : b;
}

} // namespace

report_ptr block_proposer::last_held(const sight& s, replica_id of) const {
  const auto& head = s.order.heads().of(of);
  auto newest = s.store.newest(of, head);
  if (!newest)
    return nullptr;
  auto lacks = [&](const stamp& x) {
    const auto* e = s.tally.find(about(x));
    return e && e->vouched(size_) && !s.bodies.holds(x.body);
  };
  report_ptr last;
  for (const auto& r : s.store.path(head, {of, newest->content.index, newest->digest}).reports) {
    if (std::any_of(r->content.stamps.begin(), r->content.stamps.end(), lacks))
      break;
    last = r;
  }
  return last;
}

std::uint64_t block_proposer::requests_by(const sight& s, stamp_time t) const {
  std::uint64_t requests = 0;
  s.tally.each([&](const stamped& what, const stamp_tally::entry& e) {
    if (!e.vouched(size_) || *e.time(size_) > t)
      return;
    auto body = s.bodies.find(what.body);
    requests += body ? body->content.requests.size() : 1;
  });
  return requests;
}

void block_proposer::refresh(const sight& s) {
  time_ = s.order.heads().time(named_);
  requests_ = requests_by(s, time_);
}

void block_proposer::look(const sight& s, stamp_time now) {
  const auto& heads = s.order.heads();
  if (time_ < heads.time())
    refresh(s);
  newest_ = named_;
  for (std::uint16_t i = 0; i < size_.n; ++i) {
    replica_id who{i};
    auto last = last_held(s, who);
    if (last && last->content.index > later(named_[i], heads.of(who)).index)
      newest_[i] = position_of(*last);
  }
  reach_ = heads.time(newest_);
  requests_reach_ = requests_by(s, reach_);
  if (!this->heads(s)) {
    since_.reset();
  } else if (!since_) {
    since_ = now;
    since_reach_ = reach_;
  }
}

/// Stamps of bodies that never find f+1 have replicas report all the same, and so have long times
/// in which nothing becomes final. If chains ran full over that, nothing would be stamped any more.
bool block_proposer::crowded(const sight& s) const {
  std::size_t replicas = 0;
  for (std::uint16_t i = 0; i < size_.n; ++i) {
    auto from = later(named_[i], s.order.heads().of(replica_id{i})).index;
    replicas += newest_[i].index.value() >= from.value() + max_links / 2 ? 1 : 0;
  }
  return replicas >= size_.weak_quorum(); // fewer may all be faulty
}

std::optional<std::vector<chain_head>> block_proposer::heads(const sight& s) const {
  // What is due by what is here may not be by what blocks have named: stamps below T may still be
  // missing there. As long as blocks are in flight nobody can tell, after that it is what is left.
  bool newer = newest_ != named_;
  bool more = newer && requests_reach_ > (flights_.empty() ? 0 : requests_);
  // Blocks in flight may not have room for all that they reach; what is executed says exactly.
  bool left = flights_.empty() ? s.order.order().left_over() > 0
                               : requests_ > flights_.size() * rules_.blocks.max_requests;
  bool due = s.next_due.value() != 0 && block_time_of(reach_) >= s.next_due
             && block_time_of(time_) < s.next_due;
  auto last = flights_.empty() ? s.executed : std::max(s.executed, flights_.rbegin()->first);
  if (!more && !left && !due && !crowded(s) && last >= s.fill_until)
    return std::nullopt;
  std::vector<chain_head> out;
  for (std::uint16_t i = 0; i < size_.n; ++i)
    if (newest_[i].index > later(named_[i], s.order.heads().of(replica_id{i})).index)
      out.push_back({replica_id{i}, newest_[i].index, newest_[i].digest});
  // A block names something, even if that moves nothing: only a view change makes empty ones.
  if (out.empty()) {
    const auto& last = later(named_[self_.value()], s.order.heads().of(self_));
    out.push_back({self_, last.index, last.digest});
  }
  return out;
}

/// What is unknown here, or is on no path from where the log is, moves nothing.
void block_proposer::name(const sight& s, const std::vector<chain_head>& heads) {
  for (const auto& h : heads) {
    auto r = s.store.find(h.report);
    if (!r || r->content.replica != h.replica)
      continue;
    auto path = s.store.path(s.order.heads().of(h.replica), h);
    if (path.found == chain_path::result::whole && !path.reports.empty())
      named_[h.replica.value()] = later(named_[h.replica.value()], position_of(*r));
  }
}

void block_proposer::in_flight(const sight& s, sequence_number sequence,
                               const std::vector<chain_head>& heads) {
  if (sequence <= s.executed || !flights_.emplace(sequence, heads).second)
    return;
  name(s, heads);
  refresh(s);
  if (since_ && time_ >= since_reach_)
    since_.reset();
}

void block_proposer::executed(const sight& s, sequence_number sequence) {
  flights_.erase(flights_.begin(), flights_.upper_bound(sequence));
  // Of several branches the log has taken one, and what was named of the others moves nothing.
  named_.assign(size_.n, {});
  for (const auto& [at, heads] : flights_)
    name(s, heads);
  refresh(s);
}

void block_proposer::renew(const sight& s) {
  flights_.clear();
  named_.assign(size_.n, {});
  since_.reset();
  refresh(s);
}

} // namespace bourse::fairness
