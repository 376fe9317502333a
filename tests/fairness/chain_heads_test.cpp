#define CAF_SUITE chain_heads
#include "tests/suite.hpp"

#include "fairness/chain_heads.hpp"

#include <algorithm>

#include "messages/splitmix64.hpp"
#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

chain_position at(std::uint64_t index, std::uint64_t boundary) {
  return {report_index{index}, hash("report " + std::to_string(index)), stamp_time{boundary}};
}

/// Heads with these boundaries; 0 for those that have not reported.
chain_heads heads_at(const std::vector<std::uint64_t>& boundaries) {
  chain_heads out(chains_cluster(), cluster_size{static_cast<std::uint16_t>(boundaries.size())});
  for (std::uint16_t i = 0; i < boundaries.size(); ++i)
    if (boundaries[i] > 0)
      out.advance(replica_id{i}, at(1, boundaries[i]));
  return out;
}

std::uint64_t time_of(const std::vector<std::uint64_t>& boundaries) {
  return heads_at(boundaries).time().value();
}

} // namespace

CAF_TEST(a report continues the one that it names) {
  auto last = report_after(2, chain_start(), 100);
  auto good = report_after(last, 110)->content;
  CAF_CHECK(continues(position_of(*last), good));
  auto r = good;
  r.index = r.index.next();
  CAF_CHECK(!continues(position_of(*last), r));
  r = good;
  r.index = last->content.index;
  CAF_CHECK(!continues(position_of(*last), r));
  r = good;
  r.previous.data[0] ^= 1;
  CAF_CHECK(!continues(position_of(*last), r));
  CAF_CHECK(continues(chain_start(), last->content));
  CAF_CHECK(!continues(chain_start(), good));
}

CAF_TEST(boundaries rise and no stamp lies below the one before) {
  auto last = position_of(*report_after(0, chain_start(), 100));
  stamped what{header(0, 0, 1), hash("body")};
  auto follows = [&](std::uint64_t boundary, std::vector<stamp> stamps = {}) {
    return continues(last, report_after(0, last, boundary, std::move(stamps))->content);
  };
  CAF_CHECK(follows(101));
  CAF_CHECK(!follows(100));
  CAF_CHECK(!follows(99));
  CAF_CHECK(follows(200, {stamp_at(what, 101)}));
  CAF_CHECK(follows(200, {stamp_at(what, 200)}));
  CAF_CHECK(!follows(200, {stamp_at(what, 100)}));
  CAF_CHECK(!follows(200, {stamp_at(what, 1), stamp_at(what, 150)}));
}

CAF_TEST(before any report the time is none) {
  chain_heads heads(chains_cluster(), cluster_size{4});
  CAF_CHECK(heads.time() == stamp_time{0});
  CAF_CHECK_EQUAL(heads.replicas(), 4u);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK(heads.of(replica_id{i}) == chain_start());
}

CAF_TEST(the time is the greatest boundary that a quorum reaches) {
  CAF_CHECK_EQUAL(time_of({50, 0, 0, 0}), 0u);
  CAF_CHECK_EQUAL(time_of({50, 40, 0, 0}), 0u);
  CAF_CHECK_EQUAL(time_of({50, 40, 30, 0}), 30u);
  CAF_CHECK_EQUAL(time_of({50, 40, 30, 20}), 30u);
  CAF_CHECK_EQUAL(time_of({30, 30, 30, 30}), 30u);
  CAF_CHECK_EQUAL(time_of({0, 20, 50, 40}), 20u); // one that is silent, and two that are ahead
  CAF_CHECK_EQUAL(time_of({7, 6, 5, 4, 3, 2, 1}), 3u);
  CAF_CHECK_EQUAL(time_of({1, 2, 3, 4, 5, 6, 7}), 3u);
  CAF_CHECK_EQUAL(time_of({9, 9, 9, 9, 0, 0, 0}), 0u);
}

CAF_TEST(f replicas neither hold the time up nor drive it) {
  CAF_CHECK_EQUAL(time_of({0, 40, 41, 42}), 40u);
  CAF_CHECK_EQUAL(time_of({max_stamp_time.value(), 40, 41, 42}), 41u);
  CAF_CHECK_EQUAL(time_of({max_stamp_time.value(), max_stamp_time.value(), 1, 2, 3, 4, 5}), 3u);
}

CAF_TEST(newer heads count where there are any) {
  auto heads = heads_at({50, 40, 30, 20});
  std::vector<chain_position> newer(4);
  CAF_CHECK(heads.time(newer) == heads.time());
  newer[3] = at(2, 45);
  CAF_CHECK(heads.time(newer) == stamp_time{40});
  newer[2] = at(2, 48);
  CAF_CHECK(heads.time(newer) == stamp_time{45});
  CAF_CHECK(heads.time() == stamp_time{30});
  heads.advance(replica_id{3}, newer[3]);
  CAF_CHECK(heads.of(replica_id{3}) == newer[3]);
  CAF_CHECK(heads.time() == stamp_time{40});
}

