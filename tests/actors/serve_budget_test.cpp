#define CAF_SUITE serve_budget
#include "tests/suite.hpp"

#include "actors/serve_budget.hpp"

using namespace bourse::actors;
using bourse::messages::replica_id;

CAF_TEST(questions cost something though nothing is sent) {
  serve_budget budget{4};
  std::size_t asked = 0;
  while (asked < 1'000'000 && budget.may(replica_id{1}, 5000))
    ++asked;
  CAF_CHECK_EQUAL(asked, serve_budget::bytes_per_second / serve_budget::bytes_per_question);
  CAF_CHECK(budget.may(replica_id{2}, 5000)); // each has its own
  CAF_CHECK(budget.may(replica_id{1}, 6000));
  std::size_t long_ones = 0;
  while (long_ones < 1'000'000 && budget.may(replica_id{3}, 5000, 4096))
    ++long_ones;
  CAF_CHECK(long_ones > 50 && long_ones < 200);
}

CAF_TEST(what was read or sent counts until the second is over) {
  serve_budget budget{4};
  budget.spent(replica_id{1}, 1);
  CAF_CHECK(budget.may(replica_id{1}, 5000));
  budget.spent(replica_id{1}, serve_budget::bytes_per_second);
  CAF_CHECK(!budget.may(replica_id{1}, 5999));
  CAF_CHECK_EQUAL(budget.refused(), 1u);
  CAF_CHECK(budget.may(replica_id{1}, 6000));
  CAF_CHECK(!budget.may(replica_id{4}, 6000)); // not of this cluster
}
