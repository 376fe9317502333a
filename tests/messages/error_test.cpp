#define CAF_SUITE error
#include "tests/suite.hpp"

#include "messages/error.hpp"

#include <set>

using namespace bourse::messages;

CAF_TEST(every code has a name of its own) {
  std::set<std::string_view> names;
  for (auto code = static_cast<int>(errc::malformed); code <= static_cast<int>(errc::pruned);
       ++code)
    names.insert(to_string(static_cast<errc>(code)));
  CAF_CHECK_EQUAL(names.size(), static_cast<std::size_t>(errc::pruned));
  CAF_CHECK_EQUAL(names.count("unknown_error"), 0u);
  CAF_CHECK_EQUAL(to_string(static_cast<errc>(0)), "unknown_error");
  CAF_CHECK_EQUAL(to_string(static_cast<errc>(255)), "unknown_error");
}

CAF_TEST(an error reads as code and detail) {
  CAF_CHECK_EQUAL(to_string(error{errc::bad_signature, "submission 7 of client 2"}),
                  "bad_signature: submission 7 of client 2");
  CAF_CHECK_EQUAL(to_string(error{errc::busy, ""}), "busy");
}

CAF_TEST(fail gives an expected without a value) {
  expected<int> x = fail(errc::not_found, "block 9");
  CAF_REQUIRE(!x);
  CAF_CHECK(x.error() == (error{errc::not_found, "block 9"}));
}
