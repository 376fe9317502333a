// When a view is left, and how the next one begins.
#define CAF_SUITE view_manager
#include "tests/suite.hpp"

#include "tests/consensus/lone_manager.hpp"

#include <limits>

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr auto top = std::numeric_limits<std::uint64_t>::max();

} // namespace

// -- leaving --------------------------------------------------------------------------------------

CAF_TEST(who suspects says so and stays until 2f plus 1 wish to leave) {
  managed m{2};
  m.suspect();
  CAF_REQUIRE_EQUAL(m.said<wish>().size(), 1u);
  CAF_CHECK_EQUAL(m.said<wish>()[0].view.value(), 1u);
  CAF_CHECK(!m.all.sends[0].to.has_value());
  CAF_CHECK(m.all.suspected == std::vector{suspicion::link_lost});
  CAF_CHECK(m.manager->last_suspicion() == suspicion::link_lost);
  CAF_CHECK(m.manager->in_view());
  CAF_CHECK(m.leaves.empty());
  m.wishes({1}, 1);
  CAF_CHECK(m.leaves.empty());
  m.wishes({3}, 1);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
  CAF_CHECK(!m.manager->in_view());
  CAF_CHECK_EQUAL(m.at(), 1u);
}

CAF_TEST(a second cause changes nothing) {
  managed m{2};
  m.suspect();
  m.suspect(suspicion::equivocation);
  CAF_CHECK_EQUAL(m.wished(), 1u);
  CAF_CHECK_EQUAL(m.all.suspected.size(), 1u);
  CAF_CHECK_EQUAL(m.said<wish>().size(), 1u);
}

CAF_TEST(f plus 1 wishes are joined without an own cause) {
  managed m{2};
  m.wishes({1, 3}, 1);
  CAF_CHECK(m.all.suspected.empty());
  CAF_CHECK_EQUAL(m.said<wish>().size(), 1u);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
}

CAF_TEST(wishes are said again as long as they are true) {
  managed m{2};
  m.suspect();
  m.forget();
  m.pass(1000);
  auto said = m.said<wish>();
  CAF_CHECK_EQUAL(said.size(), 5u);
  for (const auto& w : said)
    CAF_CHECK_EQUAL(w.view.value(), 1u);
}

CAF_TEST(a VIEW_CHANGE is a wish too) {
  managed m{2};
  m.changes({1, 3}, 1);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
}

CAF_TEST(huge views of one replica have no effect) {
  managed m{2};
  m.wishes({3}, top);
  m.changes({3}, top);
  CAF_CHECK_EQUAL(m.wished(), 0u);
  CAF_CHECK(m.leaves.empty());
  m.wishes({1}, 1);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
}

CAF_TEST(no message counts from nobody or oneself) {
  managed m{2};
  for (std::uint16_t from : {2, 4, 65535})
    for (std::uint64_t v : {1, 2, 3})
      m.wishes({from}, v);
  CAF_CHECK_EQUAL(m.wished(), 0u);
  CAF_CHECK_EQUAL(m.manager->counters().bad_senders, 9u);
}

CAF_TEST(a VIEW_CHANGE of another that is passed on counts for nobody) {
  managed m{2};
  m.hear(3, signed_change(change_to(1), 1));
  m.hear(3, signed_change(change_to(1), 0));
  CAF_CHECK_EQUAL(m.wished(), 0u);
  CAF_CHECK_EQUAL(m.manager->counters().bad_senders, 2u);
}

CAF_TEST(a primary that resigns is left at once) {
  managed m{2};
  m.wishes({0}, 1);
  CAF_CHECK(m.all.suspected == std::vector{suspicion::resigned});
  CAF_CHECK_EQUAL(m.wished(), 1u);
  // Of a backup it means nothing by itself.
  managed k{2};
  k.wishes({1}, 1);
  CAF_CHECK(k.all.suspected.empty());
  CAF_CHECK_EQUAL(k.wished(), 0u);
}

CAF_TEST(a primary resigns and a backup has nothing to resign from) {
  managed m{0};
  m.manager->resign(m.now);
  CAF_CHECK_EQUAL(m.wished(), 1u);
  managed k{1};
  k.manager->resign(k.now);
  CAF_CHECK_EQUAL(k.wished(), 0u);
}

// -- VIEW-CHANGE ----------------------------------------------------------------------------------

CAF_TEST(the VIEW_CHANGE says what the core had prepared and goes to the new primary) {
  managed m{2};
  m.wishes({1, 3}, 1);
  CAF_CHECK(m.said<view_change>().empty()); // not before it is durable
  auto c = change_to(1, {prepared(1, "a")});
  m.left(c);
  auto said = m.said<view_change>(1);
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK_EQUAL(m.said<view_change>().size(), 1u);
  CAF_CHECK(said[0] == signed_change(c, 2));
  m.left(c);
  CAF_CHECK_EQUAL(m.said<view_change>().size(), 1u);
}

