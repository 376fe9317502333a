#define CAF_SUITE verify_queue
#include "tests/suite.hpp"

#include "actors/verify_queue.hpp"

using namespace bourse::actors;

namespace {

verification::item item_of(std::uint64_t session, std::uint8_t name, std::size_t size = 100,
                           std::uint8_t sig = 0) {
  verification::item i;
  i.session = session_id{session};
  i.digest.data[0] = name;
  i.source.body.assign(size, 'x');
  i.source.signature.data[0] = sig;
  return i;
}

constexpr std::size_t plenty = 1'000'000;

} // namespace

CAF_TEST(sessions take turns and peers go first) {
  verify_queue q{plenty, plenty};
  for (std::uint8_t n = 0; n < 5; ++n)
    CAF_CHECK(q.add(item_of(1, n)));
  CAF_CHECK(q.add(item_of(2, 10)));
  CAF_CHECK(q.add(item_of(0, 20)));
  auto got = q.take(4);
  std::vector<int> names;
  for (const auto& i : got)
    names.push_back(i.digest.data[0]);
  CAF_CHECK_EQUAL(names, (std::vector<int>{20, 0, 10, 1}));
  CAF_CHECK_EQUAL(q.waiting(), 3u);
  CAF_CHECK_EQUAL(q.take(100).size(), 3u);
  CAF_CHECK(q.take(1).empty());
}

CAF_TEST(bounds count what is being verified too) {
  auto size = 100 + sizeof(verification::item);
  verify_queue q{3 * size, 2 * size};
  CAF_CHECK(q.add(item_of(1, 1)));
  CAF_CHECK(q.add(item_of(1, 2)));
  CAF_CHECK(!q.add(item_of(1, 3))); // the session's
  CAF_CHECK(q.add(item_of(2, 4)));
  CAF_CHECK(!q.add(item_of(3, 5))); // the total
  CAF_CHECK(q.add(item_of(0, 6)));  // a peer's was asked for
  auto taken = q.take(10);
  CAF_CHECK(!q.add(item_of(1, 7)));
  for (const auto& i : taken)
    q.done(i);
  CAF_CHECK_EQUAL(q.held_bytes(), 0u);
  CAF_CHECK(q.add(item_of(1, 8)));
}

CAF_TEST(a wrong signature does not keep the right one out) {
  verify_queue q{plenty, plenty};
  auto forged = item_of(0, 1, 100, 7);
  CAF_CHECK(q.add(forged));
  CAF_CHECK(q.holds(forged.digest, forged.source.signature));
  CAF_CHECK(!q.holds(forged.digest, item_of(0, 1, 100, 8).source.signature));
  CAF_CHECK(q.add(item_of(3, 1, 100, 8)));
  for (const auto& i : q.take(10))
    q.done(i);
  CAF_CHECK(!q.holds(forged.digest));
}

CAF_TEST(what was verified is taken out by its own signature) {
  verify_queue q{plenty, plenty};
  CAF_CHECK(q.add(item_of(1, 1, 100, 9)));
  auto i = std::move(q.take(1).front());
  i.verified = std::make_shared<const verified_submission>(
      verified_submission{std::move(i.source), i.digest, {}, lane::ordinary});
  i.source = {};
  q.done(i);
  CAF_CHECK(!q.holds(i.digest));
}
