#define CAF_SUITE batch
#include "tests/suite.hpp"

#include "messages/batch.hpp"

#include <utility>
#include <vector>

#include "tests/messages/generators.hpp"

using namespace bourse::messages;

namespace {

using content = std::vector<std::pair<channel, bytes>>;

expected<content> read(byte_view batch) {
  content out;
  auto ok = for_each_message(batch,
                             [&](channel c, byte_view message) { out.emplace_back(c, message); });
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

bytes sample() {
  bytes batch;
  append_message(batch, channel::consensus, "vote");
  append_message(batch, channel::heartbeat, "");
  append_message(batch, channel::client, "orders");
  return batch;
}

} // namespace

CAF_TEST(messages come out as they went in) {
  content wanted{
      {channel::consensus, "vote"}, {channel::heartbeat, ""}, {channel::client, "orders"}};
  CAF_CHECK(read(sample()) == wanted);
  CAF_CHECK(read("") == content{});
}

CAF_TEST(the layout is fixed) {
  bytes batch;
  append_message(batch, channel::bodies, "abc");
  CAF_CHECK_EQUAL(to_hex(batch), "0000000302616263");
  CAF_CHECK_EQUAL(batch.size(), batch_header_bytes + 3);
}

CAF_TEST(random batches come out as they went in) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    splitmix64 random{seed};
    content wanted;
    bytes batch;
    for (auto n = random.below(20); n > 0; --n) {
      auto c = static_cast<channel>(1 + random.below(7));
      wanted.emplace_back(c, random_bytes(random, random.below(500)));
      append_message(batch, c, wanted.back().second);
    }
    if (read(batch) != wanted)
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(true);
}

CAF_TEST(a batch cut anywhere else than between messages is malformed) {
  auto whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto cut = read(byte_view{whole}.substr(0, size));
    CAF_CHECK_EQUAL(cut.has_value(), size == 0 || size == 9 || size == 14);
  }
  CAF_CHECK(!read(whole + 'x'));
}

CAF_TEST(unknown channels and lengths past the end are malformed) {
  for (int c = 0; c < 256; ++c) {
    auto batch = sample();
    batch[4] = static_cast<char>(c);
    CAF_CHECK_EQUAL(read(batch).has_value(), c >= 1 && c <= 7);
  }
  auto batch = sample();
  batch[0] = static_cast<char>(0xff);
  auto result = read(batch);
  CAF_REQUIRE(!result);
  CAF_CHECK(result.error().code == errc::malformed);
}

CAF_TEST(nothing is visited of a malformed batch) {
  int visited = 0;
  CAF_CHECK(!for_each_message(sample() + "rest", [&](channel, byte_view) { ++visited; }));
  CAF_CHECK_EQUAL(visited, 0);
}

CAF_TEST(noise is refused or read but never overrun) {
  splitmix64 random{7};
  for (int i = 0; i < 5000; ++i) {
    auto noise = random_bytes(random, random.below(40));
    if (i % 2 == 0 && noise.size() > 4)
      noise[0] = noise[1] = noise[2] = 0; // short lengths get further
    std::ignore = read(noise);
  }
  CAF_CHECK(true);
}
