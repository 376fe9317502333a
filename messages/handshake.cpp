#include "messages/handshake.hpp"

#include <string>

namespace bourse::messages::handshake {

namespace {

/// Reads a fixed-size value off the front of a frame whose size is known to suffice.
template <class Fixed>
void take(byte_view& from, Fixed& to) {
  to.assign(from.substr(0, Fixed::size));
  from.remove_prefix(Fixed::size);
}

} // namespace

bytes encode(frame_type type, const hello& h) {
  bytes out;
  out.reserve(hello::size);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(protocol_version >> 8));
  out.push_back(static_cast<char>(protocol_version & 0xff));
  out.push_back(static_cast<char>(h.role));
  out.append(h.cluster.view());
  out.append(h.identity.view());
  out.append(h.exchange.view());
  out.append(h.nonce.view());
  return out;
}

bytes encode(frame_type type, const proof& p) {
  bytes out;
  out.reserve(proof::size);
  out.push_back(static_cast<char>(type));
  out.append(p.header.view());
  out.append(p.signature.view());
  return out;
}

expected<hello> decode_hello(frame_type type, byte_view frame) {
  if (frame.size() < 3 || frame[0] != static_cast<char>(type))
    return fail(errc::malformed, "handshake: not a hello");
  // The version comes first, so that a later one may have another layout.
  auto version = static_cast<unsigned char>(frame[1]) << 8 | static_cast<unsigned char>(frame[2]);
  if (version != protocol_version)
    return fail(errc::unsupported_version, "handshake: version " + std::to_string(version));
  if (frame.size() != hello::size)
    return fail(errc::malformed, "handshake: size of hello");
  hello out;
  out.role = static_cast<peer_role>(frame[3]);
  if (out.role != peer_role::replica && out.role != peer_role::client)
    return fail(errc::malformed, "handshake: role");
  frame.remove_prefix(4);
  take(frame, out.cluster);
  take(frame, out.identity);
  take(frame, out.exchange);
  take(frame, out.nonce);
  return out;
}

expected<proof> decode_proof(frame_type type, byte_view frame) {
  if (frame.size() != proof::size || frame[0] != static_cast<char>(type))
    return fail(errc::malformed, "handshake: not a proof");
  proof out;
  frame.remove_prefix(1);
  take(frame, out.header);
  take(frame, out.signature);
  return out;
}

bytes proof_payload(frame_type type, const digest& transcript, const stream_header& header) {
  bytes out;
  out.push_back(static_cast<char>(type));
  out.append(transcript.view());
  out.append(header.view());
  return out;
}

} // namespace bourse::messages::handshake
