// How long a replica is patient with a primary, whom it helps, and how it comes back after a
// restart.
#define CAF_SUITE view_timers
#include "tests/suite.hpp"

#include "tests/consensus/lone_manager.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

// -- helping --------------------------------------------------------------------------------------

CAF_TEST(a laggard is handed the NEW_VIEW) {
  managed m{2, 5};
  m.wishes({3}, 4);
  auto said = m.said<new_view>(3);
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0] == first_new_view(4, 5));
  m.wishes({3}, 4);
  CAF_CHECK_EQUAL(m.said<new_view>().size(), 1u); // not for every word
  m.wishes({0}, 0);
  CAF_CHECK_EQUAL(m.said<new_view>(0).size(), 1u);
  m.pass(110);
  m.wishes({3}, 4);
  CAF_CHECK_EQUAL(m.said<new_view>(3).size(), 2u);
}

CAF_TEST(whoever still asks for a view that has begun is handed it) {
  managed m{2, 5};
  m.changes({3}, 5);
  CAF_CHECK_EQUAL(m.said<new_view>(3).size(), 1u);
  m.wishes({0}, 5); // who is as far needs nothing
  CAF_CHECK(m.said<new_view>(0).empty());
}

CAF_TEST(a view that has not begun is handed to nobody) {
  managed m{2, 1};
  m.wishes({0, 3}, 7);
  m.wishes({1}, 1);
  m.changes({1}, 1);
  CAF_CHECK(m.said<new_view>().empty());
  m.left();
  m.hear(3, first_new_view(4, 7));
  m.wishes({1}, 1);
  CAF_CHECK(m.said<new_view>().empty()); // it is not durable yet
  m.begun();
  m.wishes({1}, 1);
  auto said = m.said<new_view>(1);
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0] == first_new_view(4, 7));
}

CAF_TEST(view 0 has no NEW_VIEW to hand out) {
  managed m{2};
  m.changes({3}, 0);
  m.wishes({3}, 0);
  CAF_CHECK(m.said<new_view>().empty());
}

// -- timers ---------------------------------------------------------------------------------------

CAF_TEST(patience with a new primary doubles to a limit and comes back after progress) {
  managed m{3};
  std::uint64_t expected = 500;
  for (std::uint64_t v = 1; v < 12; ++v) {
    m.wishes({0, 1, 2}, v);
    m.left();
    CAF_CHECK_EQUAL(m.at(), v);
    CAF_CHECK_EQUAL(m.patience(), expected);
    CAF_CHECK_EQUAL(m.wished(), v + 1);
    expected = std::min<std::uint64_t>(expected * 2, 500 * 32);
  }
  m.move_to(13);
  m.execute();
  m.wishes({0, 1, 2}, 14);
  m.left();
  CAF_CHECK_EQUAL(m.patience(), 500u);
}

CAF_TEST(a view that begins and does nothing is a failure too) {
  managed m{3};
  m.move_to(1);
  m.move_to(2);
  m.wishes({0, 1, 2}, 4);
  m.left();
  CAF_CHECK_EQUAL(m.patience(), 2000u);
}

CAF_TEST(a new primary has longer before it is suspected until it has done something) {
  managed m{3};
  m.move_to(1);
  m.forget();
  m.work.owed = 1;
  m.pass(700);
  CAF_CHECK(m.all.suspected.empty());
  m.pass(110);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::stalled});
  managed k{3};
  k.move_to(1);
  k.forget();
  k.execute();
  k.work.owed = 1;
  k.pass(420);
  CAF_CHECK(k.all.suspected == std::vector{suspicion::stalled});
}

CAF_TEST(progress while no view is on does not shorten patience) {
  managed m{3};
  for (std::uint64_t v = 1; v < 4; ++v) {
    m.wishes({0, 1, 2}, v);
    m.execute(); // what was decided earlier
  }
  m.left();
  CAF_CHECK_EQUAL(m.patience(), 2000u);
}

