// Remembered signatures: nothing counts that its key did not sign, over these very bytes.
#define CAF_SUITE signature_memo
#include "tests/suite.hpp"

#include "messages/signature_memo.hpp"

using namespace bourse::messages;

namespace {

key_pair key(std::uint8_t n) {
  init_crypto();
  std::array<std::uint8_t, 32> seed{n};
  return key_pair::from_seed(seed);
}

void check_all(signature_memo::making how) {
  signature_memo memo{how};
  auto one = key(1);
  auto other = key(2);
  auto cluster = hash("a cluster");
  auto s = one.sign(purpose::prepare, cluster, "payload");
  CAF_CHECK(verify(one.identity(), purpose::prepare, cluster, "payload", s));
  CAF_CHECK(!verify(one.identity(), purpose::prepare, cluster, "paylOad", s));
  CAF_CHECK(!verify(one.identity(), purpose::commit, cluster, "payload", s));
  CAF_CHECK(!verify(one.identity(), purpose::prepare, hash("another"), "payload", s));
  CAF_CHECK(!verify(other.identity(), purpose::prepare, cluster, "payload", s));
  auto changed = s;
  changed.data[40] ^= 1;
  CAF_CHECK(!verify(one.identity(), purpose::prepare, cluster, "payload", changed));
  CAF_CHECK(!verify(one.identity(), purpose::prepare, cluster, "payload", signature{}));
  CAF_CHECK(s == one.sign(purpose::prepare, cluster, "payload"));
  CAF_CHECK(s != other.sign(purpose::prepare, cluster, "payload"));
}

} // namespace

CAF_TEST(genuine signatures are remembered and others checked) {
  auto before = key(3).sign(purpose::commit, {}, "x");
  check_all(signature_memo::making::genuine);
  signature_memo memo{signature_memo::making::genuine};
  CAF_CHECK(verify(key(3).identity(), purpose::commit, {}, "x", before));
  CAF_CHECK(!verify(key(3).identity(), purpose::commit, {}, "y", before));
}

CAF_TEST(stand ins are valid only where they were made) {
  check_all(signature_memo::making::stand_in);
  auto genuine = key(3).sign(purpose::commit, {}, "x");
  signature made;
  {
    signature_memo memo{signature_memo::making::stand_in};
    CAF_CHECK(!verify(key(3).identity(), purpose::commit, {}, "x", genuine));
    made = key(3).sign(purpose::commit, {}, "x");
    CAF_CHECK(verify(key(3).identity(), purpose::commit, {}, "x", made));
  }
  CAF_CHECK(!verify(key(3).identity(), purpose::commit, {}, "x", made));
  CAF_CHECK(verify(key(3).identity(), purpose::commit, {}, "x", genuine));
}
