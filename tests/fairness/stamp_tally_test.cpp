#define CAF_SUITE stamp_tally
#include "tests/suite.hpp"

#include "fairness/stamp_tally.hpp"

#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

struct fixture {
  market::rules rules = fair_rules();
  cluster_size size{4};
  std::unique_ptr<stamp_tally> tally;

  fixture() {
    reset();
  }
  void reset() {
    tally = std::make_unique<stamp_tally>(rules, size);
  }
  static stamped body(std::uint64_t number, const std::string& name = "body",
                      std::uint32_t client = 0, std::uint8_t stream = 0) {
    return {header(client, stream, number), hash(name)};
  }
  void add(const stamped& what, std::uint16_t by, std::uint64_t time) {
    tally->add(what, replica_id{by}, stamp_time{time});
  }
  std::vector<stamped> report(std::uint16_t by, std::vector<stamp> stamps) {
    return tally->add(report_after(by, chain_start(), 1000, std::move(stamps))->content);
  }
  bool vouched(const stamped& what) const {
    const auto* e = tally->find(what);
    return e && e->vouched(size);
  }
  std::optional<stamp_time> time(const stamped& what) const {
    const auto* e = tally->find(what);
    return e ? e->time(size) : std::nullopt;
  }
  std::vector<digest> set_next(std::uint64_t next, std::uint32_t client = 0) {
    std::vector<digest> gone;
    tally->set_next(client_id{client}, stream_id{0}, submission_number{next},
                    [&](const digest& d) { gone.push_back(d); });
    return gone;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(stamp_tally_tests, fixture)

CAF_TEST(a body is vouched for by so many that one is honest) {
  add(body(1), 0, 50);
  CAF_CHECK(!vouched(body(1)));
  CAF_CHECK(!time(body(1)));
  add(body(1), 0, 40);
  CAF_CHECK(!vouched(body(1))); // one replica is one
  add(body(1), 3, 60);
  CAF_CHECK(vouched(body(1)));
  CAF_CHECK(!vouched(body(2)));
  size = cluster_size{7};
  reset();
  add(body(1), 0, 50);
  add(body(1), 1, 50);
  CAF_CHECK(!vouched(body(1)));
  add(body(1), 2, 50);
  CAF_CHECK(vouched(body(1)));
}

CAF_TEST(its time is that of the first who may be honest) {
  add(body(1), 0, 50);
  add(body(1), 1, 70);
  CAF_CHECK(time(body(1)) == stamp_time{70});
  add(body(1), 2, 60);
  CAF_CHECK(time(body(1)) == stamp_time{60});
  add(body(1), 3, 1);
  CAF_CHECK(time(body(1)) == stamp_time{50});
}

CAF_TEST(of each replica the earliest stamp counts) {
  add(body(1), 0, 50);
  add(body(1), 1, 70);
  add(body(1), 1, 90);
  CAF_CHECK(time(body(1)) == stamp_time{70});
  add(body(1), 1, 65);
  CAF_CHECK(time(body(1)) == stamp_time{65});
  CAF_CHECK_EQUAL(tally->find(body(1))->stamps.size(), 2u);
}

CAF_TEST(stamps of different places do not add up) {
  add(body(1), 0, 50);
  add(body(2), 1, 50);
  add(body(1, "body", 1), 2, 50);
  add(body(1, "body", 0, 1), 3, 50);
  CAF_CHECK_EQUAL(tally->size(), 4u);
  tally->each([&](const stamped&, const stamp_tally::entry& e) { CAF_CHECK(!e.vouched(size)); });
  add(body(1), 3, 50);
  CAF_CHECK(vouched(body(1)));
}

CAF_TEST(a report says what of it waits) {
  auto a = body(1, "a"), b = body(2, "b");
  CAF_CHECK((report(0, {stamp_at(a, 10), stamp_at(b, 20)}) == std::vector{a, b}));
  CAF_CHECK((report(1, {stamp_at(a, 10)}) == std::vector{a}));
  CAF_CHECK((report(1, {stamp_at(a, 10)}) == std::vector{a})); // known before
  CAF_CHECK(vouched(a));
  set_next(2);
  CAF_CHECK((report(2, {stamp_at(a, 10), stamp_at(b, 20)}) == std::vector{b}));
}

CAF_TEST(what is executed or of nobody is left out) {
  CAF_CHECK(report(0, {stamp_at(body(1, "x", 4), 1)}).empty());
  CAF_CHECK(report(0, {stamp_at(body(1, "x", UINT32_MAX), 1)}).empty());
  CAF_CHECK(report(0, {stamp_at(body(1, "x", 0, max_streams), 1)}).empty());
  CAF_CHECK_EQUAL(tally->size(), 0u);
  CAF_CHECK(tally->waits(header(0, 0, 1)));
  CAF_CHECK(!tally->waits(header(0, 0, 0)));
  set_next(3);
  CAF_CHECK(!tally->waits(header(0, 0, 2)));
  CAF_CHECK(tally->waits(header(0, 0, 3)));
  CAF_CHECK(tally->waits(header(0, 1, 1)));
  // Nor do strangers have positions.
  set_next(7, 4);
  set_next(7, UINT32_MAX);
}

CAF_TEST(execution drops all rivals and says what is gone) {
  auto a = body(1, "a"), rival = body(1, "rival"), b = body(2, "b"), other = body(1, "c", 1);
  for (const auto& x : {a, rival, b, other})
    add(x, 0, 10);
  auto gone = set_next(2);
  std::sort(gone.begin(), gone.end());
  std::vector both{a.body, rival.body};
  std::sort(both.begin(), both.end());
  CAF_CHECK(gone == both);
  CAF_CHECK(!tally->find(a));
  CAF_CHECK(!tally->find(rival));
  CAF_CHECK(tally->find(b));
  CAF_CHECK(tally->find(other));
  CAF_CHECK(set_next(2).empty());
  CAF_CHECK((set_next(3) == std::vector{b.body}));
}

CAF_TEST(a body is not gone while it is said to stand elsewhere) {
  add(body(1), 0, 10);
  add(body(5), 1, 10);
  add(body(1, "body", 1), 2, 10);
  CAF_CHECK(set_next(2).empty());
  CAF_CHECK(set_next(2, 1).empty());
  CAF_CHECK((set_next(9) == std::vector{body(5).body}));
  CAF_CHECK_EQUAL(tally->size(), 0u);
}

CAF_TEST(a replica has so many stamps open and no more) {
  rules.order.max_open_stamps = 3;
  reset();
  for (std::uint64_t n = 1; n <= 5; ++n)
    add(body(n, std::to_string(n)), 2, 10 * n);
  CAF_CHECK_EQUAL(tally->size(), 3u);
  CAF_CHECK(!tally->find(body(4, "4")));
  // Those of others count, and its own may still turn out to be earlier.
  add(body(4, "4"), 0, 50);
  add(body(4, "4"), 2, 40);
  CAF_CHECK(!vouched(body(4, "4")));
  add(body(1, "1"), 0, 30);
  add(body(1, "1"), 2, 5);
  CAF_CHECK(time(body(1, "1")) == stamp_time{30});
  add(body(1, "1"), 1, 7);
  CAF_CHECK(time(body(1, "1")) == stamp_time{7});
  // Executed ones make room.
  set_next(2);
  add(body(4, "4"), 2, 40);
  CAF_CHECK(vouched(body(4, "4")));
  add(body(5, "5"), 2, 50);
  CAF_CHECK(!tally->find(body(5, "5")));
}

CAF_TEST_FIXTURE_SCOPE_END()
