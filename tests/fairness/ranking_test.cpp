#define CAF_SUITE ranking
#include "tests/suite.hpp"

#include <algorithm>
#include <initializer_list>
#include <memory>

#include "fairness/ranking.hpp"
#include "tests/fairness/fair_market.hpp"
#include "tests/fairness/stamps_of.hpp"

using namespace bourse::fairness;

namespace {

using batch = std::vector<submission_ptr>;

/// Four replicas, of which two stamps make a time.
struct fixture {
  bourse::market::rules r = fair_rules();
  body_shelf shelf;
  std::unique_ptr<ranking> rank = std::make_unique<ranking>(r, cluster_size{});

  fixture() {
    r.blocks.max_requests = 100;
  }

  submission_ptr make(submission_header about, lane l = lane::ordinary, std::size_t requests = 1,
                      std::uint64_t variant = 0) {
    return shelf.put(submission_of(r, about, l, requests, variant));
  }
  void stamp_by(std::uint16_t by, const submission_ptr& s, std::uint64_t time) {
    stamp_as(by, header_of(*s), s->digest, time);
  }
  void stamp_as(std::uint16_t by, submission_header about, const digest& body, std::uint64_t time) {
    stamp one{about, body, stamp_time{time}};
    rank->add(replica_id{by}, {&one, 1});
  }
  /// By replicas 0 and 1, at one time.
  submission_ptr add(submission_header about, std::uint64_t time, lane l = lane::ordinary,
                     std::size_t requests = 1, std::uint64_t variant = 0) {
    auto s = make(about, l, requests, variant);
    stamp_by(0, s, time);
    stamp_by(1, s, time);
    return s;
  }
  batch run(std::uint64_t t) {
    return rank->finish(shelf.get(rank->begin(stamp_time{t})));
  }
  /// Which of two clients whose requests have the same time goes first in a block of this time.
  bool goes_first(std::uint32_t a, std::uint32_t b, std::uint64_t t) {
    auto tie = [&](std::uint32_t c) {
      auto& key = r.clients[c].key;
      return hasher{}.add(r.cluster).add_u64(t).add(key.view()).finish();
    };
    return tie(a) < tie(b);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ranking_tests, fixture)

CAF_TEST(a body is eligible from the first block that reaches its second stamp) {
  auto s = make(header(0, 0, 1));
  stamp_by(3, s, 20);
  CAF_CHECK_EQUAL(stamps_of(*rank, s->digest), 1u);
  CAF_CHECK(run(1000).empty()); // what is missing is never
  stamp_by(1, s, 1500);
  CAF_CHECK(run(1499).empty());
  CAF_CHECK((rank->begin(stamp_time{1500}) == std::vector{s->digest}));
  CAF_CHECK((rank->finish(batch{s}) == batch{s}));
  CAF_CHECK_EQUAL(stamps_of(*rank, s->digest), 0u);
  CAF_CHECK_EQUAL(rank->next(client_id{0}, stream_id{0}).value(), 2u);
  CAF_CHECK_EQUAL(rank->next(client_id{0}, stream_id{1}).value(), 1u);
}

CAF_TEST(of seven the third stamp counts) {
  rank = std::make_unique<ranking>(r, cluster_size{7});
  auto s = make(header(0, 0, 1));
  stamp_by(6, s, 10);
  stamp_by(0, s, 900);
  stamp_by(1, s, 30);
  stamp_by(2, s, 800);
  CAF_CHECK(run(799).empty());
  CAF_CHECK((run(800) == batch{s}));
}

CAF_TEST(the first stamp of a replica counts) {
  auto s = make(header(0, 0, 1));
  stamp_by(0, s, 50);
  stamp_by(0, s, 10);
  stamp_by(0, s, 60);
  CAF_CHECK_EQUAL(stamps_of(*rank, s->digest), 1u);
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{0}), 1u);
  stamp_by(1, s, 20);
  CAF_CHECK(run(49).empty());
  CAF_CHECK((run(50) == batch{s}));
}

CAF_TEST(bodies are asked for by time) {
  auto a = add(header(0, 0, 1), 30), b = add(header(1, 0, 1), 10), c = add(header(2, 0, 1), 20);
  auto names = rank->begin(stamp_time{25});
  CAF_CHECK((names == std::vector{b->digest, c->digest}));
  CAF_CHECK((rank->finish(batch{b, c}) == batch{b, c}));
  CAF_CHECK((run(30) == batch{a}));
}

