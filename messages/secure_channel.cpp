#include "messages/secure_channel.hpp"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <string>

#include "messages/assert.hpp"
#include "messages/handshake.hpp"

namespace bourse::messages {

namespace {

using handshake::frame_type;
using handshake::hello;
using handshake::proof;
using stream_state = crypto_secretstream_xchacha20poly1305_state;

/// A buffer above this size is given back once it is empty: most frames are far smaller.
constexpr std::size_t kept_buffer_bytes = std::size_t{256} * 1024;

static_assert(handshake::exchange_key::size == crypto_kx_PUBLICKEYBYTES);
static_assert(handshake::stream_header::size == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(secure_channel::seal_bytes == crypto_secretstream_xchacha20poly1305_ABYTES);

unsigned char* raw(char* p) {
  return reinterpret_cast<unsigned char*>(p);
}

const unsigned char* raw(const char* p) {
  return reinterpret_cast<const unsigned char*>(p);
}

void append_length(bytes& out, std::size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(length >> shift & 0xff));
}

std::uint32_t read_length(byte_view header) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < secure_channel::header_bytes; ++i)
    length = length << 8 | static_cast<unsigned char>(header[i]);
  return length;
}

void forget(bytes& buffer) {
  buffer.clear();
  if (buffer.capacity() > kept_buffer_bytes)
    bytes{}.swap(buffer);
}

} // namespace

handshake_seed fresh_handshake_seed() {
  handshake_seed seed;
  randombytes_buf(seed.data(), seed.size());
  return seed;
}

// -- state -------------------------------------------------------------------------------------

struct secure_channel::impl {
  enum class stage {
    listener_hello, ///< the dialer waits for it
    listener_proof, ///< likewise
    dialer_hello,   ///< the listener waits for it
    dialer_proof,   ///< likewise
    open,
    failed,
  };

  impl(const channel_settings& s, const key_pair& id, const handshake_seed& fresh, stage first)
      : settings(s), identity(&id), seed(fresh), now(first) {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    wipe_handshake();
    wipe(&push, sizeof push);
    wipe(&pull, sizeof pull);
  }

  channel_settings settings;
  const key_pair* identity;
  handshake_seed seed;
  stage now;
  std::optional<error> failure; ///< why the stage is `failed`
  admission admit;              ///< listeners
  public_key peer;              ///< dialers: the one wanted; listeners: from the hello on
  peer_role role = peer_role::replica;

  // The handshake. Frames 1 to 3 as they travelled.
  bytes transcript;
  std::array<unsigned char, crypto_kx_PUBLICKEYBYTES> exchange_public{};
  std::array<unsigned char, crypto_kx_SECRETKEYBYTES> exchange_secret{};
  std::array<unsigned char, crypto_kx_SESSIONKEYBYTES> receive_key{};
  std::array<unsigned char, crypto_kx_SESSIONKEYBYTES> send_key{};

  stream_state push{};
  stream_state pull{};

  bytes pending; ///< the start of a frame of which more must come
  bytes output;

  bool is_dialer() const {
    return now == stage::listener_hello || now == stage::listener_proof;
  }
  void wipe_handshake();
  void append_frame(byte_view payload);

  bytes make_hello(frame_type type);
  expected<void> accept_hello(const hello& from);
  expected<void> derive_keys(const hello& from);
  proof make_proof(frame_type type);
  expected<void> accept_proof(frame_type type, byte_view frame);
  expected<void> on_handshake(byte_view frame);
  expected<void> on_listener_hello(byte_view frame);
  expected<void> on_dialer_hello(byte_view frame);
  expected<void> on_dialer_proof(byte_view frame);

  expected<std::size_t> frame_size(byte_view header) const;
  expected<void> on_frame(byte_view payload, std::vector<bytes>& frames);
  expected<void> receive(byte_view data, std::vector<bytes>& frames);
  expected<void> complete_pending(byte_view& data, std::vector<bytes>& frames);
};

void secure_channel::impl::wipe_handshake() {
  wipe(seed.data(), seed.size());
  wipe(exchange_secret.data(), exchange_secret.size());
  wipe(receive_key.data(), receive_key.size());
  wipe(send_key.data(), send_key.size());
}

void secure_channel::impl::append_frame(byte_view payload) {
  append_length(output, payload.size());
  output.append(payload);
}

// -- handshake ---------------------------------------------------------------------------------

bytes secure_channel::impl::make_hello(frame_type type) {
  // One seed gives both: the hash hides it, the labels keep them apart.
  byte_view secret{reinterpret_cast<const char*>(seed.data()), seed.size()};
  auto exchange_seed = hasher{}.add("bourse exchange key").add(secret).finish();
  auto public_nonce = hasher{}.add("bourse nonce").add(secret).finish();
  crypto_kx_seed_keypair(exchange_public.data(), exchange_secret.data(), exchange_seed.data.data());
  wipe(exchange_seed.data.data(), digest::size);
  wipe(seed.data(), seed.size());

  hello h;
  h.role = settings.role;
  h.cluster = settings.cluster;
  h.identity = identity->identity();
  std::copy(exchange_public.begin(), exchange_public.end(), h.exchange.data.begin());
  h.nonce.data = public_nonce.data;
  return encode(type, h);
}

