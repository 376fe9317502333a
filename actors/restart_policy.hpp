// How often a node that fails is started again, and after which pauses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace bourse::actors {

/// Pure. Pauses double while failures come close together; too many in the window are the end,
/// since what fails again and again needs a person.
class restart_policy {
public:
  struct limits {
    std::uint32_t most = 5; ///< restarts within the window
    std::uint64_t window_ms = 60'000;
    std::uint64_t first_pause_ms = 100;
    std::uint64_t longest_pause_ms = 5000;
  };

  restart_policy() : restart_policy(limits{}) {}
  explicit restart_policy(const limits& l) : limits_(l) {}

  /// The node has failed: how long to pause before it is started again; nothing: not at all.
  std::optional<std::uint64_t> failed(std::uint64_t now_ms) {
    while (!failures_.empty() && now_ms - failures_.front() >= limits_.window_ms)
      failures_.pop_front();
    if (failures_.size() >= limits_.most)
      return std::nullopt;
    auto doublings = std::min<std::size_t>(failures_.size(), 16);
    failures_.push_back(now_ms);
    return std::min(limits_.first_pause_ms << doublings, limits_.longest_pause_ms);
  }

private:
  limits limits_;
  std::deque<std::uint64_t> failures_;
};

} // namespace bourse::actors
