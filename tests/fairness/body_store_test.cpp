#define CAF_SUITE body_store
#include "tests/suite.hpp"

#include "fairness/body_store.hpp"

#include <set>

#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

struct fixture {
  market::rules rules = fair_rules();
  body_store store;

  submission_ptr make(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                      std::uint64_t variant = 0) {
    return submission_of(rules, header(client, stream, number), lane::ordinary, 1, variant);
  }
  submission_ptr add(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                     std::uint64_t variant = 0) {
    auto s = make(client, stream, number, variant);
    CAF_CHECK(store.add(s));
    return s;
  }
  std::set<digest> set_next(std::uint32_t client, std::uint8_t stream, std::uint64_t next) {
    std::set<digest> gone;
    store.set_next(client_id{client}, stream_id{stream}, submission_number{next},
                   [&](const submission_ptr& s) { gone.insert(s->digest); });
    return gone;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(body_store_tests, fixture)

CAF_TEST(bodies are found by their names) {
  auto s = add(0, 0, 1);
  CAF_CHECK(!store.add(s));
  CAF_CHECK(store.find(s->digest) == s);
  CAF_CHECK(store.holds(s->digest));
  CAF_CHECK(!store.find(hash("other")));
  CAF_CHECK(!store.holds(hash("other")));
  CAF_CHECK_EQUAL(store.size(), 1u);
}

CAF_TEST(execution drops a number with its rivals and no other stream) {
  auto a = add(1, 3, 1), rival = add(1, 3, 1, 9), b = add(1, 3, 2), c = add(1, 3, 5);
  add(1, 2, 1);
  add(1, 4, 1);
  add(0, 3, 1);
  add(2, 3, 1);
  CAF_CHECK(set_next(1, 3, 1).empty());
  CAF_CHECK((set_next(1, 3, 2) == std::set{a->digest, rival->digest}));
  CAF_CHECK(!store.holds(rival->digest));
  CAF_CHECK_EQUAL(store.size(), 6u);
  CAF_CHECK((set_next(1, 3, 5) == std::set{b->digest})); // over a gap
  CAF_CHECK((set_next(1, 3, UINT64_MAX) == std::set{c->digest}));
  CAF_CHECK_EQUAL(store.size(), 4u);
  CAF_CHECK(store.add(a)); // what is brought again is kept until it is dropped again
  CAF_CHECK((set_next(1, 3, 2) == std::set{a->digest}));
}

CAF_TEST_FIXTURE_SCOPE_END()
