// The frames of a link's handshake, see secure_channel.hpp. Fixed layouts, numbers big endian.
#pragma once

#include <cstdint>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace bourse::messages {

/// What the identity key of one end of a link belongs to.
enum class peer_role : std::uint8_t { replica = 1, client = 2 };

} // namespace bourse::messages

namespace bourse::messages::handshake {

inline constexpr std::uint16_t protocol_version = 1;

/// First byte of every frame. It names the direction too, so that nothing can be reflected.
enum class frame_type : std::uint8_t {
  dialer_hello = 1,
  listener_hello = 2,
  dialer_proof = 3,
  listener_proof = 4,
};

/// A fresh X25519 public key.
using exchange_key = fixed_bytes<struct exchange_key_tag, 32>;
/// Makes the transcript one that never was before.
using nonce = fixed_bytes<struct nonce_tag, 32>;
/// What crypto_secretstream sends ahead of a stream.
using stream_header = fixed_bytes<struct stream_header_tag, 24>;

/// [type][u16 version][role][cluster][identity][exchange key][nonce]
struct hello {
  static constexpr std::size_t size = 4 + 4 * 32;

  peer_role role = peer_role::replica;
  digest cluster;
  public_key identity;
  exchange_key exchange;
  handshake::nonce nonce;
};

/// [type][stream header][signature]
struct proof {
  static constexpr std::size_t size = 1 + stream_header::size + messages::signature::size;

  stream_header header;
  messages::signature signature;
};

bytes encode(frame_type type, const hello& h);
bytes encode(frame_type type, const proof& p);
/// Errors: malformed (also: a frame of another type), unsupported_version.
expected<hello> decode_hello(frame_type type, byte_view frame);
/// Errors: malformed (also: a frame of another type).
expected<proof> decode_proof(frame_type type, byte_view frame);

/// What a proof signs under purpose::handshake: who signs, the hash of all frames before it, and
/// the stream header that it brings.
bytes proof_payload(frame_type type, const digest& transcript, const stream_header& header);

} // namespace bourse::messages::handshake
