#define CAF_SUITE block_room
#include "tests/suite.hpp"

#include "fairness/block_room.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

verified_submission of(std::size_t requests, std::size_t body_bytes) {
  verified_submission s;
  s.content.requests.resize(requests);
  s.source.body = bytes(body_bytes, 'x');
  return s;
}

} // namespace

CAF_TEST(a block is full at so many requests) {
  block_limits limits{10, 1000};
  block_room room(limits);
  CAF_CHECK(room.take(of(4, 1)));
  CAF_CHECK(!room.take(of(7, 1)));
  CAF_CHECK(room.take(of(6, 1))); // what did not fit took nothing
  CAF_CHECK(!room.take(of(1, 1)));
}

CAF_TEST(a block is full at so many bytes) {
  block_limits limits{10, 1000};
  block_room room(limits);
  CAF_CHECK(room.take(of(1, 600)));
  CAF_CHECK(!room.take(of(1, 401)));
  CAF_CHECK(room.take(of(1, 400)));
  CAF_CHECK(!room.take(of(1, 1)));
}

CAF_TEST(the first one always fits) {
  block_limits limits{10, 1000};
  CAF_CHECK(block_room(limits).take(of(11, 1)));
  CAF_CHECK(block_room(limits).take(of(1, 1001)));
  block_room room(limits);
  CAF_CHECK(room.take(of(11, 5000)));
  CAF_CHECK(!room.take(of(1, 1)));
  block_limits nothing{0, 0};
  block_room none(nothing);
  CAF_CHECK(none.take(of(1, 1)));
  CAF_CHECK(!none.take(of(1, 1)));
}

CAF_TEST(one without requests takes up as much as one of one) {
  block_limits limits{2, 1000};
  block_room room(limits);
  CAF_CHECK(room.take(of(0, 1)));
  CAF_CHECK(room.take(of(0, 1)));
  CAF_CHECK(!room.take(of(0, 1)));
  CAF_CHECK(!room.take(of(1, 1)));
}
