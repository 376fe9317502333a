// Seeded random values for the tests of codecs: the same seed gives the same values everywhere.
#pragma once

#include <cstdint>

#include "messages/bytes.hpp"

namespace bourse::messages {

/// Sebastiano Vigna's splitmix64.
class splitmix64 {
public:
  explicit splitmix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// 0 to n-1; 0 if n is 0.
  std::uint64_t below(std::uint64_t n) {
    return n == 0 ? 0 : next() % n;
  }
  bool chance(std::uint64_t one_in) {
    return below(one_in) == 0;
  }

private:
  std::uint64_t state_;
};

inline bytes random_bytes(splitmix64& random, std::size_t size) {
  bytes out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random.next());
  return out;
}

template <class Fixed>
Fixed random_fixed(splitmix64& random) {
  Fixed out;
  out.assign(random_bytes(random, Fixed::size));
  return out;
}

} // namespace bourse::messages