CAF_TEST(a VIEW_CHANGE without an answer is said again to all) {
  managed m{2};
  m.wishes({1, 3}, 1);
  m.left();
  m.forget();
  m.pass(190);
  CAF_CHECK(m.said<view_change>().empty());
  m.pass(20);
  CAF_REQUIRE_EQUAL(m.said<view_change>().size(), 1u);
  for (const auto& s : m.all.sends)
    CAF_CHECK(!s.to.has_value());
}

CAF_TEST(what the core left long ago is not said) {
  managed m{2};
  m.wishes({1, 3}, 1);
  m.wishes({1, 3}, 3);
  CAF_CHECK_EQUAL(m.at(), 3u);
  m.left(change_to(1));
  CAF_CHECK(m.said<view_change>().empty());
  m.left(change_to(3));
  CAF_CHECK_EQUAL(m.said<view_change>(3).size(), 1u);
}

// -- the primary of the new view ------------------------------------------------------------------

CAF_TEST(a primary makes one NEW_VIEW of 2f plus 1 changes) {
  managed m{1};
  m.wishes({2, 3}, 1);
  m.changes({2}, 1);
  m.left(change_to(1, {prepared(1, "a")}));
  CAF_CHECK(m.installs.empty());
  m.changes({2}, 1); // the same again
  CAF_CHECK(m.installs.empty());
  CAF_CHECK_EQUAL(m.manager->changes_held().size(), 2u);
  m.changes({3}, 1);
  CAF_REQUIRE_EQUAL(m.installs.size(), 1u);
  CAF_CHECK(check_new_view(
                m.installs[0]->message,
                [] {
                  options o;
                  o.self = replica(2);
                  o.cluster = cluster_id();
                  o.window = 8;
                  o.checkpoint_interval = 4;
                  return o;
                }(),
                m.auth)
                .has_value());
  CAF_CHECK_EQUAL(m.installs[0]->plan.slots.size(), 1u);
  // The fourth could make another plan of it.
  m.changes({0}, 1);
  m.hear(2, signed_change(change_to(1, {prepared(2, "b")}), 2));
  m.changes({3}, 1);
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  m.begun();
  m.changes({0, 2, 3}, 1);
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  CAF_CHECK(m.manager->in_view());
}

CAF_TEST(a primary waits for changes of one time) {
  managed m{1};
  m.wishes({2, 3}, 1);
  m.left(change_to(1, {}, stable_at(40)));
  m.hear(2, signed_change(change_to(1, {}, stable_at(4)), 2));
  m.hear(3, signed_change(change_to(1, {}, stable_at(40)), 3));
  CAF_CHECK(m.installs.empty());
  m.hear(0, signed_change(change_to(1, {}, stable_at(44)), 0));
  CAF_REQUIRE_EQUAL(m.installs.size(), 1u);
  CAF_CHECK_EQUAL(m.installs[0]->plan.stable.what.sequence.value(), 44u);
}

