#define CAF_SUITE stamps
#include "tests/suite.hpp"

#include "messages/stamps.hpp"

#include "tests/messages/codec_checks.hpp"

using namespace bourse::messages;

namespace {

constexpr std::uint32_t most = 10;

struct fixture {
  fixture() {
    init_crypto();
    for (std::uint8_t i = 0; i < 4; ++i) {
      std::array<std::uint8_t, 32> seed;
      seed.fill(i);
      pairs.push_back(key_pair::from_seed(seed));
      keys.push_back(pairs.back().identity());
    }
  }

  report_ptr made(std::uint16_t by) {
    auto r = random_stamp_report(random, most);
    r.replica = replica_id{by};
    return sign_report(r, pairs.at(by % pairs.size()), cluster);
  }
  std::string_view checked(const signed_report& r, std::uint32_t max_stamps = most) const {
    return outcome(verify_report(r, keys, cluster, max_stamps));
  }

  std::vector<key_pair> pairs;
  std::vector<public_key> keys;
  digest cluster = hash("cluster");
  splitmix64 random{17};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stamps_tests, fixture)

CAF_TEST(what a replica signs all others accept) {
  for (int i = 0; i < 100; ++i) {
    auto r = made(static_cast<std::uint16_t>(random.below(4)));
    CAF_CHECK(r->digest == hash(r->source.body));
    CAF_CHECK_EQUAL(r->source.body, encode(r->content));
    auto again = verify_report(r->source, keys, cluster, most);
    CAF_REQUIRE(again);
    CAF_CHECK((*again)->source == r->source);
    CAF_CHECK((*again)->digest == r->digest);
    CAF_CHECK((*again)->content == r->content);
  }
}

CAF_TEST(the signature is of the hash) {
  auto r = made(2);
  CAF_CHECK(verify(keys[2], purpose::stamp_report, cluster, r->digest.view(), r->source.signature));
  auto of_body = r->source;
  of_body.signature = pairs[2].sign(purpose::stamp_report, cluster, of_body.body);
  CAF_CHECK_EQUAL(checked(of_body), "bad_signature");
}

CAF_TEST(a signature of anything else is bad) {
  auto r = made(2);
  auto changed = r->source;
  changed.signature.data[5] ^= 1;
  CAF_CHECK_EQUAL(checked(changed), "bad_signature");
  changed = r->source;
  changed.signature = pairs[1].sign(purpose::stamp_report, cluster, r->digest.view());
  CAF_CHECK_EQUAL(checked(changed), "bad_signature");
  changed.signature = pairs[2].sign(purpose::new_view, cluster, r->digest.view());
  CAF_CHECK_EQUAL(checked(changed), "bad_signature");
  changed.signature = pairs[2].sign(purpose::stamp_report, hash("another"), r->digest.view());
  CAF_CHECK_EQUAL(checked(changed), "bad_signature");
  auto content = r->content;
  content.replica = replica_id{1};
  CAF_CHECK_EQUAL(checked({encode(content), r->source.signature}), "bad_signature");
  content = r->content;
  content.index = report_index{content.index.value() == 1 ? 2u : 1u};
  CAF_CHECK_EQUAL(checked({encode(content), r->source.signature}), "bad_signature");
}

CAF_TEST(what does not decode or names no replica is refused) {
  CAF_CHECK_EQUAL(checked(made(3)->source), "ok");
  CAF_CHECK_EQUAL(checked(made(4)->source), "malformed");
  CAF_CHECK_EQUAL(checked(made(65535)->source), "malformed");
  CAF_CHECK_EQUAL(checked({"no report", {}}), "malformed");
  CAF_CHECK_EQUAL(checked({bytes(100'000, 'x'), {}}), "too_large");
  auto r = made(0);
  while (r->content.stamps.empty())
    r = made(0);
  CAF_CHECK_EQUAL(checked(r->source, 0), "too_large");
}

CAF_TEST_FIXTURE_SCOPE_END()
