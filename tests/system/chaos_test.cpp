// A minute of random faults, one every few seconds, on four replicas under load;
// BOURSE_CHAOS_SECONDS makes it longer. The seed is printed, and BOURSE_SEED repeats the faults,
// though not the timing of the machine.
#define CAF_SUITE chaos
#include "tests/suite.hpp"

#include <cstdlib>
#include <random>

#include "tests/system/arena.hpp"

using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t replicas = 4;
constexpr auto soon = 30s; // longer than any pause that the protocol allows itself

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* given = std::getenv(name);
  return given ? std::strtoull(given, nullptr, 10) : otherwise;
}

class chaos {
public:
  explicit chaos(std::uint64_t seed) : random_(seed), arena_(replicas, seed) {}

  void run(std::chrono::seconds length) {
    auto end = std::chrono::steady_clock::now() + length;
    std::size_t faults = 0;
    for (; std::chrono::steady_clock::now() < end; ++faults) {
      befall();
      auto going_on = arena_.traders().goes_on(20, soon);
      CAF_CHECK(going_on);
      if (!going_on)
        break;
    }
    CAF_MESSAGE(faults << " faults, " << arena_.traders().executed() << " placements");
    arena_.check_all();
  }

private:
  std::uint64_t below(std::uint64_t bound) {
    return random_() % bound;
  }
  /// Until so much more was executed, before a view change or after it; or nothing for so long.
  void while_it_lasts() {
    (void)arena_.traders().goes_on(1 + below(400), std::chrono::milliseconds{100 + below(2900)});
  }

  void befall() {
    switch (below(arena::has_wires() ? 6 : 2)) {
      case 0:
        return strike(fault::kill);
      case 1:
        return strike(fault::stop);
      case 2:
        return strike(fault::cut);
      case 3:
        return halves();
      case 4:
        return weather({static_cast<unsigned>(1 + below(8)), 0ms, 0ms});
      default:
        return weather({static_cast<unsigned>(below(5)), std::chrono::milliseconds{below(100)},
                        std::chrono::milliseconds{1 + below(30)}});
    }
  }

  /// The primary half of the time.
  void strike(fault f) {
    auto who = below(2) == 0 ? arena_.primary() : below(replicas);
    CAF_MESSAGE("replica " << who << " is " << to_string(f));
    arena_.strike(who, f);
    while_it_lasts();
    arena_.mend(who, f);
  }

  void halves() {
    auto other = 1 + below(replicas - 1); // who is with replica 0
    CAF_MESSAGE("replicas 0 and " << other << " are cut off from the others");
    for (std::size_t i = 1; i < replicas; ++i)
      if (i != other) {
        arena_.wires().cut(0, i);
        arena_.wires().cut(other, i);
      }
    while_it_lasts();
    arena_.wires().heal();
  }

  void weather(wire w) {
    CAF_MESSAGE("packets: " << w.loss_percent << " % are lost, " << w.delay.count()
                            << " ms and up to " << w.jitter.count() << " more");
    arena_.wires().set(w);
    while_it_lasts();
    arena_.wires().heal();
  }

  std::mt19937_64 random_;
  arena arena_;
};

} // namespace

CAF_TEST(faults come every few seconds and nothing is lost) {
  auto seed = from_environment("BOURSE_SEED", std::random_device{}());
  CAF_MESSAGE("seed " << seed);
  chaos{seed}.run(std::chrono::seconds{from_environment("BOURSE_CHAOS_SECONDS", 60)});
}
