#define CAF_SUITE connection_slots
#include "tests/suite.hpp"

#include "actors/connection_slots.hpp"

using namespace bourse::actors;

CAF_TEST(one address can not take all the room) {
  connection_slots slots{{5, 2}};
  CAF_CHECK(slots.take("a"));
  CAF_CHECK(slots.take("a"));
  CAF_CHECK(!slots.take("a"));
  CAF_CHECK(slots.take("b"));
  CAF_CHECK(slots.take("c"));
  CAF_CHECK(slots.take("d"));
  CAF_CHECK(!slots.take("e")); // five are open
  slots.give_back("a");
  CAF_CHECK(slots.take("e"));
  slots.give_back("b");
  CAF_CHECK(slots.take("a"));
}

CAF_TEST(who was refused has taken nothing) {
  connection_slots slots{{1, 1}};
  CAF_CHECK(slots.take("a"));
  for (int i = 0; i < 10; ++i) {
    CAF_CHECK(!slots.take("a"));
    CAF_CHECK(!slots.take("b"));
  }
  slots.give_back("a");
  CAF_CHECK(slots.take("b"));
}

CAF_TEST(an address counts as one however it is written) {
  CAF_CHECK_EQUAL(address_group("192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(address_group("::ffff:192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  CAF_CHECK_EQUAL(address_group("2001:db8:1:2:ffff::1"), "2001:db8:1:2::");
  CAF_CHECK_EQUAL(address_group("2001:db8:1:3::1"), "2001:db8:1:3::");
  CAF_CHECK_EQUAL(address_group("fe80::1%eth0"), address_group("fe80::2%eth0"));
  CAF_CHECK_EQUAL(address_group("::1"), "::");
  CAF_CHECK_EQUAL(address_group(""), "");
}
