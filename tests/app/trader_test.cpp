#define CAF_SUITE trader
#include "tests/suite.hpp"

#include "app/trader.hpp"

using namespace bourse::app;
using namespace bourse::messages;
namespace actors = bourse::actors;

CAF_TEST(every replica has an entry whatever was answered) {
  cluster_size size{4};
  auto answer = std::make_shared<actors::question_answer>();
  answer->each.push_back({replica_id{2}, sequence_number{7}, std::nullopt, "two"});
  answer->each.push_back({replica_id{9}, {}, std::nullopt, "nobody"});
  for (const auto& given : {actors::question_answer_ptr{answer}, actors::question_answer_ptr{}}) {
    auto all = by_replica(given, size);
    CAF_REQUIRE_EQUAL(all.size(), 4u);
    for (std::uint16_t i = 0; i < 4; ++i) {
      CAF_CHECK(all[i].replica == replica_id{i});
      if (given && i == 2) {
        CAF_CHECK(!all[i].problem);
        CAF_CHECK_EQUAL(all[i].body, "two");
      } else {
        CAF_CHECK(all[i].problem && all[i].problem->code == errc::unreachable);
      }
    }
  }
}