CAF_TEST(lies about whose a body is do not add up) {
  auto s = make(header(0, 0, 1));
  stamp_as(3, header(1, 0, 1), s->digest, 1);
  stamp_as(3, header(0, 0, 1), s->digest, 2); // said something else already
  stamp_by(0, s, 10);
  CAF_CHECK(run(20).empty());
  stamp_by(1, s, 15);
  CAF_CHECK((run(20) == batch{s}));
  CAF_CHECK_EQUAL(stamps_of(*rank, s->digest), 1u); // the lie stands
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{3}), 1u);
  auto other = add(header(1, 0, 1), 30);
  CAF_CHECK((run(30) == batch{other}));
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{3}), 0u);
}

CAF_TEST(what comes out of nowhere is ignored) {
  auto of = [](submission_header about) {
    return stamp{about, hash("x"), stamp_time{1}};
  };
  add(header(0, 0, 1), 1);
  CAF_CHECK_EQUAL(run(1).size(), 1u);
  std::vector<stamp> stamps{of(header(4, 0, 1)),         of(header(0, 16, 1)), of(header(0, 0, 0)),
                            of(header(0, 0, 1)),         of(header(0, 0, 10)), of(header(0, 1, 9)),
                            of(header(0, 0, UINT64_MAX))};
  for (std::uint16_t by = 0; by < 4; ++by)
    rank->add(replica_id{by}, stamps);
  CAF_CHECK_EQUAL(stamps_of(*rank, hash("x")), 0u);
  // Four credits of two: nine is the last after one.
  stamps = {of(header(0, 0, 9))};
  rank->add(replica_id{0}, stamps);
  CAF_CHECK_EQUAL(stamps_of(*rank, hash("x")), 1u);
}

CAF_TEST(open stamps of a replica are bounded) {
  r.order.max_open_stamps = 2;
  auto a = make(header(0, 0, 1)), b = make(header(0, 0, 2)), c = make(header(0, 0, 3));
  for (auto& s : {a, b, c})
    stamp_by(0, s, 10);
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{0}), 2u);
  CAF_CHECK_EQUAL(stamps_of(*rank, c->digest), 0u);
  stamp_by(1, c, 10); // others have their own
  CAF_CHECK_EQUAL(stamps_of(*rank, c->digest), 1u);
  stamp_by(1, a, 10);
  CAF_CHECK((run(10) == batch{a}));
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{0}), 1u);
  stamp_by(0, c, 20);
  stamp_by(2, b, 20);
  CAF_CHECK((run(20) == batch{b, c}));
}

CAF_TEST(four bodies under one number are stamped by a replica) {
  std::vector<submission_ptr> s;
  for (std::uint64_t v = 0; v < 5; ++v) {
    s.push_back(make(header(0, 0, 1), lane::ordinary, 1, v));
    stamp_by(0, s.back(), 10);
  }
  CAF_CHECK_EQUAL(rank->open_stamps(replica_id{0}), 4u);
  CAF_CHECK_EQUAL(stamps_of(*rank, s[4]->digest), 0u);
  stamp_by(1, s[4], 20);
  stamp_by(2, s[4], 10);
  CAF_CHECK((run(20) == batch{s[4]}));
}

CAF_TEST(the earliest of several bodies stands for its number and the others are void) {
  auto late = add(header(0, 0, 1), 20, lane::ordinary, 1, 1);
  auto early = add(header(0, 0, 1), 10, lane::ordinary, 1, 2);
  auto unseen = make(header(0, 0, 1), lane::ordinary, 1, 3);
  stamp_by(2, unseen, 1);
  CAF_CHECK((run(20) == batch{early}));
  for (auto& s : {late, early, unseen})
    CAF_CHECK_EQUAL(stamps_of(*rank, s->digest), 0u);
  for (std::uint16_t by = 0; by < 4; ++by)
    CAF_CHECK_EQUAL(rank->open_stamps(replica_id{by}), 0u);
  stamp_by(2, late, 30);
  CAF_CHECK_EQUAL(stamps_of(*rank, late->digest), 0u);
  CAF_CHECK(run(1000).empty());
}

CAF_TEST(of bodies of one time the lower digest stands for the number) {
  auto a = add(header(0, 0, 1), 10, lane::ordinary, 1, 1);
  auto b = add(header(0, 0, 1), 10, lane::ordinary, 1, 2);
  CAF_CHECK((run(10) == batch{a->digest < b->digest ? a : b}));
}