CAF_TEST(in random clusters the time is as in words and never falls) {
  auto first = first_seed();
  for (auto seed = first; seed < first + 50; ++seed) {
    splitmix64 random(seed);
    cluster_size size{static_cast<std::uint16_t>(4 + 3 * random.below(4))};
    chain_heads heads(chains_cluster(), size);
    stamp_time before;
    for (int step = 0; step < 100; ++step) {
      replica_id who{static_cast<std::uint16_t>(random.below(size.n))};
      const auto& last = heads.of(who);
      heads.advance(who, at(last.index.value() + 1 + random.below(3),
                            last.boundary.value() + 1 + random.below(30)));
      // As many boundaries as a quorum are at it or above, and above it fewer.
      auto t = heads.time();
      std::size_t reach = 0;
      std::size_t above = 0;
      for (std::uint16_t i = 0; i < size.n; ++i) {
        reach += heads.of(replica_id{i}).boundary >= t ? 1 : 0;
        above += heads.of(replica_id{i}).boundary > t ? 1 : 0;
      }
      if (t < before || reach < size.quorum() || above >= size.quorum())
        CAF_FAIL("seed " << seed);
      before = t;
    }
  }
  CAF_CHECK(true);
}

// -- pages ---------------------------------------------------------------------------------------

CAF_TEST(a page gives back the heads) {
  auto heads = heads_at({50, 40, 0, max_stamp_time.value()});
  chain_heads other(chains_cluster(), cluster_size{4});
  auto page = heads.encode();
  CAF_REQUIRE(other.restore(page));
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK(other.of(replica_id{i}) == heads.of(replica_id{i}));
  CAF_CHECK(other.time() == heads.time());
  CAF_CHECK_EQUAL(other.encode(), page);
}

CAF_TEST(the same heads have the same page however they came to be) {
  auto direct = heads_at({50, 40, 30, 20});
  chain_heads steps(chains_cluster(), cluster_size{4});
  for (std::uint16_t i = 4; i-- > 0;) {
    steps.advance(replica_id{i}, {report_index{1}, hash("x"), stamp_time{1}});
    steps.advance(replica_id{i}, {report_index{3}, hash("y"), stamp_time{9}});
  }
  CAF_CHECK(steps.encode() != direct.encode());
  for (std::uint16_t i = 0; i < 4; ++i) {
    direct.advance(replica_id{i}, at(9, 90));
    steps.advance(replica_id{i}, at(9, 90));
  }
  CAF_CHECK_EQUAL(steps.encode(), direct.encode());
}

CAF_TEST(the encoding of a page is fixed) {
  chain_heads heads(chains_cluster(), cluster_size{4});
  heads.advance(replica_id{0}, {report_index{0x0102}, hash("x"), stamp_time{0x0304}});
  auto page = heads.encode();
  CAF_CHECK_EQUAL(page.size(), 1u + 4 * (8 + 8 + 32));
  CAF_CHECK_EQUAL(to_hex(page.substr(0, 49)),
                  "0102010000000000000403000000000000" + to_hex(hash("x").view()));
}

CAF_TEST(hostile pages are refused) {
  auto page = heads_at({50, 40, 30, 20}).encode();
  auto refused = [](const bytes& p) {
    chain_heads heads(chains_cluster(), cluster_size{4});
    auto ok = heads.restore(p);
    return !ok && ok.error().code == errc::corrupt;
  };
  CAF_CHECK(!refused(page));
  for (std::size_t size = 0; size < page.size(); ++size)
    CAF_CHECK(refused(page.substr(0, size)));
  CAF_CHECK(refused(page + '\0'));
  auto changed = page;
  changed[0] = 2; // the version
  CAF_CHECK(refused(changed));
  changed = page;
  changed[16] = 0x40; // the highest byte of a boundary: 2^62, and the 50 on top
  CAF_CHECK(refused(changed));
  CAF_CHECK(refused(heads_at({1, 1, 1, 1, 1, 1, 1}).encode())); // of a larger cluster
  splitmix64 random(first_seed());
  for (int i = 0; i < 2000; ++i) {
    bytes noise(random.below(2) == 0 ? page.size() : random.below(300), '\0');
    for (auto& c : noise)
      c = static_cast<char>(random.next());
    chain_heads heads(chains_cluster(), cluster_size{4});
    if (heads.restore(noise))
      CAF_CHECK_EQUAL(heads.encode(), noise);
  }
}
