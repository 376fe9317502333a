#define CAF_SUITE report
#include "tests/suite.hpp"

#include "messages/report.hpp"

#include <set>

using namespace bourse::messages;

CAF_TEST(every kind has a name of its own) {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(report_kind::done); ++i)
    names.insert(to_string(static_cast<report_kind>(i)));
  CAF_CHECK_EQUAL(names.size(), static_cast<std::size_t>(report_kind::done));
  CAF_CHECK_EQUAL(names.count("unknown_kind"), 0u);
  CAF_CHECK_EQUAL(to_string(report_kind{0}), "unknown_kind");
}

CAF_TEST(every reason has a name of its own) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(reason::book_full); ++i)
    names.insert(to_string(static_cast<reason>(i)));
  CAF_CHECK_EQUAL(names.size(), static_cast<std::size_t>(reason::book_full) + 1);
  CAF_CHECK_EQUAL(names.count("unknown_reason"), 0u);
  CAF_CHECK_EQUAL(to_string(reason{255}), "unknown_reason");
}
