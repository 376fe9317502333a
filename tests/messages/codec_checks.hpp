// What every codec must pass, whatever it decodes. Include behind tests/suite.hpp.
#pragma once

#include <string_view>

#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "tests/messages/generators.hpp"

namespace bourse::messages {

/// Seeds of every random test, printed by the one that fails.
inline constexpr std::uint64_t seeds = 300;

/// The name of the error, or "ok": what tests compare.
template <class T>
std::string_view outcome(const expected<T>& x) {
  return x ? "ok" : to_string(x.error().code);
}

/// What `make(random)` gives is what comes back from its encoding.
template <class Make, class Decode>
void check_round_trips(Make make, Decode decode) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto value = make(random);
    auto encoded = encode(value);
    auto decoded = decode(encoded);
    if (!decoded)
      CAF_FAIL("seed " << seed << ": " << to_string(decoded.error()));
    if (!(*decoded == value) || encode(*decoded) != encoded)
      CAF_FAIL("seed " << seed << ": another value came back");
  }
  CAF_CHECK(true);
}

/// Hostile bytes: an answer, never a crash; and what is accepted is a value like any other, which
/// survives its own round trip.
template <class Decode>
bool withstands(byte_view hostile, Decode decode) {
  auto decoded = decode(hostile);
  if (!decoded)
    return true;
  auto again = decode(encode(*decoded));
  return again && *again == *decoded;
}

/// Encodings cut at every byte, with bytes flipped, doubled and put together from two; and noise.
template <class Make, class Decode>
void check_hostile_bytes(Make make, Decode decode) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto encoded = encode(make(random));
    auto ok = true;
    if (seed <= 30)
      for (std::size_t size = 0; size < encoded.size(); ++size)
        ok = ok && withstands(byte_view{encoded}.substr(0, size), decode);
    for (int i = 0; i < 50 && !encoded.empty(); ++i) {
      auto changed = encoded;
      for (auto flips = 1 + random.below(3); flips > 0; --flips) {
        auto& c = changed[random.below(changed.size())];
        c = static_cast<char>(flip(random) ? c ^ (1 << random.below(8)) : random.next());
      }
      ok = ok && withstands(changed, decode);
    }
    ok = ok && withstands(encoded + encode(make(random)), decode);
    ok = ok && withstands(random_bytes(random, random.below(200)), decode);
    if (!ok)
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(true);
}

/// A canonical codec accepts an encoding and nothing else.
template <class Make, class Decode>
void check_canonical(Make make, Decode decode) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto encoded = encode(make(random));
    for (int i = 0; i < 50; ++i) {
      auto changed = encoded;
      auto at = random.below(changed.size());
      if (flip(random))
        changed[at] = static_cast<char>(random.next());
      else
        changed.insert(at, 1, static_cast<char>(random.next()));
      auto decoded = decode(changed);
      if (decoded && encode(*decoded) != changed)
        CAF_FAIL("seed " << seed << ": two encodings of one value");
    }
    // An unknown field, and a known one (of number 2, a varint) again.
    if (decode(encoded + "\xf8\x01\x01") || decode(encoded + "\x10\x01"))
      CAF_FAIL("seed " << seed << ": accepted what encode() does not give");
  }
  CAF_CHECK(true);
}

} // namespace bourse::messages
