// Seeded randomness for tests and made-up markets: the same everywhere, for ever. Not for secrets.
#pragma once

#include <cstdint>

namespace bourse::messages {

/// Sebastiano Vigna's splitmix64.
class splitmix64 {
public:
  explicit splitmix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }
  /// 0 to n-1; 0 if n is 0.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(next()) * n >> 64);
  }

private:
  std::uint64_t state_;
};

} // namespace bourse::messages