CAF_TEST(the timer runs only once 2f plus 1 have left) {
  managed m{3};
  m.suspect();
  m.pass(10'000);
  CAF_CHECK_EQUAL(m.wished(), 1u);
  CAF_CHECK_EQUAL(m.all.suspected.size(), 1u);
  m.wishes({0, 1}, 1);
  CAF_CHECK_EQUAL(m.patience(), 500u);
}

CAF_TEST(an own pause is no fault of the primary) {
  managed m{3};
  m.wishes({0, 1, 2}, 1);
  m.left();
  m.forget();
  m.pass(400);
  m.now += 5000 * managed::ms; // stopped
  m.pass(10);
  CAF_CHECK(m.all.suspected.empty());
  m.pass(400);
  CAF_CHECK(m.all.suspected.empty());
  managed k{3};
  k.work.owed = 1;
  k.pass(390);
  k.now += 5000 * managed::ms;
  k.pass(10);
  CAF_CHECK(k.all.suspected.empty());
  k.pass(400);
  CAF_CHECK_EQUAL(k.all.suspected.size(), 1u);
}

CAF_TEST(a primary does not suspect itself) {
  managed m{0};
  m.work.owed = 1;
  m.work.oldest_wait_ms = 1'000'000;
  m.pass(10'000);
  CAF_CHECK(m.all.suspected.empty());
}

CAF_TEST(the link to the primary counts and those to others do not) {
  managed m{3};
  m.pass(10);
  m.manager->on_link(m.now, replica(1), false);
  m.manager->on_link(m.now, replica(9), false);
  m.pass(1000);
  CAF_CHECK(m.all.suspected.empty());
  m.manager->on_link(m.now, replica(1), true);
  m.manager->on_link(m.now, replica(0), false);
  m.pass(60);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::link_lost});
}

CAF_TEST(the next primary may be out of reach already) {
  managed m{3};
  m.manager->on_link(m.now, replica(1), false);
  m.move_to(1);
  m.forget();
  m.pass(60);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::link_lost});
}

CAF_TEST(who has lost most links blames nobody for it) {
  managed m{3};
  m.manager->on_link(m.now, replica(0), false);
  m.manager->on_link(m.now, replica(1), false);
  m.pass(1000);
  CAF_CHECK(m.all.suspected.empty());
  m.manager->on_link(m.now, replica(1), true);
  m.pass(10);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::link_lost});
}

CAF_TEST(a lost link that does not count hides no other cause) {
  managed m{3};
  m.manager->on_link(m.now, replica(0), false);
  m.manager->on_link(m.now, replica(1), false);
  m.work.owed = 1;
  m.pass(1000);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::stalled});
}

// -- restarts -------------------------------------------------------------------------------------

CAF_TEST(who restarts in a view that has begun goes on in it) {
  managed m{2, 5};
  CAF_CHECK(m.manager->in_view());
  m.pass(3000);
  CAF_CHECK(m.all.suspected.empty());
  CAF_CHECK_EQUAL(m.wished(), 5u);
}

CAF_TEST(who restarts without the NEW_VIEW asks for it) {
  managed m{2, 5, false};
  CAF_CHECK(!m.manager->in_view());
  m.left(change_to(5, {prepared(1, "a")}));
  CAF_CHECK_EQUAL(m.said<view_change>(1).size(), 1u);
  m.pass(300);
  CAF_CHECK(m.said<view_change>().size() > 1);
  m.hear(3, first_new_view(4, 5)); // another has it
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  m.begun();
  CAF_CHECK(m.manager->in_view());
}

CAF_TEST(who restarts without the NEW_VIEW waits no longer than others) {
  managed m{2, 5, false};
  m.left();
  CAF_CHECK_EQUAL(m.patience(), 510u);
  CAF_CHECK_EQUAL(m.wished(), 6u);
}

CAF_TEST(a primary that restarts before its NEW_VIEW was durable makes it) {
  managed m{1, 5, false};
  m.left();
  m.changes({0, 2}, 5);
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(a primary that restarts with its NEW_VIEW makes no other) {
  managed m{1, 5};
  m.left();
  m.changes({0, 2, 3}, 5);
  CAF_CHECK(m.installs.empty());
  CAF_CHECK_EQUAL(m.said<new_view>().size(), 3u); // but hands it out
}
