#define CAF_SUITE sequence_check
#include "tests/suite.hpp"

#include "storage/sequence_check.hpp"

using namespace bourse::storage;

namespace {

bytes log_record(std::uint64_t first, std::uint32_t count) {
  bytes out;
  for (int i = 0; i < 8; ++i)
    out.push_back(static_cast<char>(first >> 8 * i));
  for (int i = 0; i < 4; ++i)
    out.push_back(static_cast<char>(count >> 8 * i));
  return out + "and what it changes";
}

template <std::size_t N>
bytes text(const char (&literal)[N]) {
  return bytes(literal, N - 1);
}

} // namespace

CAF_TEST(logs go on where tables end and where the log before ends) {
  sequence_checker all;
  CAF_CHECK(all.add(log_record(1, 3)));
  CAF_CHECK(all.add(log_record(4, 0)));
  CAF_CHECK(all.add(log_record(4, 1)));
  CAF_CHECK_EQUAL(all.next(), 5u);
  CAF_CHECK(!all.add(log_record(6, 1)));
  all.tables_reach(5);
  CAF_CHECK(all.add(log_record(6, 1)));
  all.tables_reach(3); // tables may lie behind the logs
  CAF_CHECK(all.add(log_record(7, 1)));

  sequence_checker later;
  later.tables_reach(100);
  CAF_CHECK(later.add(log_record(90, 2))); // of a log that is no longer needed
  CAF_CHECK(later.add(log_record(101, 1)));
  CAF_CHECK(!later.add(log_record(103, 1)));
}

CAF_TEST(a record that is too short for its header is wrong) {
  sequence_checker all;
  for (std::size_t size = 0; size < 12; ++size)
    CAF_CHECK(!all.add(log_record(1, 1).substr(0, size)));
}

CAF_TEST(the last change is found where a record of the manifest begins with it) {
  // Comparator, log 4, previous log 0, file 7, change 300.
  CAF_CHECK_EQUAL(last_sequence_of(text("\x01\x03xyz\x02\x04\x09\x00\x03\x07\x04\xac\x02...")),
                  std::optional<std::uint64_t>{300});
  // Behind the database's name, the most families and the least log.
  CAF_CHECK_EQUAL(last_sequence_of(text("\x81\x40\x02id\xcb\x01\x06\x0a\x05\x04\x01")),
                  std::optional<std::uint64_t>{1});
  CAF_CHECK(!last_sequence_of(text("\xc8\x01\x01\x04\x05"))); // first a family: says none
  CAF_CHECK(!last_sequence_of(text("\x02\x04")));
}

CAF_TEST(damage in a manifest is no crash) {
  CAF_CHECK(!last_sequence_of({}));
  CAF_CHECK(!last_sequence_of(text("\x04")));
  CAF_CHECK(!last_sequence_of(text("\x04\x80")));
  CAF_CHECK(!last_sequence_of(text("\x01\x7fxyz")));
  CAF_CHECK(!last_sequence_of(bytes(100, '\xff')));
}
