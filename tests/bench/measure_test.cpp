#define CAF_SUITE measure
#include "tests/suite.hpp"

#include "bench/measure.hpp"

using namespace bourse::bench;

namespace {

std::string status(int sequence, const std::string& digest) {
  return R"({"state":{"sequence":)" + std::to_string(sequence) + R"(,"digest":")" + digest
         + R"("}})";
}

const std::string one(64, 'a');
const std::string other(64, 'b');

} // namespace

CAF_TEST(equal states are named in short) {
  std::string detail;
  CAF_CHECK(same_state({status(7, one), status(7, one)}, detail));
  CAF_CHECK_EQUAL(detail, "block 7, aaaaaaaaaaaaaaaa");
}

CAF_TEST(different states are both named) {
  std::string detail;
  CAF_CHECK(!same_state({status(7, one), status(7, one), status(7, other)}, detail));
  CAF_CHECK_EQUAL(detail, "replica 0 is at block 7, aaaaaaaaaaaaaaaa, replica 2 at block 7, "
                          "bbbbbbbbbbbbbbbb");
  CAF_CHECK(!same_state({status(7, one), status(8, one)}, detail));
  CAF_CHECK(!same_state({status(7, one), "{}"}, detail));
  CAF_CHECK_EQUAL(detail, "replica 1 gave no state");
  CAF_CHECK(!same_state({}, detail));
}
