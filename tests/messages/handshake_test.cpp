#define CAF_SUITE handshake
#include "tests/suite.hpp"

#include "messages/handshake.hpp"

#include "tests/messages/generators.hpp"

using namespace bourse::messages;
using namespace bourse::messages::handshake;

namespace {

hello sample_hello() {
  hello h;
  h.role = peer_role::client;
  h.cluster.data.fill(0x11);
  h.identity.data.fill(0x22);
  h.exchange.data.fill(0x33);
  h.nonce.data.fill(0x44);
  return h;
}

std::string repeat(std::string_view hex, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += hex;
  return out;
}

} // namespace

CAF_TEST(the layout of a hello is fixed) {
  auto encoded = encode(frame_type::dialer_hello, sample_hello());
  CAF_CHECK_EQUAL(to_hex(encoded), "01000102" + repeat("11", 32) + repeat("22", 32)
                                       + repeat("33", 32) + repeat("44", 32));
  auto decoded = decode_hello(frame_type::dialer_hello, encoded);
  CAF_REQUIRE(decoded);
  CAF_CHECK(decoded->role == peer_role::client);
  CAF_CHECK(decoded->cluster == sample_hello().cluster);
  CAF_CHECK(decoded->identity == sample_hello().identity);
  CAF_CHECK(decoded->exchange == sample_hello().exchange);
  CAF_CHECK(decoded->nonce == sample_hello().nonce);
}

CAF_TEST(the layout of a proof and of what it signs is fixed) {
  proof p;
  p.header.data.fill(0x55);
  p.signature.data.fill(0x66);
  auto encoded = encode(frame_type::listener_proof, p);
  CAF_CHECK_EQUAL(to_hex(encoded), "04" + repeat("55", 24) + repeat("66", 64));
  auto decoded = decode_proof(frame_type::listener_proof, encoded);
  CAF_REQUIRE(decoded);
  CAF_CHECK(decoded->header == p.header);
  CAF_CHECK(decoded->signature == p.signature);

  digest transcript;
  transcript.data.fill(0x77);
  CAF_CHECK_EQUAL(to_hex(proof_payload(frame_type::dialer_proof, transcript, p.header)),
                  "03" + repeat("77", 32) + repeat("55", 24));
}

CAF_TEST(frames of any other size or type or role are refused) {
  auto h = encode(frame_type::dialer_hello, sample_hello());
  auto p = encode(frame_type::dialer_proof, proof{});
  for (std::size_t size = 0; size < h.size(); ++size)
    CAF_CHECK(!decode_hello(frame_type::dialer_hello, byte_view{h}.substr(0, size)));
  for (std::size_t size = 0; size < p.size(); ++size)
    CAF_CHECK(!decode_proof(frame_type::dialer_proof, byte_view{p}.substr(0, size)));
  CAF_CHECK(!decode_hello(frame_type::dialer_hello, h + 'x'));
  CAF_CHECK(!decode_proof(frame_type::dialer_proof, p + 'x'));
  CAF_CHECK(!decode_hello(frame_type::listener_hello, h));
  CAF_CHECK(!decode_proof(frame_type::listener_proof, p));
  for (int role = 0; role < 256; ++role) {
    h[3] = static_cast<char>(role);
    CAF_CHECK_EQUAL(decode_hello(frame_type::dialer_hello, h).has_value(), role == 1 || role == 2);
  }
}

CAF_TEST(other versions are named as such) {
  auto h = encode(frame_type::dialer_hello, sample_hello());
  for (int version : {0, 2, 255}) {
    h[2] = static_cast<char>(version);
    auto decoded = decode_hello(frame_type::dialer_hello, h);
    CAF_REQUIRE(!decoded);
    CAF_CHECK(decoded.error().code == errc::unsupported_version);
  }
}
