#define CAF_SUITE consensus
#include "tests/suite.hpp"

#include "messages/consensus.hpp"

#include <set>

#include "tests/messages/generators.hpp"

using namespace bourse::messages;

namespace {

digest filled(std::uint8_t fill) {
  digest d;
  d.data.fill(fill);
  return d;
}

std::string repeat(std::string_view hex, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += hex;
  return out;
}

} // namespace

CAF_TEST(the bytes that are signed are fixed) {
  CAF_CHECK_EQUAL(
      to_hex(signed_bytes(statement{view_number{0x0102}, sequence_number{0x0304}, filled(0xaa)})),
      "0201000000000000"
      "0403000000000000"
          + repeat("aa", 32));
  CAF_CHECK_EQUAL(to_hex(signed_bytes(checkpoint_statement{sequence_number{128}, filled(0xbb)})),
                  "8000000000000000" + repeat("bb", 32));
  CAF_CHECK_EQUAL(to_hex(signed_bytes(
                      results_statement{sequence_number{UINT64_MAX}, filled(0xcc), filled(0xdd)})),
                  "ffffffffffffffff" + repeat("cc", 32) + repeat("dd", 32));
}

CAF_TEST(different statements sign different bytes) {
  std::set<bytes> seen;
  std::set<statement> statements;
  splitmix64 random{5};
  for (int i = 0; i < 1000; ++i) {
    auto s = random_statement(random);
    statements.insert(s);
    seen.insert(signed_bytes(s));
  }
  CAF_CHECK_EQUAL(seen.size(), statements.size());
}

CAF_TEST(a signed statement verifies for no other) {
  init_crypto();
  auto key = key_pair::from_seed({});
  auto cluster = hash("cluster");
  splitmix64 random{6};
  for (int i = 0; i < 50; ++i) {
    auto payload = signed_bytes(random_statement(random));
    auto sig = key.sign(purpose::prepare, cluster, payload);
    CAF_CHECK(verify(key.identity(), purpose::prepare, cluster, payload, sig));
    auto& c = payload[random.below(payload.size())];
    c = static_cast<char>(c ^ (1 << random.below(8)));
    CAF_CHECK(!verify(key.identity(), purpose::prepare, cluster, payload, sig));
  }
}

CAF_TEST(proposals compare by their blocks) {
  pre_prepare a;
  pre_prepare b;
  CAF_CHECK(a == b);
  a.block = std::make_shared<const bytes>("block");
  CAF_CHECK(!(a == b));
  b.block = std::make_shared<const bytes>("block");
  CAF_CHECK(a == b);
  b.block = std::make_shared<const bytes>("blocl");
  CAF_CHECK(!(a == b));
  CAF_CHECK((committed_block{{}, a.block}) == (committed_block{{}, a.block}));
  CAF_CHECK(!((committed_block{{}, a.block}) == (committed_block{{}, b.block})));
}
