// The function F as it is written down (fairness/ranking.hpp): keeps what was stamped and works
// everything out again in each block. Slow, and shares no code with what it is held against.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "market/rules.hpp"
#include "messages/crypto.hpp"
#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::simulation {

using namespace messages;

class naive_ranking {
public:
  using name = std::tuple<std::uint32_t, unsigned, std::uint64_t>; ///< client, stream, number
  using names = std::set<name>;
  static name name_of(const submission& s) {
    return {s.client.value(), s.stream.value(), s.number.value()};
  }

  naive_ranking(const market::rules& r, cluster_size size) : rules_(r), f_(size.f()) {}

  void add(replica_id by, std::span<const stamp> stamps) {
    for (auto& s : stamps)
      if (counts(by, s))
        committed_.push_back({by, s});
  }

  std::vector<digest> begin(stamp_time t) {
    t_ = t;
    asked_.clear();
    std::vector<std::pair<stamp_time, digest>> fresh;
    for (auto& [name, bodies] : times())
      for (auto& [time, body] : bodies)
        if (time <= t && !submissions_.contains(body))
          fresh.emplace_back(time, body);
    std::sort(fresh.begin(), fresh.end());
    for (auto& [time, body] : fresh)
      asked_.push_back(body);
    return asked_;
  }

  std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies) {
    for (std::size_t i = 0; i < bodies.size(); ++i)
      submissions_[asked_.at(i)] = bodies[i];

    auto entries = ready();
    give_places(entries);
    auto block = choose(entries);
    std::vector<submission_ptr> result;
    for (auto& e : block) {
      result.push_back(e.body);
      auto& [client, stream, number] = e.name;
      next_[{client, stream}] = number + 1;
      ready_and_left_.erase(e.name);
    }
    for (auto& e : ready())
      ++ready_and_left_[e.name];
    std::erase_if(committed_, [&](auto& c) { return executed(c.what.about); });
    return result;
  }

  std::size_t stamps_of(const digest& body) const {
    return static_cast<std::size_t>(std::count_if(committed_.begin(), committed_.end(),
                                                  [&](auto& c) { return c.what.body == body; }));
  }
  submission_number next(client_id client, stream_id stream) const {
    auto at = next_.find({client.value(), stream.value()});
    return submission_number{at == next_.end() ? 1 : at->second};
  }
  /// Of a body under the number that the stamps name; far above every time if it has none.
  stamp_time time_of(const submission_header& about, const digest& body) const {
    auto all = times();
    auto at = all.find({about.client.value(), about.stream.value(), about.number.value()});
    if (at != all.end())
      for (auto& [time, digest] : at->second)
        if (digest == body)
          return time;
    return stamp_time{UINT64_MAX};
  }
  /// Those that two blocks have left over, or more.
  names aged() const {
    names result;
    for (auto& [which, times] : ready_and_left_)
      if (times >= aged_after)
        result.insert(which);
    return result;
  }
  std::size_t left_over() const {
    return ready().size();
  }
  bool would_yield(stamp_time t) const {
    auto later = *this;
    later.t_ = std::max(t, t_);
    return !later.ready(true).empty();
  }
  std::size_t open_stamps(replica_id by) const {
    return static_cast<std::size_t>(
        std::count_if(committed_.begin(), committed_.end(), [&](auto& c) { return c.by == by; }));
  }

