#define CAF_SUITE pending_pool
#include "tests/suite.hpp"

#include "market/block_order.hpp"
#include "market/pending_pool.hpp"
#include "tests/market/samples.hpp"

#include <deque>
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
                      std::size_t requests = 1, std::size_t body_bytes = 64, char variant = 'a') {
    place ordinary;
    return submission_of(client, stream, number, std::vector<request>(requests, ordinary), r,
                         body_bytes, variant);
  }
  submission_ptr add(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                     std::size_t requests = 1, std::size_t body_bytes = 64) {
    auto s = make(client, stream, number, requests, body_bytes);
    CAF_REQUIRE(pool->add(s));
    return s;
  }

  /// Executes a block exactly-once, as the clearing house does.
  block_result execute(const std::vector<submission_ptr>& block) {
    block_result result;
    std::set<std::pair<std::uint32_t, std::uint8_t>> moved;
    for (auto& s : block) {
      std::pair stream{s->content.client.value(), s->content.stream.value()};
      auto& at = next.try_emplace(stream, 1).first->second;
      auto number = s->content.number.value();
      result.fates.push_back(number == at  ? submission_fate::executed
                             : number < at ? submission_fate::duplicate
                                           : submission_fate::gap);
      if (number == at) {
        ++at;
        moved.insert(stream);
      }
    }
    for (auto& m : moved)
      result.positions.push_back(
          {client_id{m.first}, stream_id{m.second}, submission_number{next[m]}});
    return result;
  }
  void run(const std::vector<submission_ptr>& block) {
    pool->executed(execute(block), block);
  }

  errc why(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
           std::size_t body_bytes = 64) {
    auto result = pool->admissible(
        {client_id{client}, stream_id{stream}, submission_number{number}}, body_bytes);
    return result ? errc{} : result.error().code;
  }
};

using batch = std::vector<submission_ptr>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(pending_pool_tests, fixture)

CAF_TEST(a batch holds contiguous numbers only) {
  auto b = add(0, 0, 2);
  CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  CAF_CHECK(pool->take_batch().empty());
  auto d = add(0, 0, 4), a = add(0, 0, 1);
  CAF_CHECK_EQUAL(pool->ready_requests(), 2u);
  CAF_CHECK((pool->take_batch() == batch{a, b}));
  CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  auto c = add(0, 0, 3);
  CAF_CHECK((pool->take_batch() == batch{c, d}));
  CAF_CHECK_EQUAL(pool->held(), 4u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 4 * 64u);
}

CAF_TEST(what is held is not added again) {
  auto s = add(0, 0, 1);
  CAF_CHECK(!pool->add(s));
  CAF_CHECK(pool->find(s->digest) == s);
  CAF_CHECK(!pool->find(hash("other")));
  CAF_CHECK(!pool->add(make(6, 0, 1))); // no such client
}

CAF_TEST(streams take turns) {
  r.blocks.max_requests = 4;
  reset();
  std::map<std::pair<int, int>, submission_ptr> s;
  for (int n = 1; n <= 4; ++n)
    s[{0, n}] = add(0, 0, n);
  for (int n = 1; n <= 2; ++n)
    s[{1, n}] = add(1, 0, n);
  s[{2, 1}] = add(2, 5, 1);
  CAF_CHECK((pool->take_batch() == batch{s[{0, 1}], s[{1, 1}], s[{2, 1}], s[{0, 2}]}));
  CAF_CHECK((pool->take_batch() == batch{s[{1, 2}], s[{0, 3}], s[{0, 4}]}));
  CAF_CHECK(pool->take_batch().empty());
}

CAF_TEST(a batch keeps the block limits) {
  r.blocks.max_requests = 10;
  r.blocks.max_bytes = 1000;
  reset();
  auto a = add(0, 0, 1, 6), b = add(1, 0, 1, 5), c = add(2, 0, 1, 1);
  CAF_CHECK((pool->take_batch() == batch{a})); // b ends the batch, and is first in the next
  CAF_CHECK((pool->take_batch() == batch{b, c}));
  auto d = add(0, 0, 2, 11), e = add(0, 0, 3, 1, 600), f = add(0, 0, 4, 1, 401);
  CAF_CHECK((pool->take_batch() == batch{d})); // over the limit, but not for ever in the way
  CAF_CHECK((pool->take_batch() == batch{e}));
  CAF_CHECK((pool->take_batch() == batch{f}));
}

CAF_TEST(a batch is in canonical order) {
  auto a = add(0, 0, 1);
  auto post = submission_of(1, 0, 1, {cancel{}}, r);
  CAF_REQUIRE(pool->add(post));
  CAF_CHECK((pool->take_batch() == batch{post, a}));
}