expected<void> secure_channel::impl::accept_hello(const hello& from) {
  if (from.cluster != settings.cluster)
    return fail(errc::wrong_cluster, "handshake: " + to_hex(from.cluster.view()));
  if (from.identity == identity->identity())
    return fail(errc::handshake_failed, "handshake: our own identity");
  if (is_dialer()) {
    if (from.role != peer_role::replica || from.identity != peer)
      return fail(errc::handshake_failed, "handshake: not the replica that was dialled");
    return {};
  }
  if (auto known = admit(from.role, from.identity); !known)
    return known;
  peer = from.identity;
  role = from.role;
  return {};
}

expected<void> secure_channel::impl::derive_keys(const hello& from) {
  auto* derive = is_dialer() ? crypto_kx_client_session_keys : crypto_kx_server_session_keys;
  if (derive(receive_key.data(), send_key.data(), exchange_public.data(), exchange_secret.data(),
             from.exchange.data.data())
      != 0)
    return fail(errc::handshake_failed, "handshake: weak exchange key");
  return {};
}

proof secure_channel::impl::make_proof(frame_type type) {
  proof p;
  crypto_secretstream_xchacha20poly1305_init_push(&push, p.header.data.data(), send_key.data());
  auto payload = handshake::proof_payload(type, hash(transcript), p.header);
  p.signature = identity->sign(purpose::handshake, settings.cluster, payload);
  return p;
}

expected<void> secure_channel::impl::accept_proof(frame_type type, byte_view frame) {
  auto p = handshake::decode_proof(type, frame);
  if (!p)
    return tl::unexpected{p.error()};
  auto payload = handshake::proof_payload(type, hash(transcript), p->header);
  if (!verify(peer, purpose::handshake, settings.cluster, payload, p->signature))
    return fail(errc::handshake_failed, "handshake: signature");
  if (crypto_secretstream_xchacha20poly1305_init_pull(&pull, p->header.data.data(),
                                                      receive_key.data())
      != 0)
    return fail(errc::handshake_failed, "handshake: stream header");
  return {};
}

expected<void> secure_channel::impl::on_listener_hello(byte_view frame) {
  auto theirs = handshake::decode_hello(frame_type::listener_hello, frame);
  if (!theirs)
    return tl::unexpected{theirs.error()};
  if (auto ok = accept_hello(*theirs); !ok)
    return ok;
  if (auto ok = derive_keys(*theirs); !ok)
    return ok;
  transcript.append(frame);
  auto ours = encode(frame_type::dialer_proof, make_proof(frame_type::dialer_proof));
  transcript.append(ours);
  append_frame(ours);
  now = stage::listener_proof;
  return {};
}

expected<void> secure_channel::impl::on_dialer_hello(byte_view frame) {
  auto theirs = handshake::decode_hello(frame_type::dialer_hello, frame);
  if (!theirs)
    return tl::unexpected{theirs.error()};
  if (auto ok = accept_hello(*theirs); !ok)
    return ok;
  auto ours = make_hello(frame_type::listener_hello);
  if (auto ok = derive_keys(*theirs); !ok)
    return ok;
  transcript.append(frame);
  transcript.append(ours);
  append_frame(ours);
  now = stage::dialer_proof;
  return {};
}

expected<void> secure_channel::impl::on_dialer_proof(byte_view frame) {
  if (auto ok = accept_proof(frame_type::dialer_proof, frame); !ok)
    return ok;
  transcript.append(frame);
  append_frame(encode(frame_type::listener_proof, make_proof(frame_type::listener_proof)));
  now = stage::open;
  wipe_handshake();
  return {};
}

expected<void> secure_channel::impl::on_handshake(byte_view frame) {
  switch (now) {
    case stage::listener_hello:
      return on_listener_hello(frame);
    case stage::dialer_hello:
      return on_dialer_hello(frame);
    case stage::dialer_proof:
      return on_dialer_proof(frame);
    case stage::listener_proof:
      if (auto ok = accept_proof(frame_type::listener_proof, frame); !ok)
        return ok;
      now = stage::open;
      wipe_handshake();
      return {};
    case stage::open:
    case stage::failed:
      break;
  }
  BOURSE_ASSERT(!"a handshake frame outside the handshake");
}

// -- frames ------------------------------------------------------------------------------------