private:
  static constexpr unsigned aged_after = 2; ///< blocks that have left it over

  struct committed_stamp {
    replica_id by;
    stamp what;
  };

  struct entry {
    naive_ranking::name name;
    submission_ptr body;
    messages::lane lane = lane::liquidation;
    stamp_time time;
    bool aged = false;
    int place = 0;
    std::uint64_t requests = 0;

    digest tie;
    auto by_time() const {
      return std::tie(time, tie, name);
    }
    auto by_rank() const {
      return std::tie(place, time, tie, name);
    }
  };

  bool executed(const submission_header& about) const {
    return about.number < next(about.client, about.stream);
  }

  bool counts(replica_id by, const stamp& s) const {
    auto& about = s.about;
    if (about.client.value() >= rules_.clients.size() || about.stream.value() >= 16)
      return false;
    auto from = next(about.client, about.stream).value();
    if (executed(about) || about.number.value() - from >= 4 * rules_.stream_window)
      return false;
    std::size_t all = 0, under_number = 0;
    for (auto& c : committed_) {
      if (c.by != by)
        continue;
      if (c.what.body == s.body)
        return false;
      ++all;
      under_number += c.what.about == about;
    }
    return all < rules_.order.max_open_stamps && under_number < 4;
  }

  /// Of each open number the bodies that have a time, with it.
  std::map<name, std::vector<std::pair<stamp_time, digest>>> times() const {
    std::map<std::pair<name, digest>, std::vector<stamp_time>> stamps;
    for (auto& c : committed_) {
      auto& about = c.what.about;
      name n{about.client.value(), about.stream.value(), about.number.value()};
      stamps[{n, c.what.body}].push_back(c.what.time);
    }
    std::map<name, std::vector<std::pair<stamp_time, digest>>> result;
    for (auto& [body, all] : stamps) {
      if (all.size() < f_ + 1u)
        continue;
      std::sort(all.begin(), all.end());
      result[body.first].emplace_back(all[f_], body.second);
    }
    return result;
  }

  /// What is ready, with effective lanes and times. `lanes_unknown`: some bodies are not here, and
  /// who asks does not need them.
  std::vector<entry> ready(bool lanes_unknown = false) const {
    auto timed = times();
    std::vector<entry> result;
    for (std::uint32_t client = 0; client < rules_.clients.size(); ++client)
      for (unsigned stream = 0; stream < 16; ++stream) {
        entry e;
        auto first = next(client_id{client}, stream_id{static_cast<std::uint8_t>(stream)}).value();
        for (auto number = first;; ++number) {
          e.name = {client, stream, number};
          auto bodies = timed.find(e.name);
          if (bodies == timed.end())
            break;
          auto earliest = *std::min_element(bodies->second.begin(), bodies->second.end());
          if (earliest.first > t_)
            break;
          e.time = std::max(e.time, earliest.first);
          if (!lanes_unknown) {
            e.body = submissions_.at(earliest.second);
            e.lane = std::max(e.lane, e.body->lane);
            e.requests = std::max<std::uint64_t>(1, e.body->content.requests.size());
          }
          auto left = ready_and_left_.find(e.name);
          e.aged = left != ready_and_left_.end() && left->second >= aged_after;
          e.tie = hasher{}
                      .add(rules_.cluster)
                      .add_u64(t_.value())
                      .add(rules_.clients[client].key.view())
                      .finish();
          result.push_back(e);
        }
      }
    return result;
  }

  void give_places(std::vector<entry>& entries) const {
    std::sort(entries.begin(), entries.end(),
              [](auto& a, auto& b) { return a.by_time() < b.by_time(); });
    std::uint64_t high = 0;
    for (auto& e : entries) {
      if (e.lane == lane::liquidation) {
        e.place = 1;
      } else if (e.lane == lane::maker) {
        e.place = 2;
      } else if (e.aged) {
        e.place = 3;
      } else if (e.lane == lane::high_value) {
        high += e.requests; // what follows one that would exceed it exceeds it too
        e.place = high <= rules_.order.high_value_requests ? 4 : 5;
      } else {
        e.place = 5;
      }
    }
  }

  /// `entries` come by time.
  std::vector<entry> choose(std::vector<entry> entries) const {
    std::vector<entry> block;
    std::uint64_t requests = 0, bytes = 0;
    auto take = [&](const entry& e) {
      auto size = e.body->source.body.size();
      if (!block.empty()
          && (requests + e.requests > rules_.blocks.max_requests
              || bytes + size > rules_.blocks.max_bytes))
        return false;
      requests += e.requests;
      bytes += size;
      block.push_back(e);
      return true;
    };
    std::set<name> reserved;
    for (auto& e : entries)
      if (e.aged) {
        if (4 * requests >= rules_.blocks.max_requests || !take(e))
          break;
        reserved.insert(e.name);
      }
    auto by_rank = [](auto& a, auto& b) {
      return a.by_rank() < b.by_rank();
    };
    std::sort(entries.begin(), entries.end(), by_rank);
    for (auto& e : entries)
      if (!reserved.contains(e.name) && !take(e))
        break;
    std::sort(block.begin(), block.end(), by_rank);
    return block;
  }

  const market::rules& rules_;
  std::size_t f_;
  stamp_time t_;
  std::vector<committed_stamp> committed_; ///< that counted, but for executed numbers
  std::map<std::pair<std::uint32_t, unsigned>, std::uint64_t> next_;
  std::map<name, unsigned> ready_and_left_; ///< in how many blocks
  std::map<digest, submission_ptr> submissions_;
  std::vector<digest> asked_;
};

} // namespace bourse::simulation
