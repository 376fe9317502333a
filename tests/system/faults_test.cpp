// Replicas that are killed, hang or are cut off, one or f at a time, under load: traders go on, and
// nothing is lost, doubled or different.
#define CAF_SUITE faults
#include "tests/suite.hpp"

#include "tests/system/arena.hpp"

using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 15s; // a view change takes far less; the machine may be busy

/// The primary and the next replica, which leads after it, or the two next ones.
void strike(std::uint16_t replicas, std::size_t how_many, bool primary_too, fault f) {
  if (f == fault::cut && !arena::has_wires())
    return;
  CAF_MESSAGE(replicas << " replicas, " << how_many << " are " << to_string(f)
                       << (primary_too ? ", the primary too" : ""));
  arena a{replicas, replicas * 100 + how_many};
  auto first = a.primary() + (primary_too ? 0 : 1);
  for (std::size_t i = 0; i < how_many; ++i)
    a.strike((first + i) % replicas, f);
  CAF_CHECK(a.traders().goes_on(50, soon));
  for (std::size_t i = 0; i < how_many; ++i)
    a.mend((first + i) % replicas, f);
  CAF_CHECK(a.traders().goes_on(50, soon));
  a.check_all();
}

constexpr auto faults = {fault::kill, fault::stop, fault::cut};

} // namespace

CAF_TEST(one of four) {
  for (auto f : faults)
    for (bool primary : {true, false})
      strike(4, 1, primary, f);
}

CAF_TEST(two of seven) {
  for (auto f : faults)
    for (bool primary : {true, false})
      strike(7, 2, primary, f);
}

CAF_TEST(one of seven) {
  for (auto f : faults)
    strike(7, 1, true, f);
}
