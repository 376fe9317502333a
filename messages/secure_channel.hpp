// The two ends of an authenticated, encrypted link, as a pure class: bytes from the socket go in,
// plaintext frames and bytes for the socket come out. It knows no sockets, threads or clock; the
// deadline of the handshake is its owner's.
//
// On the wire everything is [u32 length, big endian][payload]. The handshake is four frames:
//
//   1  dialer    hello   version, role, cluster, identity key, fresh X25519 key, nonce
//   2  listener  hello   likewise
//   3  dialer    proof   stream header, signature over hash(1 || 2) and the header
//   4  listener  proof   stream header, signature over hash(1 || 2 || 3) and the header
//
// Both signatures cover both identities and both fresh keys and say which side made them, so none
// can be replayed, reflected, or used to pass one peer off as another. Session keys come from
// crypto_kx, data frames from crypto_secretstream, which detects change, loss, repetition and
// reordering. A listener spends no signature before the dialer has proved who it is.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/crypto.hpp"
#include "messages/error.hpp"
#include "messages/handshake.hpp"

namespace bourse::messages {

/// 32 random bytes from which a handshake takes its fresh key and nonce. Never used twice, but by
/// tests.
using handshake_seed = std::array<std::uint8_t, 32>;

/// From the operating system's randomness.
handshake_seed fresh_handshake_seed();

struct channel_settings {
  digest cluster;
  /// Our own role. Listeners are replicas.
  peer_role role = peer_role::replica;
  /// The largest plaintext of one frame, either way: the largest message and a batch before it.
  std::uint32_t max_frame_bytes = 4 * 1024 * 1024 + 64 * 1024;
};

class secure_channel {
public:
  /// Decides whether a key that says it is a replica's or a client's is known. Asked before it has
  /// proved anything. Its error is what `receive` returns.
  using admission = std::function<expected<void>(peer_role, const public_key&)>;

  /// Length of a frame, in front of it.
  static constexpr std::size_t header_bytes = 4;
  /// What sealing adds to a plaintext, the length not counted.
  static constexpr std::size_t seal_bytes = 17;
  /// No frame of a handshake is longer.
  static constexpr std::size_t max_handshake_bytes = 256;

  /// The end that connects, to the replica that owns `peer`. Its hello is in output() at once.
  /// `identity` must outlive the channel.
  static secure_channel dialer(const channel_settings& settings, const key_pair& identity,
                               const public_key& peer, const handshake_seed& fresh);
  /// The end that was connected to. `identity` must outlive the channel.
  static secure_channel listener(const channel_settings& settings, const key_pair& identity,
                                 admission admit, const handshake_seed& fresh);

  secure_channel(secure_channel&&) noexcept;
  secure_channel& operator=(secure_channel&&) noexcept;
  /// Wipes the keys.
  ~secure_channel();

  /// Takes what came from the socket, in pieces of any size, and appends the plaintext of every
  /// frame that is complete. May add to output(). Any error is final: close the connection; what
  /// was appended before is authentic all the same. Errors: unsupported_version, wrong_cluster,
  /// handshake_failed, malformed (also: a frame that was changed, lost or repeated), too_large, and
  /// those of `admission`.
  expected<void> receive(byte_view data, std::vector<bytes>& frames);

  /// Seals one frame into output(). Whatever is to be dropped must be dropped before this, since
  /// the other side misses a lost frame. Errors: handshake_failed (not established, or closed by an
  /// error), too_large.
  expected<void> send(byte_view plaintext);

  /// Bytes to write to the socket, in order; valid until the next call of another member.
  byte_view output() const;
  /// Forgets output(), once it is copied into the socket's buffer.
  void clear_output();
  /// Moves output() out.
  bytes take_output();

  /// True from the moment that both ends have proved who they are. Until then nothing is sealed or
  /// opened.
  bool established() const;
  /// The other side's key; meaningful once established.
  const public_key& peer() const;
  /// The other side's role; meaningful once established.
  peer_role role() const;

private:
  struct impl;
  explicit secure_channel(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

} // namespace bourse::messages
