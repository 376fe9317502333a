#define CAF_SUITE pending_pool
#include "tests/suite.hpp"

#include "market/pending_pool.hpp"
#include "tests/market/samples.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

/// A pool and the executed positions of all streams, as a replica would have them.
struct fixture {
  rules r = small_rules();
  std::unique_ptr<pending_pool> pool;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint64_t> next;

  fixture() {
    reset();
  }
  void reset() {
    pool = std::make_unique<pending_pool>(r);
    next.clear();
  }

  submission_ptr make(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                      std::size_t body_bytes = 64, char variant = 'a') {
    return submission_of(client, stream, number, {place{}}, r, body_bytes, variant);
  }
  submission_ptr add(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                     std::size_t body_bytes = 64, char variant = 'a') {
    auto s = make(client, stream, number, body_bytes, variant);
    CAF_REQUIRE(pool->add(s));
    return s;
  }

  /// Executes a block, each of its submissions being the next of its stream.
  void run(const std::vector<submission_ptr>& block) {
    block_result result;
    std::set<std::pair<std::uint32_t, std::uint8_t>> moved;
    for (auto& s : block) {
      std::pair stream{s->content.client.value(), s->content.stream.value()};
      auto& at = next.try_emplace(stream, 1).first->second;
      CAF_REQUIRE_EQUAL(s->content.number.value(), at++);
      moved.insert(stream);
    }
    for (auto& m : moved)
      result.positions.push_back(
          {client_id{m.first}, stream_id{m.second}, submission_number{next[m]}});
    pool->executed(result, block);
  }

