// Stamps and blocks without any manners: times in small numbers, so that many tie, what was not
// seen before next to what was executed long ago, and lies of f replicas about whose a body is.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/fairness/fair_market.hpp"

namespace bourse::fairness {

class random_stamps {
public:
  struct block {
    std::vector<std::pair<replica_id, std::vector<stamp>>> reports;
    stamp_time t;
  };

  explicit random_stamps(std::uint64_t seed) : random_(seed), rules_(fair_rules(2 + seed % 3)) {
    size_.n = chance(50) ? 4 : 7;
    rules_.blocks.max_requests = static_cast<std::uint32_t>(1 + below(12));
    if (chance(20))
      rules_.blocks.max_bytes = static_cast<std::uint32_t>(50 + below(400));
    rules_.order.high_value_requests = static_cast<std::uint32_t>(below(4));
    if (chance(20))
      rules_.order.max_open_stamps = static_cast<std::uint32_t>(5 + below(20));
    streams_ = 1 + below(2);
    busy_ = 1 + below(6);
  }

  const market::rules& rules() const {
    return rules_;
  }
  cluster_size size() const {
    return size_;
  }
  const body_shelf& shelf() const {
    return shelf_;
  }
  std::uint64_t below(std::uint64_t n) {
    return random_.below(n);
  }
  bool chance(unsigned percent) {
    return below(100) < percent;
  }

  /// `next` tells the next number of a stream.
  template <class Next>
  block next_block(Next next) {
    block b;
    for (auto reports = below(2 * size_.n); reports > 0; --reports) {
      std::vector<stamp> stamps;
      replica_id by{static_cast<std::uint16_t>(below(size_.n))};
      for (auto k = below(busy_ * 3); k > 0; --k)
        stamps.push_back(next_stamp(by, next));
      b.reports.emplace_back(by, std::move(stamps));
    }
    t_ += below(8);
    b.t = stamp_time{t_};
    return b;
  }

  /// Something that was stamped, or may be.
  digest any_body() {
    auto about = header(below32(rules_.clients.size()), 0, 1 + below(6));
    return body(about, 0)->digest;
  }

private:
  std::uint32_t below32(std::uint64_t n) {
    return static_cast<std::uint32_t>(below(n));
  }

  template <class Next>
  stamp next_stamp(replica_id by, Next next) {
    auto about
        = header(below32(rules_.clients.size()), static_cast<std::uint8_t>(below(streams_)), 1);
    auto first = next(about.client, about.stream).value();
    // Mostly the next few, so that enough come together; sometimes too far or too late.
    auto number = first + std::min(below(6), below(6));
    if (chance(5))
      number = first + below(12);
    if (chance(5))
      number = first - std::min(first - 1, below(3));
    about.number = submission_number{number};
    auto variant = chance(80) ? 0 : below(7);
    stamp s{about, body(about, variant)->digest, any_time()};
    if (by.value() < size_.f()) {
      if (chance(10))
        s.about = header(below32(rules_.clients.size() + 1), static_cast<std::uint8_t>(below(18)),
                         first + below(4));
      else if (chance(5))
        s.body = hash(std::to_string(below(5)));
    }
    return s;
  }

  stamp_time any_time() {
    if (chance(3))
      return max_stamp_time;
    if (chance(10))
      return stamp_time{below(t_ + 1)};
    return stamp_time{t_ + below(12)};
  }

  submission_ptr body(const submission_header& about, std::uint64_t variant) {
    auto [at, is_new] = bodies_.try_emplace(
        {about.client.value(), about.stream.value(), about.number.value(), variant});
    if (is_new) {
      auto l = static_cast<lane>(1 + below(4));
      auto requests = 1 + below(l == lane::ordinary ? 5 : 2);
      at->second = shelf_.put(submission_of(rules_, about, l, requests, variant));
    }
    return at->second;
  }

  splitmix64 random_;
  market::rules rules_;
  cluster_size size_;
  std::uint64_t streams_ = 1;
  std::uint64_t busy_ = 1;
  std::uint64_t t_ = 100;
  body_shelf shelf_;
  std::map<std::tuple<std::uint32_t, std::uint8_t, std::uint64_t, std::uint64_t>, submission_ptr>
      bodies_;
};

} // namespace bourse::fairness
