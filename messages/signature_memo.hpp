// Signatures that cost a lookup to check, where all who sign live in one thread: a simulator checks
// thousands of clusters, and arithmetic on curves would be most of its work.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "messages/crypto.hpp"

namespace bourse::messages {

/// While one lives, every `key_pair::sign` of its thread is remembered, and `verify` looks there
/// first. It never makes a signature valid that its key did not make on this thread, over these
/// very bytes. Not nested. A node never has one.
class signature_memo {
public:
  enum class making : std::uint8_t {
    genuine,  ///< Ed25519; what is not remembered is checked as ever
    stand_in, ///< hashes instead, some fifty times cheaper; what is not remembered is refused
  };

  explicit signature_memo(making how);
  ~signature_memo();
  signature_memo(const signature_memo&) = delete;
  signature_memo& operator=(const signature_memo&) = delete;

  /// Of this thread; null if there is none.
  static signature_memo* current();

  making how() const {
    return how_;
  }
  /// A signature for whoever knows the secret.
  static signature stand_in(byte_view secret, byte_view message);
  void remember(const signature& s, const public_key& by, byte_view message);
  /// Whether the signature was made by this key over this message; nothing: it was not made here.
  std::optional<bool> made(const signature& s, const public_key& by, byte_view message) const;

private:
  static digest over(const public_key& by, byte_view message);

  making how_;
  std::unordered_map<signature, digest> made_;
};

} // namespace bourse::messages
