#define CAF_SUITE verify_queue
#include "tests/suite.hpp"

#include "actors/verify_queue.hpp"

using namespace bourse::actors;

namespace {

verification::item item_of(std::uint64_t session, std::uint8_t name, std::size_t size = 100,
                           std::uint8_t sig = 0) {
  verification::item i;
  i.session = session_id{session};
  i.header.client = client_id{static_cast<std::uint32_t>(session)};
  i.digest.data[0] = name;
  i.source.body.assign(size, 'x');
  i.source.signature.data[0] = sig;
  return i;
}

verification::item item_of_peer(std::uint16_t peer, std::uint8_t name, std::uint8_t sig = 0) {
  auto i = item_of(0, name, 100, sig);
  i.peer = replica_id{peer};
  return i;
}

constexpr verify_queue::share plenty{1'000'000, 1000};

} // namespace

CAF_TEST(sessions take turns and peers go first) {
  verify_queue q{plenty};
  for (std::uint8_t n = 0; n < 5; ++n)
    CAF_CHECK(q.add(item_of(1, n)));
  CAF_CHECK(q.add(item_of(2, 10)));
  CAF_CHECK(q.add(item_of_peer(1, 20)));
  auto got = q.take(4);
  std::vector<int> names;
  for (const auto& i : got)
    names.push_back(i.digest.data[0]);
  CAF_CHECK_EQUAL(names, (std::vector<int>{20, 0, 10, 1}));
  CAF_CHECK_EQUAL(q.waiting(), 3u);
  CAF_CHECK_EQUAL(q.take(100).size(), 3u);
  CAF_CHECK(q.take(1).empty());
}

CAF_TEST(a share counts what is being verified too) {
  verify_queue q{{250, 1000}};
  CAF_CHECK(q.add(item_of(1, 1)));
  CAF_CHECK(q.add(item_of(1, 2)));
  CAF_CHECK(!q.add(item_of(1, 3)));
  CAF_CHECK(q.add(item_of_peer(1, 6))); // a peer's was asked for
  auto taken = q.take(10);
  CAF_CHECK_EQUAL(taken.size(), 3u);
  CAF_CHECK(!q.add(item_of(1, 7)));
  for (const auto& i : taken)
    q.done(i);
  CAF_CHECK_EQUAL(q.held_bytes(), 0u);
  CAF_CHECK(q.add(item_of(1, 8)));
  CAF_CHECK(!q.add(item_of(1, 9, 251)));
}

CAF_TEST(small submissions are bounded by their number) {
  verify_queue q{{1'000'000, 3}};
  for (std::uint8_t n = 0; n < 3; ++n)
    CAF_CHECK(q.add(item_of(1, n, 1)));
  CAF_CHECK(!q.add(item_of(1, 3, 1)));
  q.done(q.take(1).front());
  CAF_CHECK(q.add(item_of(1, 3, 1)));
}

CAF_TEST(floods of others take no room from whoever keeps to its credit) {
  constexpr std::size_t credit = 8;
  verify_queue q{{credit * 100, credit}};
  std::size_t flooded = 0;
  for (std::uint64_t client = 1; client <= 200; ++client)
    for (std::uint8_t n = 0; n < 100; ++n)
      flooded += q.add(item_of(client, n));
  CAF_CHECK_EQUAL(flooded, 200 * credit); // in bounds all the same
  for (std::uint8_t stream = 0; stream < max_streams; ++stream)
    for (std::uint8_t n = 0; n < credit; ++n) {
      auto i = item_of(777, n, 100, stream);
      i.header.stream = stream_id{stream};
      i.digest.data[1] = stream; // the stream is in the body
      CAF_CHECK(q.add(std::move(i)));
    }
  auto more = item_of(777, 99);
  CAF_CHECK(!q.add(std::move(more))); // past its credit on stream 0
}

CAF_TEST(all sessions of a client share the room of its streams) {
  verify_queue q{{1000, 2}};
  auto second = item_of(5, 2);
  second.session = session_id{6};
  auto third = item_of(5, 3);
  third.session = session_id{7};
  CAF_CHECK(q.add(item_of(5, 1)));
  CAF_CHECK(q.add(std::move(second)));
  CAF_CHECK(!q.add(std::move(third)));
}

CAF_TEST(a peer may be wrong once at a time about a body) {
  verify_queue q{plenty};
  CAF_CHECK(q.add(item_of_peer(1, 1, 1)));
  CAF_CHECK(!q.add(item_of_peer(1, 1, 2)));
  CAF_CHECK(q.add(item_of_peer(2, 1, 3))); // the right one may come from another
  CAF_CHECK(q.add(item_of_peer(1, 2, 4))); // or it sends another body
  CAF_CHECK_EQUAL(q.held_from(replica_id{1}), 200u);
  CAF_CHECK_EQUAL(q.held_from(replica_id{2}), 100u);
  for (const auto& i : q.take(10))
    q.done(i);
  CAF_CHECK_EQUAL(q.held_from(replica_id{1}), 0u);
  CAF_CHECK(q.add(item_of_peer(1, 1, 2)));
}

CAF_TEST(a session may be wrong a few times at once about a signature) {
  verify_queue q{plenty};
  std::size_t taken = 0;
  for (std::uint8_t sig = 0; sig < 100; ++sig)
    taken += q.add(item_of(1, 1, 100, sig));
  CAF_CHECK_EQUAL(taken, 4u);
  CAF_CHECK(q.add(item_of(1, 2)));           // another submission
  CAF_CHECK(q.add(item_of(2, 1, 100, 200))); // another session
  CAF_CHECK(q.add(item_of_peer(1, 1, 201)));
  q.done(q.take(100).at(1)); // the first of session 1, behind the peer's
  CAF_CHECK(q.add(item_of(1, 1, 100, 202)));
  CAF_CHECK(!q.add(item_of(1, 1, 100, 203)));
}

CAF_TEST(a wrong signature does not keep the right one out) {
  verify_queue q{plenty};
  auto forged = item_of_peer(1, 1, 7);
  CAF_CHECK(q.add(forged));
  CAF_CHECK(q.holds(forged.digest, forged.source.signature));
  CAF_CHECK(!q.holds(forged.digest, item_of_peer(1, 1, 8).source.signature));
  CAF_CHECK(q.add(item_of(3, 1, 100, 8)));
  for (const auto& i : q.take(10))
    q.done(i);
  CAF_CHECK(!q.holds(forged.digest));
}

CAF_TEST(what was verified is taken out by its own signature) {
  verify_queue q{plenty};
  CAF_CHECK(q.add(item_of(1, 1, 100, 9)));
  auto i = std::move(q.take(1).front());
  i.verified = std::make_shared<const verified_submission>(
      verified_submission{std::move(i.source), i.digest, {}, lane::ordinary});
  i.source = {};
  q.done(i);
  CAF_CHECK(!q.holds(i.digest));
}
