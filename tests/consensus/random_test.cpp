#define CAF_SUITE random
#include "tests/suite.hpp"

#include "tests/consensus/cluster.hpp"

using namespace bourse::test;

CAF_TEST(smoke) {
  cluster_options o;
  cluster c{o};
  c.load(100);
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 100; }, 5000));
  CAF_MESSAGE(c.describe());
  CAF_CHECK(c.violations().empty());
}
