#include "fairness/stamp_tally.hpp"

#include <algorithm>

namespace bourse::fairness {

namespace {

std::size_t stream_of(const submission_header& about) {
  return about.client.value() * max_streams + about.stream.value();
}

} // namespace

std::optional<stamp_time> stamp_tally::entry::time(cluster_size size) const {
  if (!vouched(size))
    return std::nullopt;
  std::vector<stamp_time> times;
  for (const auto& [who, when] : stamps)
    times.push_back(when);
  auto nth = times.begin() + size.f();
  std::nth_element(times.begin(), nth, times.end());
  return *nth;
}

stamp_tally::stamp_tally(const market::rules& rules, cluster_size size)
    : rules_(rules), size_(size), next_(rules.clients.size() * max_streams, 1), open_(size.n) {}

bool stamp_tally::waits(const submission_header& about) const {
  return about.client.value() < next_.size() / max_streams && about.stream.value() < max_streams
         && about.number.value() >= next_[stream_of(about)];
}

void stamp_tally::add(const stamped& what, replica_id by, stamp_time time) {
  if (!waits(what.about))
    return;
  auto& open = open_[by.value()];
  bool full = open >= rules_.order.max_open_stamps;
  auto it = entries_.find(what);
  if (it == entries_.end()) {
    if (full)
      return;
    it = entries_.emplace(what, entry{}).first;
    by_place_[{stream_of(what.about), what.about.number.value()}].push_back(what);
    ++places_[what.body];
  }
  auto& stamps = it->second.stamps;
  auto known
      = std::find_if(stamps.begin(), stamps.end(), [&](const auto& s) { return s.first == by; });
  if (known != stamps.end()) {
    known->second = std::min(known->second, time);
  } else if (!full) {
    stamps.emplace_back(by, time);
    ++open;
  }
}

std::vector<stamped> stamp_tally::add(const stamp_report& r) {
  std::vector<stamped> out;
  for (const auto& s : r.stamps) {
    add(about(s), r.replica, s.time);
    if (entries_.contains(about(s)))
      out.push_back(about(s));
  }
  return out;
}

std::vector<digest> stamp_tally::drop_below(client_id client, stream_id stream,
                                            submission_number next) {
  std::vector<digest> out;
  auto at = client.value() * max_streams + stream.value();
  if (at >= next_.size())
    return out;
  next_[at] = next.value();
  auto first = by_place_.lower_bound({at, 0});
  auto last = by_place_.lower_bound({at, next.value()});
  for (auto it = first; it != last; ++it)
    for (const auto& what : it->second) {
      auto gone = entries_.find(what);
      for (const auto& [who, when] : gone->second.stamps)
        --open_[who.value()];
      entries_.erase(gone);
      auto left = places_.find(what.body);
      if (--left->second > 0)
        continue;
      places_.erase(left);
      out.push_back(what.body);
    }
  by_place_.erase(first, last);
  return out;
}

const stamp_tally::entry* stamp_tally::find(const stamped& what) const {
  auto it = entries_.find(what);
  return it == entries_.end() ? nullptr : &it->second;
}

} // namespace bourse::fairness
