// Replicas that stamp what reaches them and report it, f of them as they like, clients of which one
// sends different bodies under one number, and blocks that commit whatever reports they please.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fairness/ranking.hpp"
#include "tests/fairness/fair_market.hpp"

namespace bourse::fairness {

class stamping_world {
public:
  /// A body's life.
  struct story {
    submission_ptr body;
    bool equivocates = false;        ///< its stream does
    std::vector<stamp_time> stamps;  ///< of honest replicas
    std::optional<int> asked, block; ///< in which it became eligible, executed
    std::size_t position = SIZE_MAX; ///< among all that executed
  };

  explicit stamping_world(std::uint64_t seed) : random_(seed), rules_(fair_rules(3)) {
    size_.n = chance(60) ? 4 : 7;
    rules_.stream_window = 4;
    rules_.blocks.max_requests = static_cast<std::uint32_t>(1 + below(10));
    rules_.order.high_value_requests = static_cast<std::uint32_t>(below(5));
    if (chance(20))
      rules_.blocks.max_bytes = static_cast<std::uint32_t>(60 + below(300));
    streams_ = static_cast<std::uint8_t>(1 + below(3));
    rush_ = 1 + below(8);
    slow_percent_ = chance(50) ? 3 : 20;
    rank_.emplace(rules_, size_);
    replicas_.resize(size_.n);
    for (auto& r : replicas_)
      r.skew = below(6);
  }

  /// Some time in which clients send, replicas stamp and report, and blocks execute.
  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      now_ += 1 + below(4);
      for (auto k = below(rush_); k > 0; --k)
        send();
      replicas_work();
      if (chance(30))
        execute_block(false);
    }
  }

  /// Clients are silent, and all that is under way arrives. False if something is never executed.
  bool finish() {
    for (int i = 0; i < 2000 && !done(); ++i) {
      now_ += grid;
      replicas_work();
      execute_block(true);
    }
    return done();
  }

  const std::vector<story>& stories() const {
    return stories_;
  }
  cluster_size size() const {
    return size_;
  }
  /// Of everything that a block had to have and did not, what.
  const std::vector<std::string>& complaints() const {
    return complaints_;
  }

