// The clock that a replica stamps by.
#pragma once

#include <algorithm>
#include <cstdint>

#include "messages/stamps.hpp"

namespace bourse::fairness {

using namespace messages;

/// Pure. Follows a wall clock, and never goes back: where that was set back, or runs slower, it
/// goes at half the pace of the monotone clock until they meet again.
class stamp_clock {
public:
  /// Begins above `least`, what this replica has stamped or reported in an earlier life.
  stamp_clock(std::uint64_t monotone_ns, std::uint64_t wall_ms, stamp_time least)
      : monotone_ns_(monotone_ns), now_us_(std::max(wall_ms * 1000, least.value() + 1)) {}

  stamp_time now(std::uint64_t monotone_ns, std::uint64_t wall_ms) {
    auto elapsed_us = (monotone_ns - monotone_ns_) / 1000;
    monotone_ns_ += elapsed_us * 1000;
    auto first_us = wall_ms * 1000;
    auto last_us = first_us + 999; // the wall clock tells milliseconds
    auto on = now_us_ + elapsed_us;
    now_us_ = on < first_us   ? first_us
              : on <= last_us ? on
                              : std::max(last_us, now_us_ + elapsed_us / 2);
    return stamp_time{now_us_};
  }

private:
  std::uint64_t monotone_ns_;
  std::uint64_t now_us_;
};

} // namespace bourse::fairness
