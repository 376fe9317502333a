// Seeds in worker processes: whatever becomes of one, the others go on and it is named.
#define CAF_SUITE sim_workers
#include "tests/suite.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "app/sim_workers.hpp"

using namespace bourse::app;
using nlohmann::json;

namespace {

json good(std::uint64_t seed) {
  return {{"seed", seed}, {"violations", json::array()}};
}

std::map<std::uint64_t, seed_result> run_all(const seed_range& range, const seed_work& work) {
  std::map<std::uint64_t, seed_result> out;
  run_seeds(range, work, [&](const seed_result& r) {
    CAF_CHECK(!out.contains(r.seed));
    out[r.seed] = r;
    return true;
  });
  return out;
}

} // namespace

CAF_TEST(each seed is run once) {
  auto all = run_all({100, 50, 3, 60}, good);
  CAF_CHECK_EQUAL(all.size(), 50u);
  for (const auto& [seed, r] : all)
    CAF_CHECK(r.passed() && r.outcome["seed"] == seed);
  CAF_CHECK_EQUAL(all.begin()->first, 100u);
}

CAF_TEST(a seed that ends in an assertion is named and the others go on) {
  auto all = run_all({1, 20, 2, 60}, [](std::uint64_t seed) {
    if (seed == 7)
      std::abort();
    if (seed == 9)
      _exit(3);
    return good(seed);
  });
  CAF_CHECK_EQUAL(all.size(), 20u);
  CAF_CHECK(!all[7].passed() && all[7].died.find("Aborted") != std::string::npos);
  CAF_CHECK(!all[9].passed());
  CAF_CHECK(all[8].passed() && all[20].passed());
}

CAF_TEST(a worker that ends at any moment owes a seed) {
  // The alarm ends it within the seed, while it says its result, or between two seeds.
  auto all = run_all({1, 300, 2, 60}, [](std::uint64_t seed) {
    ualarm(static_cast<useconds_t>(seed * 7 % 400 + 1), 0);
    return good(seed);
  });
  CAF_CHECK_EQUAL(all.size(), 300u);
  auto died
      = std::count_if(all.begin(), all.end(), [](const auto& r) { return !r.second.passed(); });
  CAF_MESSAGE(died << " died");
  CAF_CHECK(died > 0);
}

CAF_TEST(a seed that never ends is ended) {
  auto all = run_all({1, 3, 1, 1}, [](std::uint64_t seed) {
    while (seed == 2)
      usleep(1000);
    return good(seed);
  });
  CAF_CHECK_EQUAL(all.size(), 3u);
  CAF_CHECK_EQUAL(all[2].died, "took more than 1 s (--timeout)");
  CAF_CHECK(all[3].passed());
}

CAF_TEST(a violation fails its seed and whoever asks stops the run) {
  std::size_t taken = 0;
  run_seeds(
      {1, 1'000'000, 2, 60},
      [](std::uint64_t seed) {
        auto j = good(seed);
        if (seed >= 10)
          j["violations"].push_back({{"rule", "agreement"}});
        return j;
      },
      [&](const seed_result& r) {
        ++taken;
        CAF_CHECK_EQUAL(r.passed(), r.seed < 10);
        return r.passed();
      });
  CAF_CHECK(taken >= 1 && taken <= 11); // the other worker may be behind
}

CAF_TEST(workers end with a parent that is killed) {
  int ends[2];
  CAF_REQUIRE(pipe(ends) == 0);
  auto parent = fork();
  CAF_REQUIRE(parent >= 0);
  if (parent == 0) {
    close(ends[0]);
    run_seeds(
        {1, 2, 2, 60},
        [&](std::uint64_t) -> json {
          while (write(ends[1], "x", 1) == 1) // hangs
            usleep(1000);
          _exit(0);
        },
        [](const seed_result&) { return true; });
    _exit(0);
  }
  close(ends[1]);
  char c;
  CAF_REQUIRE(read(ends[0], &c, 1) == 1); // one is at work
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  char rest[4096];
  while (read(ends[0], rest, sizeof rest) > 0) // as long as any of them holds the other end
    ;
  close(ends[0]);
}