CAF_TEST(stamps that come late can change who stands for a number) {
  auto gap = make(header(0, 0, 1));
  auto a = add(header(0, 0, 2), 10, lane::ordinary, 1, 1);
  auto b = make(header(0, 0, 2), lane::ordinary, 1, 2);
  stamp_by(0, b, 5);
  stamp_by(1, b, 15);
  CAF_CHECK(run(20).empty());
  stamp_by(2, b, 6); // makes its time 6
  stamp_by(0, gap, 21);
  stamp_by(1, gap, 21);
  auto names = rank->begin(stamp_time{30});
  CAF_CHECK((names == std::vector{gap->digest}));
  CAF_CHECK((rank->finish(batch{gap}) == batch{gap, b}));
}

CAF_TEST(stamps that come late move what is left over) {
  r.blocks.max_requests = 1;
  auto first = add(header(0, 0, 1), 1), a = add(header(1, 0, 1), 10), b = add(header(2, 0, 1), 11);
  CAF_CHECK((run(20) == batch{first}));
  stamp_by(2, b, 2);
  stamp_by(3, b, 3);
  CAF_CHECK((run(20) == batch{b}));
  CAF_CHECK((run(20) == batch{a}));
}

CAF_TEST(numbers wait for those before them) {
  auto third = add(header(0, 0, 3), 1), first = add(header(0, 0, 1), 30);
  CAF_CHECK(run(20).empty());
  CAF_CHECK((run(30) == batch{first}));
  CAF_CHECK_EQUAL(rank->left_over(), 0u);
  auto second = add(header(0, 0, 2), 40);
  auto other = add(header(1, 0, 1), 35);
  CAF_CHECK((run(40) == batch{other, second, third}));
}

CAF_TEST(a number has the worst lane and the latest time of those before it) {
  auto slow = add(header(0, 0, 1), 20, lane::ordinary);
  auto cancel = add(header(0, 0, 2), 10, lane::maker);
  auto other = add(header(0, 1, 1), 15, lane::maker);
  auto between = add(header(1, 0, 1), 19, lane::ordinary);
  auto after = add(header(2, 0, 1), 21, lane::ordinary);
  CAF_CHECK((run(30) == batch{other, between, slow, cancel, after}));
}

CAF_TEST(lanes come in order and within them times) {
  auto a = add(header(0, 0, 1), 14), b = add(header(1, 0, 1), 13, lane::high_value);
  auto c = add(header(2, 0, 1), 12, lane::maker), d = add(header(3, 0, 1), 11, lane::liquidation);
  auto e = add(header(0, 1, 1), 4), f = add(header(1, 1, 1), 3, lane::high_value);
  auto g = add(header(2, 1, 1), 2, lane::maker), h = add(header(3, 1, 1), 1, lane::liquidation);
  CAF_CHECK((run(20) == batch{h, d, g, c, f, b, e, a}));
}

CAF_TEST(ties go by a hash that changes with each block) {
  int swaps = 0;
  for (std::uint64_t t = 10; t < 50; ++t) {
    auto n = t - 9;
    auto a = add(header(0, 0, n), 5), a2 = add(header(0, 1, n), 5), b = add(header(1, 0, n), 5);
    auto a_first = goes_first(0, 1, t);
    swaps += a_first;
    CAF_CHECK((run(t) == (a_first ? batch{a, a2, b} : batch{b, a, a2})));
  }
  CAF_CHECK(swaps > 5 && swaps < 35);
}

CAF_TEST(orders of a client that tie go by stream and number) {
  auto d = add(header(0, 1, 2), 5), c = add(header(0, 1, 1), 5);
  auto b = add(header(0, 0, 2), 5), a = add(header(0, 0, 1), 5);
  CAF_CHECK((run(5) == batch{a, b, c, d}));
}

CAF_TEST(high value beyond the quota is ordinary) {
  r.order.high_value_requests = 3;
  auto early = add(header(0, 0, 1), 1);
  auto a = add(header(1, 0, 1), 10, lane::high_value, 2);
  auto b = add(header(2, 0, 1), 11, lane::high_value, 2); // would exceed it
  auto c = add(header(3, 0, 1), 12, lane::high_value, 1); // would not, but stands behind
  auto late = add(header(0, 1, 1), 13);
  CAF_CHECK((run(20) == batch{a, early, b, c, late}));

  r.order.high_value_requests = 4;
  early = add(header(0, 0, 2), 21);
  a = add(header(1, 0, 2), 30, lane::high_value, 2);
  b = add(header(2, 0, 2), 31, lane::high_value, 2);
  c = add(header(3, 0, 2), 32, lane::high_value, 1);
  CAF_CHECK((run(40) == batch{a, b, early, c}));

  r.order.high_value_requests = 0;
  early = add(header(0, 0, 3), 41);
  a = add(header(1, 0, 3), 42, lane::high_value);
  CAF_CHECK((run(50) == batch{early, a}));
}

