#include "simulation/attack_check.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace bourse::simulation {

namespace {

using stream_name = std::pair<client_id, stream_id>;

stream_name stream_of(const attack_order& o) {
  return {o.body->content.client, o.body->content.stream};
}

constexpr stamp_time never{UINT64_MAX};

/// Times of honest replicas, ascending; who has none comes last.
std::vector<stamp_time> ascending(const std::vector<stamp_time>& times, std::size_t honest) {
  std::vector<stamp_time> out;
  for (auto t : times)
    if (t.value() > 0)
      out.push_back(t);
  out.resize(honest, never);
  std::ranges::sort(out);
  return out;
}

/// What the honest replicas say of an order.
struct seen {
  std::vector<stamp_time> stamped;
  std::vector<stamp_time> here; ///< with all that stands before it
};

class pair_counter {
public:
  pair_counter(const attack_orders& orders, std::size_t honest) : orders_(orders.all()) {
    std::map<stream_name, std::vector<stamp_time>> here; // so far
    for (const auto& o : orders_) {                      // a stream's by number
      auto& times = here[stream_of(o)];
      times.resize(o.arrived.size());
      for (std::size_t i = 0; i < times.size(); ++i)
        times[i] = std::max(times[i], o.arrived[i]);
      seen_.push_back({ascending(o.stamps, honest), ascending(times, honest)});
      streams_[stream_of(o)].push_back(&o);
    }
  }

  attack_pairs count() {
    for (std::size_t a = 0; a < orders_.size(); ++a)
      for (std::size_t b = a + 1; b < orders_.size(); ++b)
        if (stream_of(orders_[a]) != stream_of(orders_[b])) {
          auto half = seen_[a].here.size() / 2;
          if (seen_[a].here[half] <= seen_[b].here[half])
            look_at(a, b);
          else
            look_at(b, a);
        }
    return pairs_;
  }

private:
  void look_at(std::size_t a, std::size_t b) {
    const auto& o = orders_[a];
    const auto& later = orders_[b];
    bool flipped = o.position > later.position;
    if (seen_[a].stamped.back() < seen_[b].stamped.front()) {
      if (later.executed() && lane_at(o, later.block) <= later.body->lane) {
        ++pairs_.separated;
        pairs_.flipped += flipped ? 1 : 0;
      }
    } else if (seen_[a].here.back() >= seen_[b].here.front() && o.body->lane == later.body->lane
               && !(o.colluding() && later.colluding())) {
      ++pairs_.overlapping;
      pairs_.overlapping_flipped += flipped ? 1 : 0;
    }
  }

  /// The worst lane of what stood in its stream up to it when that block began.
  lane lane_at(const attack_order& o, std::size_t block) const {
    auto worst = o.body->lane;
    for (const auto* s : streams_.at(stream_of(o)))
      if (s->body->content.number < o.body->content.number && s->block >= block)
        worst = std::max(worst, s->body->lane);
    return worst;
  }

  const std::vector<attack_order>& orders_;
  std::vector<seen> seen_;
  std::map<stream_name, std::vector<const attack_order*>> streams_;
  attack_pairs pairs_;
};

} // namespace

attack_pairs count_pairs(const attack_orders& orders, std::size_t honest) {
  return pair_counter{orders, honest}.count();
}

bool censor_watch::stamped(const attack_order& o, stamp_time by) const {
  auto in_time
      = std::ranges::count_if(o.stamps, [&](stamp_time t) { return t.value() > 0 && t <= by; });
  return static_cast<std::size_t>(in_time) == honest_;
}

void censor_watch::executed(stamp_time time, std::uint64_t requests) {
  std::map<std::pair<stream_name, submission_number>, std::size_t> open;
  std::uint64_t most = 0; // that something needs which could not go in
  for (std::size_t i = 0; i < orders_.size(); ++i)
    if (const auto& o = orders_[i]; !o.executed()) {
      open[{stream_of(o), o.body->content.number}] = i;
      if (o.eligible)
        most = std::max<std::uint64_t>(most, o.body->content.requests.size());
    }
  // A block ends before the first that does not fit.
  bool full = requests > 0 && requests + most > limits_.max_requests;
  std::set<stream_name> waiting; // for something that is not due yet
  for (const auto& [place, i] : open)
    if (waiting.contains(place.first) || !stamped(orders_[i], time)
        || (excuses_ignorance_ && !orders_[i].eligible))
      waiting.insert(place.first);
    else if (!full || !orders_[i].eligible)
      passed_over_.insert(i);
}

std::uint64_t censor_watch::censored() const {
  auto all = passed_over_;
  for (std::size_t i = 0; i < orders_.size(); ++i)
    if (!orders_[i].executed())
      all.insert(i);
  return all.size();
}

} // namespace bourse::simulation
