#define CAF_SUITE explanation
#include "tests/suite.hpp"

#include <algorithm>
#include <memory>

#include "fairness/explanation.hpp"
#include "fairness/ranking.hpp"
#include "tests/fairness/fair_market.hpp"
#include "tests/fairness/random_stamps.hpp"

using namespace bourse::fairness;

namespace {

/// Four replicas, of which two stamps make a time.
struct fixture {
  bourse::market::rules r = fair_rules();
  body_shelf shelf;
  ranking rank{r, cluster_size{}};
  block_explanation why;

  fixture() {
    r.blocks.max_requests = 100;
  }

  void stamp_by(std::uint16_t by, const submission_ptr& s, std::uint64_t time) {
    stamp one{header_of(*s), s->digest, stamp_time{time}};
    rank.add(replica_id{by}, {&one, 1});
  }
  submission_ptr add(submission_header about, std::uint64_t time, lane l = lane::ordinary,
                     std::size_t requests = 1, std::uint64_t variant = 0) {
    auto s = shelf.put(submission_of(r, about, l, requests, variant));
    stamp_by(0, s, time);
    stamp_by(1, s, time);
    return s;
  }
  /// Executes a block, of which `why` tells.
  std::vector<submission_ptr> run(std::uint64_t t) {
    return rank.finish(shelf.get(rank.begin(stamp_time{t})), &why);
  }
  const explained_entry& of(const submission_ptr& s) const {
    for (auto* list : {&why.executed, &why.left_over})
      for (auto& e : *list)
        if (e.body == s)
          return e;
    CAF_FAIL("it was not ready");
  }
  std::optional<precedence> before(const submission_ptr& a, const submission_ptr& b) const {
    return why_before(of(a), of(b));
  }
  /// So many blocks of liquidations, each of which leaves over what is not one.
  void fill_blocks(int count) {
    for (; count > 0; --count) {
      auto next = rank.next(client_id{3}, stream_id{0}).value();
      add(header(3, 0, next), 1, lane::liquidation, r.blocks.max_requests);
      run(50);
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(explanation_tests, fixture)

CAF_TEST(an entry has its stamps and the second is its time) {
  auto s = shelf.put(submission_of(r, header(0, 0, 1), lane::maker));
  stamp_by(3, s, 30);
  stamp_by(1, s, 10);
  stamp_by(0, s, 20);
  CAF_CHECK_EQUAL(run(25).size(), 1u);
  CAF_CHECK(why.time == stamp_time{25});
  CAF_REQUIRE_EQUAL(why.executed.size(), 1u);
  auto& e = why.executed[0];
  CAF_CHECK(e.body == s);
  CAF_CHECK((e.stamps
             == std::vector<held_stamp>{{stamp_time{10}, replica_id{1}},
                                        {stamp_time{20}, replica_id{0}},
                                        {stamp_time{30}, replica_id{3}}}));
  CAF_CHECK(e.time == stamp_time{20} && e.effective_time == stamp_time{20});
  CAF_CHECK(e.effective_lane == lane::maker && e.rank == block_rank::maker);
  CAF_CHECK(!e.aged && !e.reserved && e.left_over == 0);
  CAF_CHECK(e.tie == hasher{}.add(r.cluster).add_u64(25).add(r.clients[0].key.view()).finish());
}

CAF_TEST(a number tells which one before it made it wait) {
  auto slow = add(header(0, 0, 1), 20), worse = add(header(0, 0, 2), 15, lane::high_value);
  auto quick = add(header(0, 0, 3), 10, lane::maker);
  auto late = add(header(0, 0, 4), 30);
  run(30);
  CAF_CHECK(of(slow).time_from == submission_number{1});
  CAF_CHECK(of(worse).time_from == submission_number{1} && of(worse).time == stamp_time{15});
  CAF_CHECK(of(quick).effective_time == stamp_time{20} && of(quick).time == stamp_time{10});
  CAF_CHECK(of(quick).time_from == submission_number{1});
  CAF_CHECK(of(quick).effective_lane == lane::ordinary);
  CAF_CHECK(of(quick).lane_from == submission_number{1});
  CAF_CHECK(of(late).time_from == submission_number{4});
  CAF_CHECK(of(late).lane_from == submission_number{1});
  CAF_CHECK(before(worse, quick) == precedence::number);
  CAF_CHECK(!before(quick, worse));
}

CAF_TEST(rank then time then the hash then the stream decide) {
  auto a = add(header(0, 0, 1), 20, lane::maker), b = add(header(1, 0, 1), 10);
  auto c = add(header(2, 0, 1), 11), d = add(header(1, 1, 1), 10), e = add(header(2, 1, 1), 10);
  auto result = run(30);
  CAF_CHECK(before(a, b) == precedence::rank);
  CAF_CHECK(before(b, c) == precedence::time);
  CAF_CHECK(before(b, d) == precedence::stream);
  auto first = of(b).tie < of(e).tie ? b : e;
  CAF_CHECK(before(first, first == b ? e : b) == precedence::tie);
  CAF_CHECK(!before(b, a) && !before(c, b) && !before(d, b));
  CAF_CHECK(!before(first == b ? e : b, first));
  CAF_CHECK(!before(a, a));
}

CAF_TEST(the quota of high value shows in the rank) {
  r.order.high_value_requests = 1;
  auto in = add(header(0, 0, 1), 10, lane::high_value);
  auto out = add(header(1, 0, 1), 11, lane::high_value);
  auto ordinary = add(header(2, 0, 1), 5);
  run(20);
  CAF_CHECK(of(in).rank == block_rank::high_value);
  CAF_CHECK(of(out).rank == block_rank::others);
  CAF_CHECK(of(out).effective_lane == lane::high_value);
  CAF_CHECK(before(in, ordinary) == precedence::rank);
  CAF_CHECK(before(ordinary, out) == precedence::time);
}

CAF_TEST(what the cut leaves over comes by rank and counts its blocks) {
  r.blocks.max_requests = 1;
  auto a = add(header(0, 0, 1), 10), b = add(header(1, 0, 1), 11), c = add(header(2, 0, 1), 9);
  auto m = add(header(0, 1, 1), 12, lane::maker);
  CAF_CHECK((run(20) == std::vector{m}));
  CAF_REQUIRE_EQUAL(why.left_over.size(), 3u);
  CAF_CHECK(why.left_over[0].body == c && why.left_over[1].body == a && why.left_over[2].body == b);
  CAF_CHECK_EQUAL(int{of(b).left_over}, 0);
  run(20);
  CAF_CHECK_EQUAL(int{of(b).left_over}, 1);
  CAF_CHECK(!of(b).aged);
  run(20);
  CAF_CHECK_EQUAL(int{of(b).left_over}, 2);
  CAF_CHECK(of(b).aged && of(b).rank == block_rank::aged && !of(b).reserved);
  run(20);
  CAF_CHECK_EQUAL(int{of(b).left_over}, 2); // more are not counted
  CAF_CHECK(of(b).reserved);
}

CAF_TEST(a quarter is reserved for aged ones of whatever lane) {
  r.blocks.max_requests = 4;
  auto old = add(header(0, 0, 1), 3), maker = add(header(1, 0, 1), 4, lane::maker);
  fill_blocks(2);
  CAF_CHECK(!of(old).reserved && of(old).left_over == 1);
  std::vector<submission_ptr> others;
  for (std::uint8_t s = 0; s < 4; ++s)
    others.push_back(add(header(2, s, 1), 1, lane::liquidation));
  auto result = run(60);
  CAF_REQUIRE_EQUAL(result.size(), 4u);
  CAF_CHECK(result[3] == old);
  CAF_CHECK(of(old).reserved && of(old).rank == block_rank::aged);
  CAF_CHECK(of(maker).aged && !of(maker).reserved && of(maker).rank == block_rank::maker);
  CAF_CHECK(before(others[0], old) == precedence::rank);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(of random blocks every place has a reason and asking changes nothing) {
  std::uint64_t pairs = 0, reserved = 0;
  auto first = first_seed();
  CAF_MESSAGE("seeds from " << first);
  for (auto seed = first; seed < first + 100; ++seed) {
    random_stamps random{seed};
    auto& r = random.rules();
    ranking asked{r, random.size(), seed};
    ranking other{r, random.size(), seed};
    int wrong = 0;
    for (int i = 0; i < 60 && wrong == 0; ++i) {
      auto block = random.next_block([&](client_id c, stream_id s) {
        return c.value() < r.clients.size() ? other.next(c, s) : submission_number{1};
      });
      for (auto& [by, stamps] : block.reports) {
        asked.add(by, stamps);
        other.add(by, stamps);
      }
      auto bodies = random.shelf().get(other.begin(block.t));
      asked.begin(block.t);
      block_explanation why;
      auto result = asked.finish(bodies, &why);
      wrong += result != other.finish(bodies);
      wrong += !std::equal(result.begin(), result.end(), why.executed.begin(), why.executed.end(),
                           [](auto& s, auto& e) { return s == e.body; });
      wrong += why.left_over.size() != other.left_over();
      for (auto* list : {&why.executed, &why.left_over})
        for (std::size_t k = 0; k < list->size(); ++k) {
          auto& e = (*list)[k];
          wrong += e.time > block.t || e.effective_time < e.time;
          wrong += e.time != e.stamps.at(random.size().f()).time;
          wrong += e.time_from > e.body->content.number;
          reserved += e.reserved;
          if (k == 0)
            continue;
          wrong += !why_before((*list)[k - 1], e) || why_before(e, (*list)[k - 1]);
          ++pairs;
        }
      if (wrong != 0)
        CAF_ERROR("seed " << seed << ", block " << i);
    }
    CAF_REQUIRE_EQUAL(wrong, 0);
  }
  CAF_MESSAGE(pairs << " pairs, " << reserved << " reserved");
  CAF_CHECK(pairs > 1000 && reserved > 100);
}