CAF_TEST(makers behind high value have its lane and count to its quota) {
  r.order.high_value_requests = 2;
  auto a = add(header(0, 0, 1), 10, lane::high_value), b = add(header(0, 0, 2), 11, lane::maker);
  auto c = add(header(1, 0, 1), 12, lane::high_value), d = add(header(2, 0, 1), 5);
  CAF_CHECK((run(20) == batch{a, b, d, c}));
}

CAF_TEST(a block ends at the first that does not fit) {
  r.blocks.max_requests = 4;
  auto a = add(header(0, 0, 1), 1, lane::ordinary, 2),
       b = add(header(1, 0, 1), 2, lane::ordinary, 3);
  auto c = add(header(2, 0, 1), 3);
  CAF_CHECK((run(10) == batch{a}));
  CAF_CHECK_EQUAL(rank->left_over(), 2u);
  CAF_CHECK((run(10) == batch{b, c}));
  CAF_CHECK_EQUAL(rank->left_over(), 0u);
  CAF_CHECK(run(10).empty());
}

CAF_TEST(bytes fill a block too) {
  auto a = add(header(0, 0, 1), 1), b = add(header(1, 0, 1), 2), c = add(header(2, 0, 1), 3);
  r.blocks.max_bytes = static_cast<std::uint32_t>(a->source.body.size() + b->source.body.size());
  CAF_CHECK((run(10) == batch{a, b}));
  CAF_CHECK((run(10) == batch{c}));
}

CAF_TEST(the first always fits) {
  r.blocks.max_requests = 2;
  auto a = add(header(0, 0, 1), 1, lane::ordinary, 5), b = add(header(1, 0, 1), 2);
  CAF_CHECK((run(10) == batch{a}));
  CAF_CHECK((run(10) == batch{b}));
  r.blocks.max_bytes = 1;
  a = add(header(0, 0, 2), 11);
  CAF_CHECK((run(20) == batch{a}));
}

CAF_TEST(what two blocks left over goes ahead of high value and others) {
  r.blocks.max_requests = 3;
  auto old = add(header(0, 0, 1), 1), older = add(header(0, 1, 1), 0, lane::high_value);
  r.order.high_value_requests = 0;
  for (std::uint64_t n = 1; n <= 2; ++n) {
    for (std::uint8_t s = 0; s < 3; ++s)
      add(header(1, s, n), 10, lane::maker);
    for (auto& s : run(20))
      CAF_CHECK(s->lane == lane::maker);
    CAF_CHECK_EQUAL(rank->left_over(), 2u);
  }
  r.order.high_value_requests = 10;
  r.blocks.max_requests = 4;
  auto a = add(header(2, 0, 1), 0, lane::high_value), b = add(header(3, 0, 1), 30, lane::maker);
  CAF_CHECK((run(30) == batch{b, older, old, a}));
}

CAF_TEST(two blocks have to leave it over) {
  r.blocks.max_requests = 1;
  auto patient = add(header(0, 0, 1), 1);
  auto a = add(header(1, 0, 1), 5, lane::maker), b = add(header(1, 0, 2), 6, lane::maker);
  auto c = add(header(1, 0, 3), 7, lane::maker);
  CAF_CHECK((run(10) == batch{a}));
  CAF_CHECK((run(10) == batch{b}));
  CAF_CHECK((run(10) == batch{patient})); // one request is a quarter of one
  CAF_CHECK((run(10) == batch{c}));
}

CAF_TEST(a quarter of a block goes to the aged by time whatever their lane) {
  r.blocks.max_requests = 5; // a quarter is two
  // Waits through two blocks of five.
  auto o1 = add(header(0, 0, 1), 3), o2 = add(header(0, 1, 1), 2), o3 = add(header(0, 2, 1), 4);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    for (std::uint8_t s = 0; s < 5; ++s)
      add(header(1, s, n), 1, lane::liquidation);
    CAF_CHECK_EQUAL(run(10).size(), 5u);
  }
  std::vector<submission_ptr> makers;
  for (std::uint8_t s = 0; s < 5; ++s)
    makers.push_back(add(header(2, s, 1), 1, lane::maker));
  // By time o2 and o1 are reserved, and stand behind makers.
  CAF_CHECK((run(20) == batch{makers[0], makers[1], makers[2], o2, o1}));
  CAF_CHECK((run(20) == batch{makers[3], makers[4], o3}));
}

