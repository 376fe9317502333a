// Hashing and signing on libsodium. Everything here is pure: same input, same output, but for
// `key_pair::generate` and `fresh_hash_seed`, which ask the operating system for randomness.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace bourse::messages {

/// Prepares libsodium; the first call of any program. Aborts if the system gives no randomness.
void init_crypto();

/// BLAKE2b-256 of `data`.
digest hash(byte_view data);

/// BLAKE2b-256 over parts, as if they stood in one piece. The caller separates fields of variable
/// length itself.
class hasher {
public:
  hasher();
  hasher& add(byte_view data);
  hasher& add(const digest& d) {
    return add(d.view());
  }
  /// Adds the 8 bytes of `x`, little endian.
  hasher& add_u64(std::uint64_t x);
  digest finish();

private:
  alignas(64) std::array<unsigned char, 384> state_; // crypto_generichash_state
};

/// Domain separation: a signature made for one purpose verifies for no other. The purpose and the
/// cluster id are signed in front of every payload.
enum class purpose : std::uint8_t {
  submission = 1,
  pre_prepare = 2,
  prepare = 3,
  commit = 4,
  checkpoint = 5,
  results = 6,
  handshake = 7,
  view_change = 8,
  new_view = 9,
  stamp_report = 10,
};

/// An Ed25519 key pair. The secret half is wiped from memory at destruction and never printed.
class key_pair {
public:
  /// A new pair from the operating system's randomness.
  static key_pair generate();
  /// The pair that a 32-byte seed gives: what a key file stores, and what tests use.
  static key_pair from_seed(const std::array<std::uint8_t, 32>& seed);

  key_pair(key_pair&&) noexcept;
  key_pair& operator=(key_pair&&) noexcept;
  key_pair(const key_pair&) = delete;
  key_pair& operator=(const key_pair&) = delete;
  ~key_pair();

  const public_key& identity() const {
    return public_;
  }
  /// Copies the seed out, for writing a key file; the caller wipes it.
  std::array<std::uint8_t, 32> seed() const;
  /// The same pair again: copies are made on purpose only.
  key_pair copy() const;

  /// Signs purpose || cluster || payload.
  signature sign(purpose why, const digest& cluster, byte_view payload) const;

private:
  key_pair() = default;
  public_key public_;
  std::array<std::uint8_t, 64> secret_{};
};

/// True if `sig` is `by`'s signature of purpose || cluster || payload. Costs about 70 us.
bool verify(const public_key& by, purpose why, const digest& cluster, byte_view payload,
            const signature& sig);

/// From the operating system: for hash tables whose keys strangers choose.
std::uint64_t fresh_hash_seed();

/// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size);

} // namespace bourse::messages
