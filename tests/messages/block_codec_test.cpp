#define CAF_SUITE block_codec
#include "tests/suite.hpp"

#include "messages/block.hpp"

#include "tests/messages/codec_checks.hpp"

using namespace bourse::messages;

namespace {

auto make = [](splitmix64& random) {
  return random_block(random, 40);
};
auto decode = [](byte_view encoded) {
  return decode_block(encoded, {});
};

block sample() {
  block b;
  b.cluster.data.fill(0xc1);
  b.sequence = sequence_number{300};
  b.time = block_time{1'700'000'000'000};
  b.submissions.resize(2);
  b.submissions[0].data.fill(0x0a);
  b.submissions[1].data.fill(0x0b);
  return b;
}

} // namespace

CAF_TEST(blocks come out as they went in) {
  check_round_trips(make, decode);
}

CAF_TEST(hostile blocks are survived) {
  check_hostile_bytes(make, decode);
}

CAF_TEST(a block has one encoding) {
  check_canonical(make, decode);
}

CAF_TEST(the encoding is fixed) {
  std::string fill[] = {"", "", ""};
  for (int i = 0; i < 32; ++i) {
    fill[0] += "c1";
    fill[1] += "0a";
    fill[2] += "0b";
  }
  CAF_CHECK_EQUAL(to_hex(encode(sample())),
                  "0a20" + fill[0] + "10ac02" + "1880d095ffbc31" + "2240" + fill[1] + fill[2]);
}

CAF_TEST(a block of more digests than requests is too large) {
  block b;
  b.submissions.resize(4);
  auto encoded = encode(b);
  block_limits limits;
  limits.max_requests = 4;
  CAF_CHECK_EQUAL(outcome(decode_block(encoded, limits)), "ok");
  limits.max_requests = 3;
  CAF_CHECK_EQUAL(outcome(decode_block(encoded, limits)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_block(bytes(100'000, '\0'), {})), "too_large");
}

CAF_TEST(digests of another size are malformed) {
  auto encoded = encode(sample());
  CAF_CHECK_EQUAL(outcome(decode_block("", {})), "malformed"); // no cluster
  auto shorter = encoded.substr(0, encoded.size() - 1);
  shorter[encoded.size() - 65] = 63; // the length of the list
  CAF_CHECK_EQUAL(outcome(decode_block(shorter, {})), "malformed");
  auto narrow = encoded;
  narrow[1] = 31; // the cluster
  narrow.erase(2, 1);
  CAF_CHECK_EQUAL(outcome(decode_block(narrow, {})), "malformed");
}
