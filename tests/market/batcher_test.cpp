#define CAF_SUITE batcher
#include "tests/suite.hpp"

#include "market/batcher.hpp"

using bourse::market::batcher;

CAF_TEST(a lone order does not wait) {
  batcher b{100, 1000};
  CAF_CHECK(!b.propose(0, 0, 0, false));
  CAF_CHECK(b.propose(0, 1, 0, false));
}

CAF_TEST(while blocks are in flight more is gathered) {
  batcher b{100, 1000};
  CAF_CHECK(!b.propose(0, 1, 1, false));
  CAF_CHECK_EQUAL(b.deadline().value_or(0), 1000u);
  CAF_CHECK(!b.propose(999, 1, 1, false));
  CAF_CHECK(b.propose(1000, 1, 1, false));
  CAF_CHECK(!b.deadline());
}

CAF_TEST(the more is ready the longer it may gather and never without bound) {
  batcher b{100, 1000};
  CAF_CHECK(!b.propose(0, 1, 1, false));
  CAF_CHECK(!b.propose(1000, 3, 1, false));
  CAF_CHECK_EQUAL(b.deadline().value_or(0), 3000u);
  CAF_CHECK(!b.propose(3000, 99, 1, false));
  CAF_CHECK_EQUAL(b.deadline().value_or(0), 16'000u);
  CAF_CHECK(b.propose(16'000, 99, 1, false));
}

CAF_TEST(a full block goes at once) {
  batcher b{100, 1000};
  CAF_CHECK(!b.propose(0, 99, 3, false));
  CAF_CHECK(b.propose(1, 100, 3, false));
}

CAF_TEST(the delay begins anew with what comes after) {
  batcher b{100, 1000};
  CAF_CHECK(b.propose(0, 100, 1, false));
  CAF_CHECK(!b.propose(500, 1, 2, false));
  CAF_CHECK(!b.propose(1400, 1, 2, false));
  CAF_CHECK(b.propose(1500, 1, 2, false));
}

CAF_TEST(a block that is owed goes alone) {
  batcher b{100, 1000};
  CAF_CHECK(b.propose(0, 0, 0, true));
  CAF_CHECK(!b.propose(0, 0, 1, true));
}
