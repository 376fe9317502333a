#define CAF_SUITE fetch_turns
#include "tests/suite.hpp"

#include <algorithm>

#include "fairness/fetch_turns.hpp"

#include "messages/crypto.hpp"
#include "tests/fairness/chains.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

constexpr std::uint64_t grace = 20;
constexpr std::uint64_t retry = 500;

struct fixture {
  fetch_turns<digest> turns{replica_id{0}, grace, retry};
  digest a = hash("a"), b = hash("b");

  void want(const digest& d, const std::vector<std::uint16_t>& of, std::uint64_t now,
            std::uint64_t block = 1) {
    std::vector<replica_id> holders;
    for (auto i : of)
      holders.push_back(replica_id{i});
    turns.want(d, holders, sequence_number{block}, stamp_time{now});
  }
  bool want_early(const digest& d, std::uint16_t by, std::uint64_t now) {
    return turns.want_early(d, replica_id{by}, {replica_id{by}}, sequence_number{5},
                            stamp_time{now});
  }
  /// Who is asked for one thing now; 0 if nobody is.
  std::uint16_t asked(std::uint64_t now) {
    auto q = turns.due(stamp_time{now});
    CAF_CHECK_LESS_OR_EQUAL(q.size(), 1u);
    return q.empty() ? std::uint16_t{0} : q.front().whom.value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fetch_turns_tests, fixture)

CAF_TEST(what may come by itself is not asked for at once) {
  CAF_CHECK(!turns.next());
  want(a, {2}, 100);
  CAF_CHECK(turns.wants(a));
  CAF_CHECK(turns.next() == stamp_time{120});
  CAF_CHECK_EQUAL(asked(119), 0u);
  CAF_CHECK_EQUAL(asked(120), 2u);
  CAF_CHECK_EQUAL(asked(121), 0u);
}

CAF_TEST(holders are asked one after the other and again) {
  want(a, {2, 1, 3}, 100);
  std::uint64_t now = 120;
  for (std::uint16_t who : {2, 1, 3, 2, 1}) {
    CAF_CHECK(turns.next() == stamp_time{now});
    CAF_CHECK_EQUAL(asked(now - 1), 0u);
    CAF_CHECK_EQUAL(asked(now), who);
    now += retry;
  }
}

CAF_TEST(nobody asks himself) {
  want(a, {0}, 100);
  CAF_CHECK(!turns.next()); // until somebody else may have it
  CAF_CHECK_EQUAL(asked(1000), 0u);
  want(a, {0, 3}, 2000);
  CAF_CHECK(turns.next() == stamp_time{120});
  CAF_CHECK_EQUAL(asked(2000), 3u);
}

CAF_TEST(more may turn out to hold it) {
  want(a, {1}, 100);
  CAF_CHECK_EQUAL(asked(120), 1u);
  want(a, {1, 2}, 200); // neither asked again for that, nor later
  CAF_CHECK_EQUAL(turns.size(), 1u);
  CAF_CHECK(turns.next() == stamp_time{120 + retry});
  CAF_CHECK_EQUAL(asked(120 + retry), 2u);
  CAF_CHECK_EQUAL(asked(120 + 2 * retry), 1u);
}

CAF_TEST(one question a replica has all that it is asked for) {
  want(a, {1}, 100, 7);
  want(b, {1}, 100, 9);
  want(hash("c"), {3}, 100, 8);
  auto q = turns.due(stamp_time{120});
  CAF_REQUIRE_EQUAL(q.size(), 2u);
  CAF_CHECK(q[0].whom == replica_id{1});
  CAF_CHECK(q[0].sequence == sequence_number{7});
  CAF_CHECK((q[0].names == std::vector{a, b})); // that of the lowest block first
  CAF_CHECK(q[1].whom == replica_id{3});
  CAF_CHECK(q[1].sequence == sequence_number{8});
}

CAF_TEST(who is asked looks from the lowest block that needs it) {
  want(a, {1}, 100, 9);
  want(a, {1}, 100, 7);
  want(a, {1}, 100, 8);
  CAF_CHECK(turns.due(stamp_time{120}).front().sequence == sequence_number{7});
}

CAF_TEST(no question is larger than what is looked at) {
  std::vector<digest> asked_for;
  for (int i = 0; i < 600; ++i)
    want(hash(std::to_string(i)), {1}, 100);
  std::uint64_t now = 120;
  for (std::size_t size : {256, 256, 88}) {
    auto q = turns.due(stamp_time{now});
    CAF_REQUIRE_EQUAL(q.size(), 1u);
    CAF_CHECK_EQUAL(q[0].names.size(), size);
    asked_for.insert(asked_for.end(), q[0].names.begin(), q[0].names.end());
    now += grace + 1;
  }
  std::sort(asked_for.begin(), asked_for.end());
  CAF_CHECK(std::unique(asked_for.begin(), asked_for.end()) == asked_for.end());
}

CAF_TEST(of what one replica invents little is wanted) {
  constexpr auto most = fetch_turns<digest>::most_early;
  for (std::size_t i = 0; i < most; ++i)
    CAF_REQUIRE(want_early(hash(std::to_string(i)), 1, 100));
  CAF_CHECK(!want_early(a, 1, 100));
  CAF_CHECK(!turns.wants(a));
  CAF_CHECK(want_early(a, 2, 100)); // another says so too
  CAF_CHECK(turns.wants(a) && !turns.needs(a));
  CAF_CHECK(want_early(hash("0"), 1, 100));
  turns.drop(hash("0"));
  want(hash("1"), {1}, 100, 9); // a block needs it
  CAF_CHECK(turns.needs(hash("1")));
  CAF_CHECK(want_early(b, 1, 100));
  CAF_CHECK(want_early(hash("c"), 1, 100));
  CAF_CHECK(!want_early(hash("d"), 1, 100));
}

CAF_TEST(what no block needs is asked for ever more rarely) {
  want_early(a, 1, 100);
  std::uint64_t now = 120;
  for (std::uint64_t wait : {1, 2, 4, 8, 16, 32, 64, 64}) {
    auto q = turns.due(stamp_time{now});
    CAF_REQUIRE_EQUAL(q.size(), 1u);
    CAF_CHECK(q[0].sequence == sequence_number{6});
    now += wait * retry;
    CAF_CHECK(turns.next() == stamp_time{now});
  }
  want(a, {3}, now - 60 * retry, 8); // until one does
  CAF_CHECK(turns.next() == stamp_time{now - 60 * retry + grace});
  CAF_CHECK(turns.due(*turns.next()).front().sequence == sequence_number{8});
}

CAF_TEST(what came is asked for no more) {
  want(a, {1}, 100);
  want(b, {1}, 150);
  turns.drop(a);
  turns.drop(hash("never wanted"));
  CAF_CHECK(!turns.wants(a));
  CAF_CHECK(turns.next() == stamp_time{170});
  CAF_CHECK((turns.due(stamp_time{170}).front().names == std::vector{b}));
}

CAF_TEST(what blocks needed goes with them) {
  want(a, {1}, 100, 7);
  want(b, {1}, 100, 8);
  want_early(hash("c"), 1, 100);
  turns.drop_if([](const digest&, sequence_number by) { return by == sequence_number{7}; });
  CAF_CHECK(!turns.wants(a));
  CAF_CHECK(turns.wants(b));
  turns.drop_if([&](const digest& d, sequence_number) { return d != b; });
  CAF_CHECK_EQUAL(turns.size(), 1u);
}

CAF_TEST(a report is wanted by its place) {
  fetch_turns<chain_head> reports(replica_id{0}, grace, retry);
  auto r = report_after(1, chain_start(), 10);
  auto name = name_of(r);
  reports.want(name, {replica_id{1}}, sequence_number{1}, stamp_time{0});
  CAF_CHECK(reports.wants(name));
  name.index = report_index{2};
  CAF_CHECK(!reports.wants(name));
}

CAF_TEST_FIXTURE_SCOPE_END()