CAF_TEST(the own VIEW_CHANGE must be durable first) {
  managed m{1};
  m.wishes({2, 3}, 1);
  m.changes({0, 2, 3}, 1);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
  CAF_CHECK(m.installs.empty());
  m.left();
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(changes that come before the view is entered are kept for it) {
  managed m{1};
  m.changes({3}, 1);
  CAF_CHECK(m.leaves.empty());
  m.changes({2}, 1);
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{1});
  m.left();
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(changes to a view further on wait for that) {
  managed m{1};
  m.changes({3}, 5); // replica 1 leads that too
  m.wishes({0, 2}, 1);
  m.left();
  CAF_CHECK_EQUAL(m.at(), 1u);
  CAF_CHECK_EQUAL(m.manager->counters().bad_view_changes, 0u);
  m.changes({2}, 5);
  CAF_CHECK_EQUAL(m.at(), 5u);
  m.left();
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(bad changes do not count and leave room for good ones) {
  managed m{1};
  m.wishes({2, 3}, 1);
  m.left();
  auto forged = prepared(1, "a");
  forged.prepares[0].signature.data[0] ^= 1;
  m.hear(3, signed_change(change_to(1, {forged}), 3));
  m.hear(3, view_change{"nonsense", {replica(3), {}}});
  auto unsigned_one = signed_change(change_to(1), 3);
  unsigned_one.by.signature = {};
  m.hear(3, unsigned_one);
  CAF_CHECK_EQUAL(m.manager->counters().bad_view_changes, 3u);
  m.changes({2}, 1);
  CAF_CHECK(m.installs.empty());
  m.changes({3}, 1);
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(a backup gathers nothing) {
  managed m{2};
  m.changes({0, 1, 3}, 1);
  m.left();
  m.changes({0, 1, 3}, 1);
  CAF_CHECK(m.installs.empty());
  CAF_CHECK(m.manager->changes_held().empty());
}

CAF_TEST(signatures that the core has verified are not verified again) {
  managed m{1};
  auto c = change_to(1, {prepared(5, "a"), prepared(6, "b")}, stable_at(4));
  m.wishes({2, 3}, 1);
  m.left(c);
  m.hear(2, signed_change(c, 2));
  m.hear(3, signed_change(c, 3));
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  CAF_CHECK_EQUAL(m.manager->counters().signature_checks, 2u); // of the two messages
}

// -- NEW-VIEW -------------------------------------------------------------------------------------

CAF_TEST(a backup installs a right NEW_VIEW once) {
  managed m{2};
  m.wishes({1, 3}, 1);
  m.left();
  m.hear(1, first_new_view(4, 1));
  CAF_REQUIRE_EQUAL(m.installs.size(), 1u);
  CAF_CHECK(!m.manager->in_view()); // not before it is durable
  m.hear(3, first_new_view(4, 1));
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  m.begun();
  CAF_CHECK(m.manager->in_view());
  CAF_CHECK_EQUAL(m.manager->counters().view_changes, 1u);
  m.hear(1, first_new_view(4, 1));
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
  m.forget();
  m.pass(1000);
  CAF_CHECK(m.said<view_change>().empty());
  CAF_CHECK(m.all.suspected.empty());
}

CAF_TEST(a NEW_VIEW of a higher view is proof enough to enter it) {
  managed m{2};
  m.hear(3, first_new_view(4, 9));
  CAF_CHECK(m.leaves == std::vector<std::uint64_t>{9});
  CAF_REQUIRE_EQUAL(m.installs.size(), 1u);
  CAF_CHECK_EQUAL(m.at(), 9u);
  m.left(); // its VIEW-CHANGE is not needed any more
  CAF_CHECK(m.said<view_change>().empty());
  m.begun();
  CAF_CHECK(m.manager->in_view());
  CAF_CHECK(m.all.suspected.empty());
}

CAF_TEST(a NEW_VIEW of an earlier view is nothing) {
  managed m{2, 5};
  m.hear(1, first_new_view(4, 1));
  CAF_CHECK(m.leaves.empty());
  CAF_CHECK(m.installs.empty());
  CAF_CHECK_EQUAL(m.manager->counters().bad_new_views, 0u);
}

CAF_TEST(a wrong NEW_VIEW costs its primary the view if it is signed) {
  auto wrong = *decode_new_view_content(first_new_view(4, 1).body, {});
  wrong.changes.pop_back();
  managed m{2};
  m.wishes({1, 3}, 1);
  m.left();
  m.hear(3, signed_new_view(wrong, 1)); // whoever passes it on
  CAF_CHECK(m.all.suspected == std::vector{suspicion::bad_new_view});
  CAF_CHECK_EQUAL(m.wished(), 2u);
  CAF_CHECK(m.installs.empty());
  CAF_CHECK_EQUAL(m.manager->counters().bad_new_views, 1u);
}

CAF_TEST(a wrong NEW_VIEW that another made up is only counted) {
  auto content = *decode_new_view_content(first_new_view(4, 1).body, {});
  content.changes.pop_back();
  managed m{2};
  m.wishes({1, 3}, 1);
  m.left();
  m.hear(3, signed_new_view(content, 3));
  auto forged = signed_new_view(content, 1);
  forged.by.signature.data[0] ^= 1;
  m.hear(3, forged);
  m.hear(3, new_view{"nonsense", {replica(1), {}}});
  CAF_CHECK(m.all.suspected.empty());
  CAF_CHECK_EQUAL(m.manager->counters().bad_new_views, 3u);
  m.hear(1, first_new_view(4, 1)); // the right one is welcome
  CAF_CHECK_EQUAL(m.installs.size(), 1u);
}

CAF_TEST(a wrong NEW_VIEW of another view is only counted) {
  auto content = *decode_new_view_content(first_new_view(4, 2).body, {});
  content.changes.pop_back();
  managed m{3};
  m.hear(2, signed_new_view(content, 2));
  m.hear(0, signed_new_view(content, 0)); // of the current primary, which does not lead that
  CAF_CHECK(m.all.suspected.empty());
  CAF_CHECK(m.leaves.empty());
  CAF_CHECK_EQUAL(m.at(), 0u);
}

CAF_TEST(what was left again is not installed) {
  managed m{2};
  m.wishes({1, 3}, 1);
  m.wishes({1, 3}, 2);
  m.hear(1, first_new_view(4, 1));
  CAF_CHECK(m.installs.empty());
  CAF_CHECK_EQUAL(m.at(), 2u);
}

CAF_TEST(a NEW_VIEW whose view is left before it was taken up is dropped) {
  managed m{3};
  m.wishes({1, 2}, 1);
  m.left();
  m.manager->on_message(m.now, replica(1), first_new_view(4, 1));
  for (std::uint16_t i : {1, 2})
    m.manager->on_message(m.now, replica(i), wish{view(2)});
  auto e = m.manager->take_effects();
  CAF_CHECK(e.leave == view(2));
  CAF_CHECK(!e.install);
}

CAF_TEST(a view that began after it was left is not begun) {
  managed m{3};
  m.wishes({1, 2}, 1);
  m.left();
  m.hear(1, first_new_view(4, 1));
  m.wishes({1, 2}, 2);
  m.manager->on_begun(m.now, view(1));
  CAF_CHECK(!m.manager->in_view());
  CAF_CHECK_EQUAL(m.manager->counters().view_changes, 0u);
}
