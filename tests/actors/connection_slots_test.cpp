#define CAF_SUITE connection_slots
#include "tests/suite.hpp"

#include "actors/connection_slots.hpp"

using namespace bourse::actors;

namespace {

/// Slots whose connections are named by whoever ends them.
struct crowd {
  explicit crowd(const connection_caps& caps) : slots(caps) {}

  /// A stranger comes. Gives who had to go, or 0.
  connection_id enter(const std::string& address) {
    auto id = slots.take(address);
    CAF_REQUIRE(id);
    gone = 0;
    if (auto end = slots.began(*id, [this, who = *id] { gone = who; })) {
      end();
      slots.give_back(gone);
    }
    return gone;
  }

  connection_slots slots;
  connection_id gone = 0;
};

} // namespace

CAF_TEST(one address can not take all the room) {
  connection_slots slots{{5, 2}};
  auto first = slots.take("a");
  CAF_REQUIRE(first);
  CAF_CHECK(slots.take("a"));
  CAF_CHECK(!slots.take("a"));
  auto other = slots.take("b");
  CAF_REQUIRE(other);
  CAF_CHECK(slots.take("c"));
  CAF_CHECK(slots.take("d"));
  CAF_CHECK(!slots.take("e")); // five are open
  slots.give_back(*first);
  CAF_CHECK(slots.take("e"));
  slots.give_back(*other);
  CAF_CHECK(slots.take("a"));
}

CAF_TEST(who was refused has taken nothing) {
  connection_slots slots{{1, 1}};
  auto only = slots.take("a");
  CAF_REQUIRE(only);
  for (int i = 0; i < 10; ++i) {
    CAF_CHECK(!slots.take("a"));
    CAF_CHECK(!slots.take("b"));
  }
  slots.give_back(*only);
  slots.give_back(*only); // it is gone
  CAF_CHECK(slots.take("b"));
  CAF_CHECK(!slots.take("b"));
}

CAF_TEST(half of the room is for those who are known) {
  crowd c{{6, 6}};
  for (int n = 1; n <= 3; ++n)
    CAF_CHECK_EQUAL(c.enter("a"), 0u);
  CAF_CHECK_EQUAL(c.enter("a"), 1u); // the oldest
  c.slots.proved(2);
  CAF_CHECK_EQUAL(c.enter("a"), 0u); // 3, 4 and 5 are strangers
  CAF_CHECK_EQUAL(c.enter("a"), 3u); // not 2, who is older and known
  c.slots.give_back(5);
  CAF_CHECK_EQUAL(c.enter("a"), 0u);
  CAF_CHECK_EQUAL(c.enter("a"), 4u);
  c.slots.proved(6);
  c.slots.proved(7);
  c.slots.proved(8);
  CAF_CHECK_EQUAL(c.enter("a"), 0u);
  c.slots.proved(9);
  CAF_CHECK_EQUAL(c.enter("a"), 0u);
  CAF_CHECK(!c.slots.take("b")); // full: four are known, and the last one comes
}

CAF_TEST(a flood from one address ends itself) {
  crowd c{{8, 8}};
  CAF_CHECK_EQUAL(c.enter("honest"), 0u);
  for (connection_id n = 2; n <= 4; ++n)
    CAF_CHECK_EQUAL(c.enter("flood"), 0u);
  for (connection_id n = 5; n <= 100; ++n)
    CAF_CHECK_EQUAL(c.enter("flood"), n - 3);
  CAF_CHECK_EQUAL(c.enter("honest"), 98u);
  c.slots.proved(1);
  c.slots.proved(101);
  CAF_CHECK_EQUAL(c.enter("honest"), 0u);
}

CAF_TEST(who has ended before it began counts no more) {
  connection_slots slots{{2, 2}};
  auto first = slots.take("a");
  CAF_REQUIRE(first);
  slots.give_back(*first);
  CAF_CHECK(!slots.began(*first, [] {}));
  auto second = slots.take("a");
  CAF_REQUIRE(second);
  CAF_CHECK(!slots.began(*second, [] {})); // the only stranger
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