CAF_TEST(batches in flight do not overlap and execution drops them) {
  r.blocks.max_requests = 2;
  reset();
  for (int n = 1; n <= 5; ++n)
    add(0, 0, n);
  auto first = pool->take_batch(), second = pool->take_batch();
  CAF_CHECK_EQUAL(second[0]->content.number.value(), 3u);
  run(first);
  CAF_CHECK_EQUAL(pool->held(), 3u);
  auto third = pool->take_batch();
  CAF_CHECK_EQUAL(third.size(), 1u);
  CAF_CHECK_EQUAL(third[0]->content.number.value(), 5u);
  run(second);
  run(third);
  CAF_CHECK_EQUAL(pool->held(), 0u);
  CAF_CHECK_EQUAL(pool->held_bytes(), 0u);
}

CAF_TEST(a backup drops what others proposed) {
  auto a = add(0, 0, 1), b = add(0, 0, 2);
  run({a});
  CAF_CHECK_EQUAL(pool->ready_requests(), 1u);
  CAF_CHECK((pool->take_batch() == batch{b}));
}

CAF_TEST(noted proposals are not proposed again) {
  auto a = add(0, 0, 1), b = add(0, 0, 2), c = add(0, 0, 3);
  auto unseen = make(1, 0, 1);
  pool->note_proposed(batch{a, b, unseen});
  CAF_CHECK_EQUAL(pool->ready_requests(), 1u);
  CAF_CHECK((pool->take_batch() == batch{c}));
  CAF_CHECK(pool->add(unseen));
  CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  pool->forget_proposed();
  CAF_CHECK_EQUAL(pool->ready_requests(), 4u);
}

CAF_TEST(a gap makes submissions proposable again) {
  auto a = add(0, 0, 1), b = add(0, 0, 2);
  CAF_CHECK_EQUAL(pool->take_batch().size(), 2u);
  run({b}); // the block with a became null
  CAF_CHECK_EQUAL(pool->ready_requests(), 2u);
  CAF_CHECK((pool->take_batch() == batch{a, b}));
  run({a, b});
  CAF_CHECK_EQUAL(pool->held(), 0u);
}

CAF_TEST(the end of a view makes all unexecuted proposable and the oldest go first) {
  auto a = add(2, 0, 1), b = add(1, 0, 1), c = add(0, 0, 1);
  auto d = add(2, 0, 2);
  pool->take_batch();
  pool->forget_proposed();
  CAF_CHECK((pool->take_batch() == batch{a, b, c, d}));
}

CAF_TEST(admission keeps the credit) {
  r.stream_window = 4;
  r.stream_window_bytes = 1000;
  reset();
  CAF_CHECK(why(9, 0, 1) == errc::unknown_client);
  CAF_CHECK(why(0, 0, 1) == errc{});
  CAF_CHECK(why(0, 0, 4) == errc{});
  CAF_CHECK(why(0, 0, 16) == errc{}); // this replica may trail those that the client counts from
  CAF_CHECK(why(0, 0, 17) == errc::outside_window);
  CAF_CHECK(why(0, 0, UINT64_MAX) == errc::outside_window);
  add(0, 0, 2, 1, 900);
  CAF_CHECK(why(0, 0, 3, 101) == errc::busy);
  CAF_CHECK(why(0, 0, 3, 100) == errc{});
  CAF_CHECK(why(0, 0, 1, 900) == errc{}); // the next number is always admissible
  CAF_CHECK(why(0, 1, 3, 101) == errc{}); // each stream has its own
  run({add(0, 0, 1)});
  CAF_CHECK(why(0, 0, 1) == errc::duplicate);
  CAF_CHECK(why(0, 0, 17) == errc{});
}

CAF_TEST(bodies under one number are few) {
  for (char v = 'a'; v < 'e'; ++v) {
    CAF_CHECK(why(0, 0, 1) == errc{});
    CAF_CHECK(pool->add(make(0, 0, 1, 1, 64, v)));
  }
  CAF_CHECK(why(0, 0, 1) == errc::busy);
  CAF_CHECK(why(0, 0, 2) == errc{});
}

CAF_TEST(of two bodies under one number one executes and both go) {
  auto a = make(0, 0, 1, 1, 64, 'a'), b = make(0, 0, 1, 1, 64, 'b');
  CAF_CHECK(pool->add(a));
  CAF_CHECK(pool->add(b));
  CAF_CHECK_EQUAL(pool->ready_requests(), 1u);
  CAF_CHECK(pool->find(b->digest) == b);
  run({b}); // another primary saw b first
  CAF_CHECK_EQUAL(pool->held(), 0u);
  CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  CAF_CHECK(pool->find(a->digest) == a); // a block in flight may hold it
  run({a});
}

CAF_TEST(executed bodies are found for a while) {
  r.blocks.max_bytes = 1000;
  reset();
  auto a = add(0, 0, 1);
  run({a});
  CAF_CHECK(pool->find(a->digest) == a);
  CAF_CHECK(!pool->add(a));
  for (int n = 2; n < 80; ++n)
    run({add(0, 0, n)});
  CAF_CHECK(!pool->find(a->digest));
  CAF_CHECK(pool->add(a)); // fetched for a block that names it again
  CAF_CHECK(pool->find(a->digest) == a);
  CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  CAF_CHECK_EQUAL(pool->held(), 0u);
}