CAF_TEST(makers that are aged have their part of the quarter) {
  r.blocks.max_requests = 4;
  std::vector<submission_ptr> makers;
  for (std::uint8_t s = 0; s < 2; ++s)
    makers.push_back(add(header(2, s, 1), 2, lane::maker));
  auto old = add(header(0, 0, 1), 3);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    std::vector<submission_ptr> first;
    for (std::uint8_t s = 0; s < 4; ++s)
      first.push_back(add(header(1, s, n), 10, lane::liquidation));
    auto expected = batch{first[0], first[1], first[2], n < 3 ? first[3] : makers[0]};
    CAF_CHECK((run(20) == expected));
  }
}

CAF_TEST(a quarter is filled by requests and ends at what does not fit) {
  r.blocks.max_requests = 8; // a quarter is two
  auto a = add(header(0, 0, 1), 1, lane::ordinary, 1),
       b = add(header(0, 1, 1), 2, lane::ordinary, 4);
  auto c = add(header(0, 2, 1), 3, lane::ordinary, 1);
  auto fill = [&](std::uint64_t n) {
    std::vector<submission_ptr> all;
    for (std::uint8_t s = 0; s < 8; ++s)
      all.push_back(add(header(1, s, n), 1, lane::liquidation));
    return all;
  };
  fill(1);
  CAF_CHECK_EQUAL(run(10).size(), 8u);
  fill(2);
  CAF_CHECK_EQUAL(run(10).size(), 8u);
  auto l = fill(3);
  // a makes one, b makes five, which is enough; three are left for others.
  CAF_CHECK((run(10) == batch{l[0], l[1], l[2], a, b}));
  r.blocks.max_requests = 5;
  CAF_CHECK((run(10) == batch{l[3], l[4], l[5], l[6], c}));
}

CAF_TEST(the aged that do not fit leave room for others) {
  r.blocks.max_requests = 8;
  auto a = add(header(0, 0, 1), 1), b = add(header(0, 1, 1), 2, lane::ordinary, 8);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    for (std::uint8_t s = 0; s < 8; ++s)
      add(header(1, s, n), 1, lane::liquidation);
    CAF_CHECK_EQUAL(run(10).size(), 8u);
  }
  auto m = add(header(2, 0, 1), 11, lane::maker);
  CAF_CHECK((run(20) == batch{m, a}));
  CAF_CHECK((run(20) == batch{b}));
}

CAF_TEST(what is reserved does not use the quota) {
  r.blocks.max_requests = 4;
  r.order.high_value_requests = 1;
  auto old = add(header(0, 0, 1), 1, lane::high_value);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    for (std::uint8_t s = 0; s < 4; ++s)
      add(header(1, s, n), 1, lane::liquidation);
    CAF_CHECK_EQUAL(run(10).size(), 4u);
  }
  auto a = add(header(2, 0, 1), 12, lane::high_value), b = add(header(3, 0, 1), 11);
  CAF_CHECK((run(20) == batch{old, a, b}));
}

CAF_TEST(a stream never overtakes itself) {
  r.blocks.max_requests = 2;
  auto a1 = add(header(0, 0, 1), 10), a2 = add(header(0, 0, 2), 1, lane::liquidation);
  auto a3 = add(header(0, 0, 3), 1, lane::maker);
  auto b = add(header(1, 0, 1), 5), c = add(header(2, 0, 1), 6);
  CAF_CHECK((run(10) == batch{b, c}));
  CAF_CHECK((run(10) == batch{a1, a2}));
  CAF_CHECK((run(10) == batch{a3}));
}

CAF_TEST(nobody starves behind better lanes) {
  r.blocks.max_requests = 8;
  std::uint64_t now = 1;
  auto flood = [&] {
    for (std::uint32_t c = 1; c < 4; ++c)
      for (std::uint8_t s = 0; s < max_streams; ++s) {
        auto next = rank->next(client_id{c}, stream_id{s}).value();
        add(header(c, s, next), now, lane::maker);
        add(header(c, s, next + 1), now + 1, lane::maker);
      }
    now += 2;
  };
  flood();
  auto patient = add(header(0, 0, 1), now++);
  int blocks = 0;
  auto executed = false;
  for (; blocks < 100 && !executed; ++blocks) {
    auto done = run(now);
    CAF_CHECK_EQUAL(done.size(), 8u);
    executed = std::find(done.begin(), done.end(), patient) != done.end();
    flood();
  }
  // Before it stood 96; two of each block go by time as soon as they are aged.
  CAF_CHECK(executed);
  CAF_CHECK(blocks > 3 && blocks <= 2 + 96 / 2 + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