/// The size that a length header announces, before anything is kept for it.
expected<std::size_t> secure_channel::impl::frame_size(byte_view header) const {
  std::size_t size = read_length(header);
  auto open = now == stage::open;
  auto max = open ? settings.max_frame_bytes + seal_bytes : max_handshake_bytes;
  if (size > max)
    return fail(errc::too_large, "frame of " + std::to_string(size) + " bytes");
  if (size < (open ? seal_bytes : 1))
    return fail(errc::malformed, "frame of " + std::to_string(size) + " bytes");
  return size;
}

expected<void> secure_channel::impl::on_frame(byte_view payload, std::vector<bytes>& frames) {
  if (now != stage::open)
    return on_handshake(payload);
  bytes plaintext;
  plaintext.resize(payload.size() - seal_bytes);
  unsigned char tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(&pull, raw(plaintext.data()), nullptr, &tag,
                                                 raw(payload.data()), payload.size(), nullptr, 0)
          != 0
      || tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE)
    return fail(errc::malformed, "frame is not authentic");
  frames.push_back(std::move(plaintext));
  return {};
}

/// Moves bytes from `data` to `pending`, and handles the frame there if that completes it.
expected<void> secure_channel::impl::complete_pending(byte_view& data, std::vector<bytes>& frames) {
  auto fill = [&](std::size_t wanted) {
    auto piece = data.substr(0, wanted - pending.size());
    pending.append(piece); // grows with what has come, not with what was announced
    data.remove_prefix(piece.size());
    return pending.size() == wanted;
  };
  if (pending.size() < header_bytes && !fill(header_bytes))
    return {};
  auto size = frame_size(pending);
  if (!size)
    return tl::unexpected{size.error()};
  if (!fill(header_bytes + *size))
    return {};
  auto ok = on_frame(byte_view{pending}.substr(header_bytes), frames);
  forget(pending);
  return ok;
}

expected<void> secure_channel::impl::receive(byte_view data, std::vector<bytes>& frames) {
  while (!data.empty()) {
    if (pending.empty() && data.size() >= header_bytes) {
      auto size = frame_size(data);
      if (!size)
        return tl::unexpected{size.error()};
      if (data.size() - header_bytes >= *size) { // a whole frame: no need to keep it
        if (auto ok = on_frame(data.substr(header_bytes, *size), frames); !ok)
          return ok;
        data.remove_prefix(header_bytes + *size);
        continue;
      }
    }
    if (auto ok = complete_pending(data, frames); !ok)
      return ok;
  }
  return {};
}

// -- interface ---------------------------------------------------------------------------------

secure_channel secure_channel::dialer(const channel_settings& settings, const key_pair& identity,
                                      const public_key& peer, const handshake_seed& fresh) {
  auto state = std::make_unique<impl>(settings, identity, fresh, impl::stage::listener_hello);
  state->peer = peer;
  state->transcript = state->make_hello(frame_type::dialer_hello);
  state->append_frame(state->transcript);
  return secure_channel{std::move(state)};
}

secure_channel secure_channel::listener(const channel_settings& settings, const key_pair& identity,
                                        admission admit, const handshake_seed& fresh) {
  auto state = std::make_unique<impl>(settings, identity, fresh, impl::stage::dialer_hello);
  state->admit = std::move(admit);
  return secure_channel{std::move(state)};
}

secure_channel::secure_channel(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

secure_channel::secure_channel(secure_channel&&) noexcept = default;
secure_channel& secure_channel::operator=(secure_channel&&) noexcept = default;
secure_channel::~secure_channel() = default;

expected<void> secure_channel::receive(byte_view data, std::vector<bytes>& frames) {
  if (impl_->failure)
    return tl::unexpected{*impl_->failure};
  auto ok = impl_->receive(data, frames);
  if (!ok) {
    impl_->failure = ok.error();
    impl_->now = impl::stage::failed;
    impl_->wipe_handshake();
  }
  return ok;
}

expected<void> secure_channel::send(byte_view plaintext) {
  if (impl_->now != impl::stage::open)
    return fail(errc::handshake_failed, "not established");
  if (plaintext.size() > impl_->settings.max_frame_bytes)
    return fail(errc::too_large, "frame of " + std::to_string(plaintext.size()) + " bytes");
  auto& out = impl_->output;
  append_length(out, plaintext.size() + seal_bytes);
  auto at = out.size();
  out.resize(at + plaintext.size() + seal_bytes);
  crypto_secretstream_xchacha20poly1305_push(&impl_->push, raw(out.data() + at), nullptr,
                                             raw(plaintext.data()), plaintext.size(), nullptr, 0,
                                             crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
  return {};
}

byte_view secure_channel::output() const {
  return impl_->output;
}

void secure_channel::clear_output() {
  forget(impl_->output);
}

bytes secure_channel::take_output() {
  return std::exchange(impl_->output, {});
}

bool secure_channel::established() const {
  return impl_->now == impl::stage::open;
}

const public_key& secure_channel::peer() const {
  return impl_->peer;
}

peer_role secure_channel::role() const {
  return impl_->role;
}

} // namespace bourse::messages
