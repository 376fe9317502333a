// Seeded randomness for tests: the same everywhere, for ever.
#pragma once

#include <cstdint>

namespace bourse::market {

class splitmix64 {
public:
  explicit splitmix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
  }
  std::uint64_t below(std::uint64_t n) {
    return next() % n;
  }

private:
  std::uint64_t state_;
};

} // namespace bourse::market
