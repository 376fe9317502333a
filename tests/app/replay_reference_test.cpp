#define CAF_SUITE replay_reference
#include "tests/suite.hpp"

#include "app/replay_reference.hpp"
#include "config/sample_market.hpp"
#include "messages/crypto.hpp"
#include "tests/config/files.hpp"

#include <sstream>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;

namespace {

struct fixture {
  fixture() {
    init_crypto();
    market = bourse::config::sample_market();
  }

  temporary_folder folder;
  bourse::market::rules market;

  /// Replays rows of id, price, volume, action and direction; the CSV of what became of them.
  replay_record run(const std::string& rows) {
    auto file = folder.path() / "flow.csv";
    write(file, "id,timestamp,exchange.timestamp,price,volume,action,direction\n" + rows);
    auto flow = order_flow::open(file, market.instruments[0]);
    auto roles = find_replay_roles(market, "BTC-USD");
    CAF_REQUIRE(flow.has_value());
    CAF_REQUIRE(roles.has_value());
    auto record = run_reference(*flow, market, *roles);
    if (!record)
      CAF_FAIL(record.error().detail);
    return std::move(*record);
  }

  std::string csv(const replay_record& record) {
    std::ostringstream out;
    record.write_csv(out, market.instruments[0]);
    return out.str();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(replay_reference_tests, fixture)

CAF_TEST(price and then time decide who trades) {
  auto record = run("1,1,1,236.00,50,created,bid\n"
                    "2,2,1,236.10,30,created,bid\n"
                    "3,3,1,236.10,40,created,bid\n"
                    "4,4,1,236.05,60,created,ask\n");
  CAF_CHECK_EQUAL(csv(record), "id,side,price,qty,filled\n"
                               "1,bid,236.00,50,0\n"
                               "2,bid,236.10,30,30\n"
                               "3,bid,236.10,40,30\n"
                               "4,ask,236.05,60,60\n");
  auto trades = record.trades();
  CAF_REQUIRE_EQUAL(trades.size(), 2u);
  CAF_CHECK(
      trades[0]
      == replayed_trade({client_order_id{2}, client_order_id{4}, price{23610}, quantity{30}}));
}

CAF_TEST(cancels take effect and those of unknown orders none) {
  auto record = run("1,1,1,236.00,50,created,bid\n"
                    "9,1,1,236.00,50,deleted,ask\n"
                    "1,2,1,236.00,50,deleted,bid\n"
                    "2,3,1,235.00,50,created,ask\n");
  CAF_CHECK_EQUAL(record.trades().size(), 0u);
  CAF_CHECK_EQUAL(record.rejected().at(reason::unknown_order), 1u);
  CAF_CHECK_EQUAL(record.instructions(), 4u);
}

CAF_TEST(the size of blocks makes no difference) {
  std::string rows;
  std::uint64_t random = 1;
  auto below = [&random](std::uint64_t n) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % n;
  };
  for (int i = 1; i <= 3000; ++i) {
    auto bid = below(2) == 0;
    auto cents = 23600 + below(40) - (bid ? 5 : 0);
    rows += std::to_string(i) + ",1,1," + std::to_string(cents / 100) + "."
            + std::to_string(cents % 100 + 100).substr(1) + "," + std::to_string(1 + below(500))
            + ",created," + (bid ? "bid" : "ask") + "\n";
    if (i > 20 && below(3) == 0)
      rows += std::to_string(i - 10 - static_cast<int>(below(10))) + ",1,1,236.00,1,deleted,bid\n";
  }
  auto large = run(rows);
  market.submissions.max_requests = 3;
  auto small = run(rows);
  CAF_CHECK(large.trades().size() > 500);
  CAF_CHECK_EQUAL(difference(large, small), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
