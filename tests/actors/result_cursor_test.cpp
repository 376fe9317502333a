#define CAF_SUITE result_cursor
#include "tests/suite.hpp"

#include "actors/result_cursor.hpp"

using namespace bourse::actors;

namespace {

report_number n(std::uint64_t x) {
  return report_number{x};
}

} // namespace

CAF_TEST(nothing is handed out before the client resumes) {
  result_cursor c;
  CAF_CHECK(!c.executed(n(1), 3));
  CAF_CHECK(!c.reading());
}

CAF_TEST(who is up to date gets blocks as they execute) {
  result_cursor c;
  c.resume(n(5), n(5));
  CAF_CHECK(!c.reading());
  CAF_CHECK(c.executed(n(5), 2));
  CAF_CHECK(c.executed(n(7), 1));
}

CAF_TEST(who is behind reads first and misses nothing executed meanwhile) {
  result_cursor c;
  c.resume(n(3), n(10));
  CAF_CHECK(c.reading());
  CAF_CHECK(!c.executed(n(10), 5)); // the ledger will have it
  CAF_CHECK(c.read(n(1), 4));       // the block that holds 3
  CAF_CHECK(c.read(n(5), 5));
  c.caught_up(n(15));
  CAF_CHECK(c.reading());
  CAF_CHECK(!c.read(n(5), 5)); // again
  CAF_CHECK(c.read(n(10), 5));
  c.caught_up(n(15));
  CAF_CHECK(!c.reading());
  CAF_CHECK(c.executed(n(15), 1));
}

CAF_TEST(a gap in what is read is not handed out) {
  result_cursor c;
  c.resume(n(1), n(10));
  CAF_CHECK(!c.read(n(4), 6));
  CAF_CHECK_EQUAL(c.next().value(), 1u);
}

CAF_TEST(what is gone is passed over once) {
  result_cursor c;
  CAF_CHECK(!c.skip(report_number{5})); // nobody resumed
  c.resume(report_number{3}, report_number{20});
  CAF_CHECK(!c.skip(report_number{3}));
  CAF_CHECK(c.skip(report_number{5}));
  CAF_CHECK(!c.skip(report_number{5}));
  CAF_CHECK(c.next() == report_number{5});
  CAF_CHECK(!c.read(report_number{3}, 2));
  CAF_CHECK(c.read(report_number{5}, 15));
  c.caught_up(report_number{20});
  CAF_CHECK(!c.skip(report_number{30}));
}

CAF_TEST(numbers that do not exist are brought into range) {
  result_cursor c;
  c.resume(n(0), n(4));
  CAF_CHECK_EQUAL(c.next().value(), 1u);
  c.resume(n(1000), n(4));
  CAF_CHECK_EQUAL(c.next().value(), 4u);
  CAF_CHECK(c.executed(n(4), 1));
}
