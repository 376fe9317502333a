// The ranking against a plain one.
#define CAF_SUITE ranking_random
#include "tests/suite.hpp"

#include "fairness/ranking.hpp"
#include "simulation/naive_ranking.hpp"
#include "tests/fairness/random_stamps.hpp"
#include "tests/fairness/stamps_of.hpp"

using namespace bourse;
using namespace bourse::fairness;

CAF_TEST(the ranking does what a plain one does) {
  auto first = first_seed();
  CAF_MESSAGE("seeds from " << first);
  std::uint64_t executed = 0, left = 0, yields = 0, silent = 0;
  for (auto seed = first; seed < first + 600; ++seed) {
    random_stamps random{seed};
    auto& r = random.rules();
    ranking fast{r, random.size(), seed};
    simulation::naive_ranking plain{r, random.size()};
    int wrong = 0;
    for (int i = 0; i < 80 && wrong == 0; ++i) {
      auto block = random.next_block([&](client_id c, stream_id s) {
        return c.value() < r.clients.size() ? plain.next(c, s) : submission_number{1};
      });
      auto names_nothing = random.chance(10);
      auto expects = plain.would_yield(block.t);
      if (!names_nothing)
        for (auto& [by, stamps] : block.reports) {
          fast.add(by, stamps);
          plain.add(by, stamps);
        }
      auto names = fast.begin(block.t);
      wrong += names != plain.begin(block.t);
      if (wrong != 0)
        break;
      auto bodies = random.shelf().get(names);
      auto result = fast.finish(bodies);
      wrong += result != plain.finish(bodies);
      if (names_nothing) {
        wrong += expects == result.empty();
        ++(expects ? yields : silent);
      }
      wrong += fast.left_over() != plain.left_over();
      for (auto id : random.size().everyone())
        wrong += fast.open_stamps(id) != plain.open_stamps(id);
      for (std::uint32_t c = 0; c < r.clients.size(); ++c)
        for (std::uint8_t s = 0; s < max_streams; ++s)
          wrong += fast.next(client_id{c}, stream_id{s}) != plain.next(client_id{c}, stream_id{s});
      for (int k = 0; k < 5; ++k) {
        auto any = random.any_body();
        wrong += stamps_of(fast, any) != plain.stamps_of(any);
      }
      executed += result.size();
      left += fast.left_over();
      if (wrong != 0)
        CAF_ERROR("seed " << seed << ", block " << i);
    }
    CAF_REQUIRE_EQUAL(wrong, 0);
  }
  CAF_MESSAGE(executed << " executed, " << left << " left over, " << yields << " and " << silent);
  CAF_CHECK(executed > 10'000 && left > 10'000 && yields > 100 && silent > 100);
}
