// When to do something again.
#pragma once

#include <algorithm>
#include <cstdint>

namespace bourse::consensus {

inline constexpr std::uint64_t ns_per_ms = 1'000'000;

/// Due after `base`, then after twice that, and so on up to eight times. Stopped at first.
class backoff {
public:
  void start(std::uint64_t now_ns, std::uint64_t base_ms) {
    base_ns_ = base_ms * ns_per_ms;
    interval_ns_ = base_ns_;
    due_ns_ = now_ns + interval_ns_;
    running_ = true;
  }
  void stop() {
    running_ = false;
  }
  bool running() const {
    return running_;
  }
  /// The next `due` is true, and intervals begin anew. Does not start what is stopped.
  void hurry() {
    due_ns_ = 0;
    interval_ns_ = base_ns_;
  }

  /// True once per interval.
  bool due(std::uint64_t now_ns) {
    if (!running_ || now_ns < due_ns_)
      return false;
    due_ns_ = now_ns + interval_ns_;
    interval_ns_ = std::min(interval_ns_ * 2, base_ns_ * 8);
    return true;
  }

private:
  std::uint64_t base_ns_ = 0;
  std::uint64_t interval_ns_ = 0;
  std::uint64_t due_ns_ = 0;
  bool running_ = false;
};

} // namespace bourse::consensus
