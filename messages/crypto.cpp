#include "messages/crypto.hpp"

#include <sodium.h>

#include "messages/assert.hpp"
#include "messages/signature_memo.hpp"

namespace bourse::messages {

namespace {

static_assert(crypto_generichash_BYTES == digest::size);
static_assert(crypto_sign_BYTES == signature::size);
static_assert(crypto_sign_PUBLICKEYBYTES == public_key::size);
static_assert(sizeof(crypto_generichash_state) <= 384);
static_assert(alignof(crypto_generichash_state) <= 64);

const unsigned char* raw(byte_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

/// What a signature covers: purpose || cluster || payload.
bytes signed_payload(purpose why, const digest& cluster, byte_view payload) {
  bytes out;
  out.reserve(1 + digest::size + payload.size());
  out.push_back(static_cast<char>(why));
  out.append(cluster.view());
  out.append(payload);
  return out;
}

} // namespace

void init_crypto() {
  BOURSE_ASSERT(sodium_init() >= 0);
}

digest hash(byte_view data) {
  digest out;
  crypto_generichash(out.data.data(), digest::size, raw(data), data.size(), nullptr, 0);
  return out;
}

namespace {

crypto_generichash_state* state_of(std::array<unsigned char, 384>& storage) {
  return reinterpret_cast<crypto_generichash_state*>(storage.data());
}

} // namespace

hasher::hasher() {
  crypto_generichash_init(state_of(state_), nullptr, 0, digest::size);
}

hasher& hasher::add(byte_view data) {
  crypto_generichash_update(state_of(state_), raw(data), data.size());
  return *this;
}

hasher& hasher::add_u64(std::uint64_t x) {
  std::array<char, 8> little_endian;
  for (auto& c : little_endian) {
    c = static_cast<char>(x & 0xff);
    x >>= 8;
  }
  return add({little_endian.data(), little_endian.size()});
}

digest hasher::finish() {
  digest out;
  crypto_generichash_final(state_of(state_), out.data.data(), digest::size);
  return out;
}

std::uint64_t fresh_hash_seed() {
  std::uint64_t seed;
  randombytes_buf(&seed, sizeof seed);
  return seed;
}

key_pair key_pair::generate() {
  std::array<std::uint8_t, 32> seed;
  randombytes_buf(seed.data(), seed.size());
  auto pair = from_seed(seed);
  wipe(seed.data(), seed.size());
  return pair;
}

key_pair key_pair::from_seed(const std::array<std::uint8_t, 32>& seed) {
  static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_SECRETKEYBYTES == 64);
  key_pair pair;
  crypto_sign_seed_keypair(pair.public_.data.data(), pair.secret_.data(), seed.data());
  return pair;
}

key_pair::key_pair(key_pair&& other) noexcept : public_(other.public_), secret_(other.secret_) {
  wipe(other.secret_.data(), other.secret_.size());
}

key_pair& key_pair::operator=(key_pair&& other) noexcept {
  if (this != &other) {
    public_ = other.public_;
    secret_ = other.secret_;
    wipe(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

key_pair::~key_pair() {
  wipe(secret_.data(), secret_.size());
}

std::array<std::uint8_t, 32> key_pair::seed() const {
  std::array<std::uint8_t, 32> out;
  crypto_sign_ed25519_sk_to_seed(out.data(), secret_.data());
  return out;
}

key_pair key_pair::copy() const {
  key_pair pair;
  pair.public_ = public_;
  pair.secret_ = secret_;
  return pair;
}

signature key_pair::sign(purpose why, const digest& cluster, byte_view payload) const {
  auto message = signed_payload(why, cluster, payload);
  auto* memo = signature_memo::current();
  signature out;
  if (memo && memo->how() == signature_memo::making::stand_in)
    out = signature_memo::stand_in({reinterpret_cast<const char*>(secret_.data()), secret_.size()},
                                   message);
  else
    crypto_sign_detached(out.data.data(), nullptr, raw(message), message.size(), secret_.data());
  if (memo)
    memo->remember(out, public_, message);
  return out;
}

bool verify(const public_key& by, purpose why, const digest& cluster, byte_view payload,
            const signature& sig) {
  auto message = signed_payload(why, cluster, payload);
  if (const auto* memo = signature_memo::current())
    if (auto known = memo->made(sig, by, message))
      return *known;
  return crypto_sign_verify_detached(sig.data.data(), raw(message), message.size(), by.data.data())
         == 0;
}

void wipe(void* data, std::size_t size) {
  sodium_memzero(data, size);
}

} // namespace bourse::messages
