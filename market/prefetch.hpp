#pragma once

namespace bourse::market {

/// Fetches the cache line of `address`, which need not be valid. The empty assembly counts as an
/// effect: without one, g++ takes a function that only prefetches for pure, and drops the call.
inline void prefetch_line(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

} // namespace bourse::market
