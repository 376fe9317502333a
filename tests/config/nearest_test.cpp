#define CAF_SUITE nearest
#include "tests/suite.hpp"

#include "config/nearest.hpp"

using bourse::config::nearest;

CAF_TEST(mistypings are understood) {
  std::vector<std::string> keys{"tick", "lot", "high_value", "taker_fee_bp", "maker_fee_bp"};
  CAF_CHECK_EQUAL(nearest("tik", keys), "tick");
  CAF_CHECK_EQUAL(nearest("high-value", keys), "high_value");
  CAF_CHECK_EQUAL(nearest("maker_fee", keys), "maker_fee_bp");
  CAF_CHECK_EQUAL(nearest("taker_fe_bp", keys), "taker_fee_bp");
}

CAF_TEST(what is far from everything is left alone) {
  std::vector<std::string> keys{"tick", "lot"};
  CAF_CHECK_EQUAL(nearest("decimals", keys), "");
  CAF_CHECK_EQUAL(nearest("x", keys), "");
  CAF_CHECK_EQUAL(nearest("", keys), "");
  CAF_CHECK_EQUAL(nearest(std::string(100000, 'a'), keys), "");
  CAF_CHECK_EQUAL(nearest("tick", {}), "");
}
