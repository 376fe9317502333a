#define CAF_SUITE remembering_authenticator
#include "tests/suite.hpp"

#include "consensus/remembering_authenticator.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

struct fixture {
  explicit fixture(std::size_t capacity = 4) : auth(below, capacity) {}
  /// True if verifying took a check of the signature itself.
  bool costs(std::string_view payload, std::uint16_t by = 1) {
    auto before = auth.checks();
    CAF_CHECK(auth.verify(replica(by), purpose::prepare, payload, made(payload, by)));
    return auth.checks() > before;
  }
  static signature made(std::string_view payload, std::uint16_t by = 1) {
    return stand_in{replica(by)}.sign(purpose::prepare, payload);
  }
  stand_in below{replica(0)};
  remembering_authenticator auth;
};

} // namespace

CAF_TEST(a good signature is checked once) {
  fixture f;
  CAF_CHECK(f.costs("a"));
  CAF_CHECK(!f.costs("a"));
  CAF_CHECK(f.costs("b"));
  CAF_CHECK_EQUAL(f.auth.checks(), 2u);
}

CAF_TEST(a bad signature is never remembered) {
  fixture f;
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(!f.auth.verify(replica(1), purpose::prepare, "a", fixture::made("b")));
  CAF_CHECK_EQUAL(f.auth.checks(), 3u);
}

// One part of what is remembered is another: none of these may pass for the first.
CAF_TEST(only the very same is remembered) {
  fixture f;
  auto sig = fixture::made("a");
  CAF_CHECK(f.auth.verify(replica(1), purpose::prepare, "a", sig));
  CAF_CHECK(!f.auth.verify(replica(2), purpose::prepare, "a", sig));
  CAF_CHECK(!f.auth.verify(replica(1), purpose::commit, "a", sig));
  CAF_CHECK(!f.auth.verify(replica(1), purpose::prepare, "b", sig));
  sig.data[63] ^= 1;
  CAF_CHECK(!f.auth.verify(replica(1), purpose::prepare, "a", sig));
}

CAF_TEST(what was verified elsewhere costs nothing) {
  fixture f;
  f.auth.remember(replica(1), purpose::prepare, "a", fixture::made("a"));
  CAF_CHECK(!f.costs("a"));
  CAF_CHECK(f.costs("a", 2));
}

CAF_TEST(the oldest are forgotten and what is used stays) {
  fixture f{4};
  for (const auto* p : {"a", "b", "c", "d"})
    CAF_CHECK(f.costs(p));
  for (const auto* p : {"e", "f", "g"})
    CAF_CHECK(f.costs(p));
  CAF_CHECK(!f.costs("a")); // from the older generation to the younger, which is full then
  CAF_CHECK(f.costs("h"));
  CAF_CHECK(!f.costs("a"));
  CAF_CHECK(!f.costs("g"));
  CAF_CHECK(f.costs("b"));
  CAF_CHECK(f.costs("c"));
}

CAF_TEST(memory is bounded) {
  fixture f{4};
  for (int i = 0; i < 100; ++i)
    f.costs(std::to_string(i));
  int remembered = 0;
  auto before = f.auth.checks();
  for (int i = 99; i >= 0; --i) {
    auto text = std::to_string(i);
    auto sig = fixture::made(text);
    if (f.auth.verify(replica(1), purpose::prepare, text, sig) && f.auth.checks() == before)
      ++remembered;
    before = f.auth.checks();
  }
  CAF_CHECK(remembered >= 4);
  CAF_CHECK(remembered <= 8);
}

CAF_TEST(it signs as the one below) {
  fixture f;
  CAF_CHECK(f.auth.sign(purpose::prepare, "a") == f.below.sign(purpose::prepare, "a"));
}
