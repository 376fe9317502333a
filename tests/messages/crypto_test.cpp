#define CAF_SUITE crypto
#include "tests/suite.hpp"

#include "messages/crypto.hpp"

#include <algorithm>
#include <new>

#include "tests/messages/generators.hpp"

using namespace bourse::messages;

namespace {

struct fixture {
  fixture() {
    init_crypto();
    seed.fill(7);
  }
  std::array<std::uint8_t, 32> seed;
  digest cluster = hash("cluster");
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(crypto_tests, fixture)

CAF_TEST(hash is BLAKE2b of 256 bits) {
  // From `b2sum -l 256`.
  CAF_CHECK_EQUAL(to_hex(hash("").view()),
                  "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  CAF_CHECK_EQUAL(to_hex(hash("abc").view()),
                  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

CAF_TEST(a hasher joins its parts) {
  splitmix64 random{3};
  auto data = random_bytes(random, 1000);
  for (std::size_t cut = 0; cut <= data.size(); cut += 37)
    CAF_CHECK(hasher{}.add(data.substr(0, cut)).add(data.substr(cut)).finish() == hash(data));
  CAF_CHECK(hasher{}.finish() == hash(""));
  CAF_CHECK(hasher{}.add_u64(0x0807060504030201).finish()
            == hash("\x01\x02\x03\x04\x05\x06\x07\x08"));
  CAF_CHECK(hasher{}.add(cluster).finish() == hash(cluster.view()));
}

CAF_TEST(no two hash seeds are alike) {
  CAF_CHECK_NOT_EQUAL(fresh_hash_seed(), fresh_hash_seed());
}

CAF_TEST(a signature holds for what was signed and nothing else) {
  auto key = key_pair::from_seed(seed);
  auto sig = key.sign(purpose::commit, cluster, "payload");
  CAF_CHECK(verify(key.identity(), purpose::commit, cluster, "payload", sig));
  CAF_CHECK(!verify(key.identity(), purpose::prepare, cluster, "payload", sig));
  CAF_CHECK(!verify(key.identity(), purpose::commit, hash("other"), "payload", sig));
  CAF_CHECK(!verify(key.identity(), purpose::commit, cluster, "payloae", sig));
  CAF_CHECK(!verify(key.identity(), purpose::commit, cluster, "payload ", sig));
  CAF_CHECK(!verify(key.identity(), purpose::commit, cluster, "", sig));
  CAF_CHECK(!verify(key_pair::generate().identity(), purpose::commit, cluster, "payload", sig));
  for (std::size_t at = 0; at < signature::size; ++at) {
    auto forged = sig;
    forged.data[at] ^= 0x10;
    CAF_CHECK(!verify(key.identity(), purpose::commit, cluster, "payload", forged));
  }
}

CAF_TEST(keys of small order verify nothing) {
  // With the neutral element as key, a signature of zeros would hold for anything if it were taken.
  for (std::uint8_t first : {0, 1}) {
    public_key weak;
    weak.data[0] = first;
    signature sig;
    sig.data[0] = first;
    CAF_CHECK(!verify(weak, purpose::commit, cluster, "anything", sig));
    CAF_CHECK(!verify(weak, purpose::commit, cluster, "anything", {}));
  }
}

CAF_TEST(what is signed is purpose and cluster and payload) {
  // RFC 8032 keys; the signature pins the layout, which two versions of the program must share.
  auto key = key_pair::from_seed(seed);
  CAF_CHECK_EQUAL(to_hex(key.identity().view()),
                  "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c");
  CAF_CHECK_EQUAL(to_hex(key.sign(purpose::commit, digest{}, "payload").view()),
                  "a93bacdb0cabd0bef4afbdb919414172864484587e868f57d994066f4083ae4e"
                  "8f11b860252afd55f3fd97a22f87962c79ce0fee4262eefcd12349101946e606");
}

CAF_TEST(a seed gives its key again) {
  auto key = key_pair::generate();
  auto again = key_pair::from_seed(key.seed());
  CAF_CHECK(key.identity() == again.identity());
  CAF_CHECK(key_pair::from_seed(seed).seed() == seed);
  CAF_CHECK(key_pair::generate().identity() != key_pair::generate().identity());
}

CAF_TEST(a key that moves leaves nothing behind) {
  auto key = key_pair::from_seed(seed);
  auto identity = key.identity();
  auto moved = std::move(key);
  CAF_CHECK(moved.identity() == identity);
  CAF_CHECK(key.seed() == decltype(seed){});
  auto sig = moved.sign(purpose::results, cluster, "x");
  CAF_CHECK(verify(identity, purpose::results, cluster, "x", sig));

  auto assigned = key_pair::generate();
  assigned = std::move(moved);
  CAF_CHECK(assigned.seed() == seed);
  CAF_CHECK(moved.seed() == decltype(seed){});
}

CAF_TEST(a key that dies is wiped) {
  alignas(key_pair) std::array<unsigned char, sizeof(key_pair)> memory{};
  auto* key = new (memory.data()) key_pair{key_pair::from_seed(seed)};
  auto holds_seed = [&] {
    return std::search(memory.begin(), memory.end(), seed.begin(), seed.end()) != memory.end();
  };
  CAF_CHECK(holds_seed());
  key->~key_pair();
  CAF_CHECK(!holds_seed());
}

CAF_TEST(wipe overwrites) {
  std::array<char, 64> secret;
  secret.fill('s');
  wipe(secret.data(), secret.size());
  CAF_CHECK(secret == (std::array<char, 64>{}));
}

CAF_TEST_FIXTURE_SCOPE_END()
