#define CAF_SUITE version
#include "tests/suite.hpp"

#include "messages/version.hpp"

#include <algorithm>

CAF_TEST(the version has three parts) {
  auto text = bourse::messages::version();
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '.'), 2);
}
