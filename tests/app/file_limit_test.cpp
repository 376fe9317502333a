#define CAF_SUITE file_limit
#include "tests/suite.hpp"

#include "app/file_limit.hpp"

using namespace bourse::app;

CAF_TEST(connections leave the database its files) {
  CAF_CHECK_EQUAL(connections_within(1024, 4), 350u); // what many systems have
  CAF_CHECK_EQUAL(connections_within(400, 4), 38u);
  CAF_CHECK_EQUAL(connections_within(340, 4), 8u);
  CAF_CHECK_EQUAL(connections_within(339, 4), 0u);
  CAF_CHECK_EQUAL(connections_within(0, 4), 0u);
  CAF_CHECK_EQUAL(connections_within(1024, 301), 0u);
  for (auto replicas : {4U, 31U, 301U})
    for (std::uint64_t files = 0; files < 5000; ++files)
      if (auto n = connections_within(files, replicas); n > 0 && 2 * n + replicas + 256 >= files)
        CAF_ERROR(n << " connections with " << files << " files");
}

CAF_TEST(without a limit there are as many as anybody wants) {
  CAF_CHECK(connections_within(UINT64_MAX, 4) > 1'000'000);
}

CAF_TEST(the limit is raised) {
  CAF_CHECK(raise_file_limit() >= 256);
  CAF_CHECK_EQUAL(raise_file_limit(), raise_file_limit());
}