CAF_TEST(bodies beyond the credit wait for the blocks that brought them) {
  r.stream_window = 1; // four are admitted
  reset();
  std::vector<submission_ptr> s(10);
  for (int n : {8, 6, 7})
    s[n] = add(0, 0, n);
  CAF_CHECK_EQUAL(pool->held(), 3u);
  CAF_CHECK(pool->find(s[8]->digest) == s[8]);
  for (int n = 1; n <= 5; ++n)
    run({s[n] = make(0, 0, n)}); // executed elsewhere, fetched late: never held here
  CAF_CHECK_EQUAL(pool->ready_requests(), 3u);
  CAF_CHECK((pool->take_batch() == batch{s[6], s[7], s[8]}));

  // A block that names a number far off is a gap, and its body goes.
  auto far = add(0, 0, 1000);
  run({far});
  CAF_CHECK(!pool->find(far->digest));
  CAF_CHECK_EQUAL(pool->held(), 3u);
  add(0, 0, 2000);
  pool->forget_proposed();
  CAF_CHECK_EQUAL(pool->held(), 3u);
}

CAF_TEST(positions are set from restored state) {
  auto a = add(0, 3, 1), b = add(0, 3, 2), c = add(0, 3, 3);
  pool->set_next(client_id{0}, stream_id{3}, submission_number{3});
  CAF_CHECK((pool->take_batch() == batch{c}));
  CAF_CHECK(why(0, 3, 2) == errc::duplicate);
  pool->set_next(client_id{0}, stream_id{3}, submission_number{2});
  CAF_CHECK(pool->add(b));
  CAF_CHECK((pool->take_batch() == batch{b, c}));
}

CAF_TEST(every submission executes once through pipelines and view changes) {
  auto seed = test_seed();
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  r.blocks.max_requests = 20;
  r.blocks.max_bytes = 2000;
  r.stream_window = 2;
  for (int round = 0; round < 20; ++round) {
    reset();
    constexpr std::uint64_t last = 60;
    const bool notes = round % 2 == 0;
    std::map<std::pair<std::uint32_t, std::uint8_t>, std::set<std::uint64_t>> unsent;
    for (std::uint32_t c = 0; c < 4; ++c)
      for (std::uint8_t s = 0; s < 2; ++s) {
        next[{c, s}] = 1;
        for (std::uint64_t n = 1; n <= last; ++n)
          unsent[{c, s}].insert(n);
      }
    std::deque<batch> in_flight;
    std::uint64_t steps = 0;
    auto done = [&] {
      for (auto& [stream, numbers] : unsent)
        if (next[stream] <= last)
          return false;
      return true;
    };
    while (!done()) {
      CAF_REQUIRE(++steps < 100'000);
      auto what = random() % 10;
      if (what < 6) {
        auto& [stream, numbers] = *std::next(unsent.begin(), random() % unsent.size());
        if (numbers.empty())
          continue;
        auto n = std::next(numbers.begin(), random() % std::min<std::size_t>(numbers.size(), 5));
        auto requests = 1 + random() % 12, size = 64 + random() % 300;
        if (why(stream.first, stream.second, *n, size) != errc{})
          continue;
        add(stream.first, stream.second, *n, requests, size);
        numbers.erase(n);
      } else if (what < 8) {
        auto ready = pool->ready_requests();
        auto taken = pool->take_batch();
        CAF_REQUIRE_EQUAL(taken.empty(), ready == 0);
        CAF_REQUIRE(check_block(taken, r.blocks));
        std::uint32_t count = 0;
        for (auto& s : taken)
          count += static_cast<std::uint32_t>(s->content.requests.size());
        CAF_REQUIRE_EQUAL(ready - count, pool->ready_requests());
        if (!taken.empty())
          in_flight.push_back(std::move(taken));
      } else if (!in_flight.empty() && random() % 20 != 0) {
        auto& block = in_flight.front();
        if (notes) // else only what is pending is sure to be there
          for (auto& s : block)
            CAF_REQUIRE(pool->find(s->digest));
        run(block);
        in_flight.pop_front();
      } else if (random() % 10 == 0) {
        // A view change: any of the blocks in flight become null, the others execute.
        pool->forget_proposed();
        for (auto& block : in_flight) {
          if (random() % 2 == 0)
            block.clear();
          if (notes)
            pool->note_proposed(block);
        }
      }
    }
    CAF_CHECK_EQUAL(pool->held(), 0u);
    CAF_CHECK_EQUAL(pool->held_bytes(), 0u);
    CAF_CHECK_EQUAL(pool->ready_requests(), 0u);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
