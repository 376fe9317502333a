// What a node spends on replicas that are behind: blocks, bodies and states go out at a measured
// pace, so that serving a laggard does not slow those who keep up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace bourse::actors {

/// A token bucket that several actors share. What was asked for may overdraw it; then everybody
/// waits until it is filled again.
class serve_pace {
public:
  explicit serve_pace(std::uint64_t bytes_per_s) : rate_(static_cast<std::int64_t>(bytes_per_s)) {}

  /// How long to wait before the next answer; 0: not at all.
  std::uint64_t wait_ms(std::uint64_t now_ms) {
    std::lock_guard lock{mutex_};
    fill(now_ms);
    return left_ > 0 ? 0 : static_cast<std::uint64_t>(1 - left_ * 1000 / rate_);
  }
  void spent(std::size_t bytes) {
    std::lock_guard lock{mutex_};
    left_ -= static_cast<std::int64_t>(bytes);
    total_ += bytes;
  }
  std::uint64_t total() const {
    std::lock_guard lock{mutex_};
    return total_;
  }

private:
  /// Holds what a quarter of a second gives.
  void fill(std::uint64_t now_ms) {
    if (!begun_ || now_ms < filled_ms_) {
      begun_ = true;
      left_ = rate_ / 4;
    } else {
      auto since = static_cast<std::int64_t>(std::min<std::uint64_t>(now_ms - filled_ms_, 60'000));
      left_ = std::min(left_ + since * rate_ / 1000, rate_ / 4);
    }
    filled_ms_ = now_ms;
  }

  mutable std::mutex mutex_;
  std::int64_t rate_;
  std::int64_t left_ = 0;
  std::uint64_t filled_ms_ = 0;
  std::uint64_t total_ = 0;
  bool begun_ = false;
};

} // namespace bourse::actors
