#define CAF_SUITE codec
#include "tests/suite.hpp"

#include "messages/codec.hpp"

#include "messages/request.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

struct hex_tally {
  std::size_t count;
  std::size_t bytes;
  bool operator==(const hex_tally&) const = default;
};

hex_tally count(std::string_view hex, std::initializer_list<int> path) {
  auto t = codec::count_field(from_hex(hex), path);
  return {t.count, t.bytes};
}

} // namespace

CAF_TEST(fields are counted where the path leads) {
  CAF_CHECK((count("", {1}) == hex_tally{0, 0}));
  CAF_CHECK((count("0a0161"
                   "0a026262"
                   "1001"
                   "1002",
                   {1})
             == hex_tally{2, 3}));
  CAF_CHECK((count("0a0161"
                   "0a026262"
                   "1001"
                   "1002",
                   {2})
             == hex_tally{2, 0}));
  // 1: {2: {3: "x" 3: "yz"}} twice, and a 3 that stands elsewhere.
  constexpr auto nested = "0a09"
                          "1207"
                          "1a0178"
                          "1a02797a";
  CAF_CHECK((count(std::string{nested} + nested + "1a0178", {1, 2, 3}) == hex_tally{4, 6}));
  CAF_CHECK((count(nested, {1, 2}) == hex_tally{1, 7}));
  CAF_CHECK((count(nested, {2, 3}) == hex_tally{0, 0}));
}

CAF_TEST(counting stops where parsing would) {
  CAF_CHECK((count("0a0161"
                   "0aff",
                   {1})
             == hex_tally{2, 1}));
  CAF_CHECK((count("0a0161"
                   "0affffffff0f"
                   "0a0161",
                   {1})
             == hex_tally{2, 1}));
  CAF_CHECK((count("0a0161"
                   "00"
                   "0a0161",
                   {1})
             == hex_tally{1, 1}));
  CAF_CHECK((count("0a0161"
                   "07"
                   "0a0161",
                   {1})
             == hex_tally{1, 1})); // no such wire type
  splitmix64 random{2};
  for (int i = 0; i < 20'000; ++i)
    std::ignore = codec::count_field(random_bytes(random, random.below(60)), {1, 2, 3});
}

CAF_TEST(whatever parses was counted in full) {
  // No encoding, however odd, may hide elements from the count.
  std::size_t parsed = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    splitmix64 random{seed};
    auto body = encode(random_submission(random, 4));
    for (int i = 0; i < 20; ++i) {
      auto changed = body;
      changed[random.below(changed.size())] = static_cast<char>(random.next());
      wire::Submission s;
      if (!s.ParseFromString(changed))
        continue;
      ++parsed;
      auto t = codec::count_field(changed, {wire::Submission::kRequestsFieldNumber});
      if (t.count < static_cast<std::size_t>(s.requests_size()))
        CAF_FAIL("seed " << seed << ": " << to_hex(changed));
    }
  }
  CAF_CHECK(parsed > 1000);
}

CAF_TEST(numbers fit their types and bounds) {
  instrument_id i;
  CAF_CHECK(codec::read_unsigned(i, 65535u) && i.value() == 65535);
  CAF_CHECK(!codec::read_unsigned(i, 65536u) && i.value() == 65535);
  CAF_CHECK(!codec::read_unsigned(i, 11u, 10));
  CAF_CHECK(codec::read_unsigned(i, 10u, 10) && i.value() == 10);
  price p;
  CAF_CHECK(codec::read_price(p, max_price) && p.value() == max_price);
  CAF_CHECK(!codec::read_price(p, max_price + 1));
  CAF_CHECK(!codec::read_price(p, -1));
  CAF_CHECK(codec::read_price(p, 0) && p.value() == 0);
  side s = side::buy;
  CAF_CHECK(codec::read_enum(s, 2, side::buy, side::sell) && s == side::sell);
  CAF_CHECK(!codec::read_enum(s, 0, side::buy, side::sell));
  CAF_CHECK(!codec::read_enum(s, 257, side::buy, side::sell));
  CAF_CHECK(!codec::read_enum(s, -255, side::buy, side::sell));
}

CAF_TEST(digests join and split) {
  splitmix64 random{4};
  for (std::size_t n = 0; n < 20; ++n) {
    std::vector<digest> digests(n);
    for (auto& d : digests)
      d = random_fixed<digest>(random);
    std::vector<digest> again;
    codec::split(again, codec::join(digests));
    CAF_CHECK(again == digests);
  }
}

CAF_TEST(an arena is empty for every message) {
  for (int i = 0; i < 100; ++i) {
    codec::scratch_arena arena;
    auto& s = arena.make<wire::Submission>();
    CAF_CHECK_EQUAL(s.requests_size(), 0);
    for (int n = 0; n < 2000; ++n) // more than the block that is kept
      s.add_requests()->mutable_place();
  }
}
