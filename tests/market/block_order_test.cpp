#define CAF_SUITE block_order
#include "tests/suite.hpp"

#include "market/block_order.hpp"
#include "tests/market/samples.hpp"

#include <random>

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

const rules r = small_rules();

submission_ptr in_lane(lane wanted, std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                       std::size_t requests = 1, std::size_t body_bytes = 64) {
  auto s = *submission_of(client, stream, number, std::vector<request>(requests), r, body_bytes);
  s.lane = wanted;
  return std::make_shared<const verified_submission>(std::move(s));
}

submission_ptr maker(std::uint32_t client, std::uint8_t stream, std::uint64_t number) {
  return in_lane(lane::maker, client, stream, number);
}

submission_ptr taker(std::uint32_t client, std::uint8_t stream, std::uint64_t number) {
  return in_lane(lane::ordinary, client, stream, number);
}

bool valid(const std::vector<submission_ptr>& batch, const block_limits& limits = {}) {
  auto result = check_block(batch, limits);
  CAF_CHECK(result || result.error().code == errc::malformed);
  return result.has_value();
}

} // namespace

CAF_TEST(better lanes go first and ties stay) {
  auto a = taker(0, 0, 1), b = maker(1, 0, 1), c = taker(2, 0, 1), d = maker(3, 0, 1);
  auto e = in_lane(lane::liquidation, 4, 0, 1), f = in_lane(lane::high_value, 5, 0, 1);
  std::vector batch{a, b, c, d, e, f};
  sort_block(batch);
  CAF_CHECK((batch == std::vector{e, b, d, f, a, c}));
  CAF_CHECK(valid(batch));
}

CAF_TEST(a stream does not overtake itself) {
  auto a = taker(0, 0, 1), b = maker(0, 0, 2), c = maker(1, 0, 1), d = maker(0, 1, 1);
  std::vector batch{a, b, c, d};
  sort_block(batch);
  CAF_CHECK((batch == std::vector{c, d, a, b}));
  CAF_CHECK(valid(batch));
  CAF_CHECK(!valid({b, a}));
}

CAF_TEST(a block out of order is refused) {
  CAF_CHECK(valid({}));
  CAF_CHECK(!valid({taker(0, 0, 1), maker(1, 0, 1)}));
  CAF_CHECK(valid({taker(0, 0, 7), taker(0, 0, 8)}));
  CAF_CHECK(!valid({taker(0, 0, 7), taker(0, 0, 9)}));
  CAF_CHECK(!valid({taker(0, 0, 7), taker(0, 0, 7)}));
  CAF_CHECK(!valid({taker(0, 0, 8), taker(0, 0, 7)}));
  CAF_CHECK(valid({taker(0, 0, 7), taker(0, 1, 7), taker(1, 0, 7)}));
}

CAF_TEST(a block over its limits is refused) {
  block_limits limits;
  limits.max_requests = 10;
  limits.max_bytes = 1000;
  auto of = [](std::uint32_t client, std::size_t requests, std::size_t body_bytes) {
    return in_lane(lane::ordinary, client, 0, 1, requests, body_bytes);
  };
  CAF_CHECK(valid({of(0, 5, 100), of(1, 5, 100)}, limits));
  CAF_CHECK(!valid({of(0, 5, 100), of(1, 6, 100)}, limits));
  CAF_CHECK(valid({of(0, 1, 500), of(1, 1, 500)}, limits));
  CAF_CHECK(!valid({of(0, 1, 500), of(1, 1, 501)}, limits));
  // What fits no block at all would wait for ever.
  CAF_CHECK(valid({of(0, 11, 1001)}, limits));
  CAF_CHECK(!valid({of(0, 11, 1001), of(1, 1, 64)}, limits));
}

CAF_TEST(what is sorted is valid) {
  auto seed = test_seed();
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    std::vector<submission_ptr> batch;
    std::uint64_t next[5][3] = {};
    for (auto n = random() % 60; n > 0; --n) {
      auto client = random() % 5, stream = random() % 3;
      auto wanted = static_cast<lane>(1 + random() % 4);
      batch.push_back(in_lane(wanted, static_cast<std::uint32_t>(client),
                              static_cast<std::uint8_t>(stream), ++next[client][stream]));
    }
    auto before = batch;
    sort_block(batch);
    CAF_REQUIRE(valid(batch));
    CAF_REQUIRE(std::is_permutation(batch.begin(), batch.end(), before.begin(), before.end()));
  }
}