  errc why(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
           std::size_t body_bytes = 64) {
    auto result = pool->admissible(
        {client_id{client}, stream_id{stream}, submission_number{number}}, body_bytes);
    return result ? errc{} : result.error().code;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pending_pool_tests, fixture)

CAF_TEST(what is held is not added again) {
  auto s = add(0, 0, 1);
  CAF_CHECK(!pool->add(s));
  CAF_CHECK(pool->find(s->digest) == s);
  CAF_CHECK(!pool->find(hash("other")));
  CAF_CHECK_EQUAL(pool->held(), 1u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 64u);
}

CAF_TEST(nothing is added for who or where nobody is) {
  CAF_CHECK(!pool->add(make(6, 0, 1)));
  CAF_CHECK(!pool->add(make(UINT32_MAX, 0, 1)));
  CAF_CHECK(!pool->add(make(0, max_streams, 1)));
  CAF_CHECK(!pool->add(make(0, 0, 0))); // numbers begin at 1
  CAF_CHECK(why(6, 0, 1) == errc::unknown_client);
  CAF_CHECK(why(UINT32_MAX, 0, 1) == errc::unknown_client);
  CAF_CHECK(why(0, max_streams, 1) == errc::unknown_client);
  CAF_CHECK(why(0, 0, 0) == errc::duplicate);
  CAF_CHECK_EQUAL(pool->held(), 0u);
  // Nor do positions of such move anything.
  pool->set_next(client_id{6}, stream_id{0}, submission_number{9});
  pool->set_next(client_id{0}, stream_id{max_streams}, submission_number{9});
  CAF_CHECK(why(0, 0, 1) == errc{});
}

CAF_TEST(execution drops what it passes) {
  auto a = add(0, 0, 1), b = add(0, 0, 2), other = add(0, 1, 1), of_another = add(1, 0, 1);
  run({a});
  CAF_CHECK_EQUAL(pool->held(), 3u);
  run({b, of_another});
  CAF_CHECK_EQUAL(pool->held(), 1u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 64u);
  CAF_CHECK(pool->find(other->digest) == other);
}

CAF_TEST(numbers may come in any order) {
  auto c = add(0, 0, 3), a = add(0, 0, 1);
  run({a});
  CAF_CHECK_EQUAL(pool->held(), 1u);
  run({make(0, 0, 2)}); // came another way
  CAF_CHECK_EQUAL(pool->held(), 1u);
  run({c});
  CAF_CHECK_EQUAL(pool->held(), 0u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 0u);
}

CAF_TEST(admission keeps the credit) {
  r.stream_window = 4;
  r.stream_window_bytes = 1000;
  reset();
  CAF_CHECK(why(0, 0, 1) == errc{});
  CAF_CHECK(why(0, 0, 4) == errc{});
  CAF_CHECK(why(0, 0, 16) == errc{}); // this replica may trail those that the client counts from
  CAF_CHECK(why(0, 0, 17) == errc::outside_window);
  CAF_CHECK(why(0, 0, UINT64_MAX) == errc::outside_window);
  CAF_CHECK(!pool->add(make(0, 0, 17)));
  add(0, 0, 2, 900);
  CAF_CHECK(why(0, 0, 3, 101) == errc::busy);
  CAF_CHECK(why(0, 0, 3, 100) == errc{});
  CAF_CHECK(why(0, 0, 1, 900) == errc{}); // the next number is always admissible
  CAF_CHECK(why(0, 1, 3, 101) == errc{}); // each stream has its own
  run({add(0, 0, 1)});
  CAF_CHECK(why(0, 0, 1) == errc::duplicate);
  CAF_CHECK(why(0, 0, 17) == errc{});
  CAF_CHECK(why(0, 0, 18) == errc::outside_window);
}

CAF_TEST(a credit of nothing is a credit of one) {
  r.stream_window = 0;
  reset();
  CAF_CHECK(why(0, 0, 4) == errc{});
  CAF_CHECK(why(0, 0, 5) == errc::outside_window);
}

CAF_TEST(what came early exceeds the credit in bytes but not without bound) {
  r.stream_window_bytes = 1000;
  reset();
  add(0, 0, 5, 1000);
  CAF_CHECK(why(0, 0, 6, 1) == errc::busy);
  CAF_CHECK(why(0, 0, 4, 1000) == errc{}); // before it there is nothing
  add(0, 0, 4, 600);
  CAF_CHECK(why(0, 0, 3, 1000) == errc{});
  add(0, 0, 3, 400);
  // Twice the credit is held. Only what comes before all else is taken now.
  CAF_CHECK(why(0, 0, 3) == errc::busy);
  CAF_CHECK(why(0, 0, 2, 64) == errc{});
  CAF_CHECK(why(0, 0, 1, 64) == errc{});
  CAF_CHECK_EQUAL(pool->held_bytes(), 2000u);
}

CAF_TEST(bodies under one number are few) {
  for (char v = 'a'; v < 'e'; ++v) {
    CAF_CHECK(why(0, 0, 1) == errc{});
    add(0, 0, 1, 64, v);
  }
  CAF_CHECK(why(0, 0, 1) == errc::busy);
  CAF_CHECK(why(0, 0, 2) == errc{});
}

CAF_TEST(rivals share the credit in bytes) {
  r.stream_window_bytes = 1000;
  reset();
  add(0, 0, 1, 600, 'a');
  CAF_CHECK(why(0, 0, 1, 400) == errc{});
  CAF_CHECK(why(0, 0, 1, 401) == errc::busy);
}

CAF_TEST(of two bodies under one number one executes and both go) {
  auto a = add(0, 0, 1, 64, 'a'), b = add(0, 0, 1, 64, 'b');
  CAF_CHECK_EQUAL(pool->held(), 2u);
  run({b});
  CAF_CHECK_EQUAL(pool->held(), 0u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 0u);
  CAF_CHECK(pool->find(a->digest) == a); // others may ask for it
  CAF_CHECK(pool->find(b->digest) == b);
  CAF_CHECK(!pool->add(a));
  CAF_CHECK(why(0, 0, 1) == errc::duplicate);
}

CAF_TEST(executed bodies are found for a while) {
  r.blocks.max_bytes = 1000;
  reset();
  auto a = add(0, 0, 1);
  run({a});
  CAF_CHECK(pool->find(a->digest) == a);
  constexpr int fit = pending_pool::recent_blocks * 1000 / 64;
  for (int n = 2; n <= fit; ++n)
    run({add(0, 0, n)});
  CAF_CHECK(pool->find(a->digest) == a);
  run({add(0, 0, fit + 1)});
  CAF_CHECK(!pool->find(a->digest));
  CAF_CHECK(!pool->add(a)); // nor is it held again
  CAF_CHECK(!pool->find(a->digest));
  CAF_CHECK_EQUAL(pool->held(), 0u);
}

CAF_TEST(executed bodies that came another way are found too) {
  auto a = make(0, 0, 1);
  run({a});
  CAF_CHECK(pool->find(a->digest) == a);
  CAF_CHECK_EQUAL(pool->held(), 0u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 0u);
}

CAF_TEST(a body larger than all that is kept is kept as the only one) {
  r.blocks.max_bytes = 10;
  reset();
  auto a = add(0, 0, 1), b = add(0, 0, 2);
  run({a});
  CAF_CHECK(pool->find(a->digest) == a);
  run({b});
  CAF_CHECK(!pool->find(a->digest));
  CAF_CHECK(pool->find(b->digest) == b);
}

CAF_TEST(positions are set from restored state) {
  auto a = add(0, 3, 1), b = add(0, 3, 2), c = add(0, 3, 3);
  pool->set_next(client_id{0}, stream_id{3}, submission_number{3});
  CAF_CHECK_EQUAL(pool->held(), 1u);
  CAF_CHECK(why(0, 3, 2) == errc::duplicate);
  CAF_CHECK(!pool->add(make(0, 3, 2, 64, 'b')));
  CAF_CHECK(pool->find(c->digest) == c);
  CAF_CHECK(pool->find(a->digest) == a); // others that are behind may ask
}

CAF_TEST(what is held adds up however clients and blocks go on) {
  auto seed = test_seed();
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  auto below = [&](std::uint64_t n) {
    return random() % n;
  };
  r.stream_window = 2;
  r.stream_window_bytes = 2000;
  r.blocks.max_bytes = 1000;
  for (int round = 0; round < 20; ++round) {
    reset();
    std::vector<submission_ptr> sent;
    for (int step = 0; step < 400; ++step) {
      auto client = static_cast<std::uint32_t>(below(2));
      auto stream = static_cast<std::uint8_t>(below(2));
      auto at = next.try_emplace({client, stream}, 1).first->second;
      if (below(3) != 0) {
        auto number = at - std::min<std::uint64_t>(at, below(2)) + below(10);
        auto s = make(client, stream, number, 20 + below(600), static_cast<char>('a' + below(6)));
        bool fresh = number >= at && number < at + 8;
        bool known = pool->find(s->digest) != nullptr;
        if (why(client, stream, number, s->source.body.size()) == errc{}) {
          CAF_CHECK(fresh);
          CAF_CHECK_EQUAL(pool->add(s), !known);
          sent.push_back(s);
        }
      } else {
        // Whichever body of that number, held here or not.
        run({make(client, stream, at, 20 + below(600), static_cast<char>('a' + below(6)))});
      }
      std::set<digest> held;
      std::map<std::pair<std::uint32_t, std::uint8_t>, std::size_t> by_stream;
      std::size_t bytes = 0;
      for (auto& s : sent) {
        const auto& c = s->content;
        if (c.number.value() >= next[{c.client.value(), c.stream.value()}]
            && held.insert(s->digest).second) {
          CAF_CHECK(pool->find(s->digest));
          bytes += s->source.body.size();
          by_stream[{c.client.value(), c.stream.value()}] += s->source.body.size();
        }
      }
      CAF_REQUIRE_EQUAL(pool->held(), held.size());
      CAF_REQUIRE_EQUAL(pool->held_bytes(), bytes);
      // What comes first is taken whatever came early: at worst once a number that there may be.
      for (auto& [stream, n] : by_stream)
        CAF_CHECK_LESS_OR_EQUAL(n, 2 * 2000u + 8 * 620u);
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