private:
  static constexpr std::uint64_t grid = 20;

  struct report {
    stamp_time boundary;
    std::vector<stamp> stamps;
  };
  struct replica {
    std::uint64_t skew = 0;
    std::uint64_t clock = 0;
    std::uint64_t boundary = 0;
    std::multimap<std::uint64_t, std::size_t> arrivals;        ///< stories by time
    std::vector<std::size_t> unstamped;                        ///< as they came
    std::set<std::pair<std::uint32_t, std::uint64_t>> numbers; ///< stamped, by stream
    std::vector<stamp> stamps;                                 ///< not yet reported
    std::vector<report> chain;
    std::size_t committed = 0;
    stamp_time committed_boundary;
  };

  std::uint64_t below(std::uint64_t n) {
    return random_.below(n);
  }
  bool chance(unsigned percent) {
    return below(100) < percent;
  }
  bool is_honest(std::size_t replica) const {
    return replica >= size_.f();
  }
  static std::uint32_t stream_of(const submission& s) {
    return s.client.value() * 16 + s.stream.value();
  }

  void send() {
    auto about = header(static_cast<std::uint32_t>(below(3)),
                        static_cast<std::uint8_t>(below(streams_)), 0);
    auto stream = about.client.value() * 16 + about.stream.value();
    auto number = sent_[stream] + 1;
    if (number >= rank_->next(about.client, about.stream).value() + 4 * rules_.stream_window)
      return;
    sent_[stream] = number;
    about.number = submission_number{number};
    auto equivocates = about.client.value() == 0;
    for (std::uint64_t v = equivocates ? below(3) : 0; v < 3; v += equivocates ? 1 : 3) {
      auto l = static_cast<lane>(1 + below(4));
      story s;
      s.body = shelf_.put(submission_of(rules_, about, l, 1 + below(chance(20) ? 4 : 1), v));
      s.equivocates = equivocates;
      s.stamps.resize(size_.n, no_stamp);
      by_digest_[s.body->digest] = stories_.size();
      for (auto& r : replicas_)
        r.arrivals.emplace(now_ + below(chance(slow_percent_) ? 150 : 8), stories_.size());
      stories_.push_back(std::move(s));
    }
  }

  void replicas_work() {
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      auto& r = replicas_[i];
      if (!is_honest(i)) {
        if (chance(40))
          lie(r);
        continue;
      }
      r.clock = std::max(r.clock, now_ + r.skew);
      while (!r.arrivals.empty() && r.arrivals.begin()->first <= now_) {
        r.unstamped.push_back(r.arrivals.begin()->second);
        r.arrivals.erase(r.arrivals.begin());
      }
      stamp_all(r, i);
      if (chance(60))
        report_boundary(r);
    }
  }

  /// Stamps what it holds with all that stands before it, as long as there is any.
  void stamp_all(replica& r, std::size_t id) {
    for (bool again = true; again;) {
      again = false;
      for (auto at = r.unstamped.begin(); at != r.unstamped.end() && !again; ++at) {
        auto& s = stories_[*at];
        auto& what = s.body->content;
        auto next = rank_->next(what.client, what.stream);
        auto lower = what.number.value() - 1;
        auto is_late = what.number < next && chance(50); // knows that it was executed, or not yet
        if (!is_late && lower >= next.value() && !r.numbers.contains({stream_of(what), lower}))
          continue;
        if (!is_late) {
          r.numbers.insert({stream_of(what), what.number.value()});
          s.stamps[id] = stamp_time{++r.clock};
          r.stamps.push_back({header_of(*s.body), s.body->digest, s.stamps[id]});
        }
        r.unstamped.erase(at);
        again = true;
        break;
      }
    }
  }

  void report_boundary(replica& r) {
    auto boundary = r.clock / grid * grid;
    if (boundary <= r.boundary)
      return;
    r.boundary = boundary;
    auto end = std::partition_point(r.stamps.begin(), r.stamps.end(),
                                    [&](auto& s) { return s.time.value() <= boundary; });
    r.chain.push_back({stamp_time{boundary}, {r.stamps.begin(), end}});
    r.stamps.erase(r.stamps.begin(), end);
  }

  void lie(replica& r) {
    r.boundary += 1 + below(chance(10) ? 10'000 : 3 * grid);
    report lies{stamp_time{r.boundary}, {}};
    for (auto k = stories_.empty() ? 0 : below(2 * rush_ + 4); k > 0; --k) {
      auto recent = std::min<std::uint64_t>(stories_.size(), 40);
      auto& s = stories_[stories_.size() - 1 - below(recent)];
      stamp_time when{chance(40) ? 1 + below(now_) : now_ + below(chance(50) ? 30 : 1000)};
      lies.stamps.push_back({header_of(*s.body), s.body->digest, when});
      if (chance(5))
        lies.stamps.back().about.client = client_id{static_cast<std::uint32_t>(below(3))};
    }
    r.chain.push_back(std::move(lies));
  }

  void execute_block(bool name_all) {
    auto from = below(size_.n); // in any order
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      auto& r = replicas_[(i + from) % size_.n];
      auto unnamed = r.chain.size() - r.committed;
      for (auto k = name_all ? unnamed : chance(60) ? below(unnamed + 1) : 0; k > 0; --k) {
        auto& report = r.chain[r.committed++];
        rank_->add(replica_id{static_cast<std::uint16_t>((i + from) % size_.n)}, report.stamps);
        r.committed_boundary = report.boundary;
      }
    }
    std::vector<stamp_time> boundaries;
    for (auto& r : replicas_)
      boundaries.push_back(r.committed_boundary);
    std::sort(boundaries.begin(), boundaries.end(), std::greater{});
    auto t = boundaries[size_.quorum() - 1u];

    auto names = rank_->begin(t);
    for (auto& name : names) {
      auto& s = stories_[by_digest_.at(name)];
      s.asked = blocks_;
      if (std::count(s.stamps.begin(), s.stamps.end(), no_stamp) == size_.n)
        complaints_.push_back("a body that no honest replica is known to hold");
    }
    auto executed = rank_->finish(shelf_.get(names));
    if (executed.empty() && rank_->left_over() > 0)
      complaints_.push_back("an empty block");
    for (auto& body : executed) {
      auto& s = stories_[by_digest_.at(body->digest)];
      s.block = blocks_;
      s.position = executed_++;
    }
    ++blocks_;
    look_for_censorship(t);
  }

  /// What all honest replicas stamped by T has executed or is eligible.
  void look_for_censorship(stamp_time t) {
    for (auto& s : stories_) {
      auto in_time
          = std::count_if(s.stamps.begin(), s.stamps.end(), [&](auto x) { return x <= t; });
      auto& what = s.body->content;
      if (in_time == size_.n - size_.f() && !s.asked
          && what.number >= rank_->next(what.client, what.stream))
        complaints_.push_back("not eligible though all honest replicas stamped it");
    }
  }

  bool done() const {
    return std::all_of(sent_.begin(), sent_.end(), [&](auto& entry) {
      auto [stream, last] = entry;
      return rank_->next(client_id{stream / 16}, stream_id{static_cast<std::uint8_t>(stream % 16)})
                 .value()
             == last + 1;
    });
  }

public:
  static constexpr stamp_time no_stamp{UINT64_MAX};

private:
  splitmix64 random_;
  market::rules rules_;
  cluster_size size_;
  std::uint8_t streams_ = 1;
  std::uint64_t rush_ = 1;
  unsigned slow_percent_ = 0;
  std::optional<ranking> rank_;
  body_shelf shelf_;
  std::vector<replica> replicas_;
  std::vector<story> stories_;
  std::map<digest, std::size_t> by_digest_;
  std::map<std::uint32_t, std::uint64_t> sent_; ///< last number by stream
  std::uint64_t now_ = 100;
  int blocks_ = 0;
  std::size_t executed_ = 0;
  std::vector<std::string> complaints_;
};

} // namespace bourse::fairness
