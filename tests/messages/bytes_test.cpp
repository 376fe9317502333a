#define CAF_SUITE bytes
#include "tests/suite.hpp"

#include "messages/bytes.hpp"

#include <unordered_set>

#include "tests/messages/generators.hpp"

using namespace bourse::messages;

CAF_TEST(hexadecimal goes both ways) {
  CAF_CHECK_EQUAL(to_hex(byte_view{"\x00\x7f\x80\xff", 4}), "007f80ff");
  CAF_CHECK_EQUAL(to_hex(""), "");
  CAF_CHECK(from_hex("007F80ff") == (bytes{'\x00', '\x7f', '\x80', '\xff'}));
  splitmix64 random{1};
  for (std::size_t size = 0; size < 100; ++size) {
    auto data = random_bytes(random, size);
    CAF_CHECK(from_hex(to_hex(data)) == data);
  }
}

CAF_TEST(what is not hexadecimal gives nothing) {
  for (auto text : {"0", "000", "0g", "g0", " 0", "0x", "00 0", "\xff\xff"})
    CAF_CHECK(from_hex(text).empty());
}

CAF_TEST(fixed bytes take exactly their size) {
  digest d;
  CAF_CHECK(!d.assign(bytes(31, 'x')));
  CAF_CHECK(!d.assign(bytes(33, 'x')));
  CAF_CHECK(!d.assign(""));
  CAF_CHECK(d == digest{});
  CAF_CHECK(d.assign(bytes(32, 'x')));
  CAF_CHECK_EQUAL(d.view(), bytes(32, 'x'));
}

CAF_TEST(fixed bytes order like their bytes and hash) {
  digest low;
  digest high;
  low.data[31] = 0xff;
  high.data[0] = 0x01;
  CAF_CHECK(low < high);
  std::unordered_set<digest> set{low, high, low};
  CAF_CHECK_EQUAL(set.size(), 2u);
}
