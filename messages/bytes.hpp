// Owned bytes, views of them, and the fixed-size values of cryptography.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bourse::messages {

/// Bytes travel as std::string: CAF moves those fastest, and Protobuf takes them as they are.
using bytes = std::string;
using byte_view = std::string_view;
/// Bytes that several actors read and none writes.
using shared_bytes = std::shared_ptr<const bytes>;

/// A value of exactly N bytes; the tag keeps digests, keys and signatures apart.
template <class Tag, std::size_t N>
struct fixed_bytes {
  static constexpr std::size_t size = N;

  std::array<std::uint8_t, N> data{};

  byte_view view() const {
    return {reinterpret_cast<const char*>(data.data()), N};
  }

  /// Copies from `from`, which must hold exactly N bytes; false if it does not.
  bool assign(byte_view from) {
    if (from.size() != N)
      return false;
    std::memcpy(data.data(), from.data(), N);
    return true;
  }

  friend auto operator<=>(const fixed_bytes&, const fixed_bytes&) = default;
};

/// BLAKE2b-256 of some bytes.
using digest = fixed_bytes<struct digest_tag, 32>;
/// An Ed25519 signature, detached.
using signature = fixed_bytes<struct signature_tag, 64>;
/// An Ed25519 public key: the identity of a replica or client.
using public_key = fixed_bytes<struct public_key_tag, 32>;

/// Lower-case hexadecimal, two characters a byte.
std::string to_hex(byte_view data);
/// The reverse of to_hex; empty if `hex` has an odd length or another character in it.
bytes from_hex(std::string_view hex);

} // namespace bourse::messages

template <class Tag, std::size_t N>
struct std::hash<bourse::messages::fixed_bytes<Tag, N>> {
  /// Digests, keys and signatures are uniform already: their first bytes are a hash.
  std::size_t operator()(const bourse::messages::fixed_bytes<Tag, N>& x) const noexcept {
    std::size_t h;
    std::memcpy(&h, x.data.data(), sizeof h);
    return h;
  }
};
