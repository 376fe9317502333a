// What the benchmarks of book and matcher share: a clock, and who rests.
#pragma once

#include <cstdint>
#include <ctime>
#include <vector>

#include "messages/splitmix64.hpp"
#include "messages/types.hpp"

namespace bourse::market {

using namespace messages;

/// Seconds of processor time of this thread: what others do on the machine costs caches, but is not
/// counted itself.
inline double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Names of the resting orders, to draw cancels from. `number` counts all orders from 1.
class live_orders {
public:
  struct entry {
    std::uint64_t number;
    account_id account;
    client_order_id name;
  };

  void add(const entry& e) {
    if (e.number >= places_.size())
      places_.resize(2 * e.number + 1024);
    places_[e.number] = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(e);
  }
  void remove(std::uint64_t number) {
    auto place = places_[number];
    entries_[place] = entries_.back();
    places_[entries_[place].number] = place;
    entries_.pop_back();
  }
  const entry& draw(splitmix64& random) const {
    return entries_[random.below(entries_.size())];
  }
  std::size_t size() const {
    return entries_.size();
  }

private:
  std::vector<entry> entries_;
  std::vector<std::uint32_t> places_;
};

} // namespace bourse::market
