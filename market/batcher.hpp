// When a primary proposes: soon enough for a lone order, late enough for full blocks under load.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace bourse::market {

/// Pure. In the manner of Nagle: while nothing is in flight whatever is ready goes at once; while
/// something is, more is gathered until a block is full or the first has waited for the delay once
/// for each request that is ready, at most `patience` times: a block costs its votes and syncs
/// whatever it holds, so the busier the exchange the more a wait saves. The slots that consensus
/// grants bound it from above.
class batcher {
public:
  static constexpr std::uint32_t patience = 16;

  batcher(std::uint32_t max_requests, std::uint64_t delay_ns)
      : max_requests_(max_requests), delay_ns_(delay_ns) {}

  /// Now? `ready`: requests that could go into blocks; `in_flight`: proposals not executed yet;
  /// `owed`: a block is owed even without requests. Call whenever one of them changes, and at
  /// deadline().
  bool propose(std::uint64_t now_ns, std::uint32_t ready, std::uint64_t in_flight, bool owed) {
    if (ready == 0) {
      since_ns_.reset();
      return owed && in_flight == 0;
    }
    if (!since_ns_)
      since_ns_ = now_ns;
    wait_ns_ = delay_ns_ * std::min(ready, patience);
    if (in_flight > 0 && ready < max_requests_ && now_ns - *since_ns_ < wait_ns_)
      return false;
    since_ns_.reset();
    return true;
  }

  /// When the delay of what waits is over.
  std::optional<std::uint64_t> deadline() const {
    return since_ns_ ? std::optional{*since_ns_ + wait_ns_} : std::nullopt;
  }

private:
  std::uint32_t max_requests_;
  std::uint64_t delay_ns_;
  std::uint64_t wait_ns_ = 0;             ///< of what waits now
  std::optional<std::uint64_t> since_ns_; ///< when the oldest that waits was first seen
};

} // namespace bourse::market
