// A replica that lost its disk, and one that was away until others had pruned what it lacks: both
// come back with a state from the others, under load, and take part.
#define CAF_SUITE rejoin
#include "tests/suite.hpp"

#include "app/ledger_comparison.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

std::uint64_t first_block(const nlohmann::json& status) {
  return status["parts"]["ledger"].value("first_block", std::uint64_t{0});
}

/// Without this replica nothing would go on now, since another is down. Then all are the same.
void check_takes_part(app::temporary_network& network, trading& busy, std::size_t who) {
  auto other = (who + 1) % network.size();
  network.node(other).kill();
  CAF_CHECK(busy.goes_on());
  CAF_REQUIRE(network.start_nodes());
  CAF_CHECK(busy.goes_on());
  busy.stop();
  CAF_CHECK(all_agree(network, 60s));
  network.stop_nodes();
  CAF_CHECK_EQUAL(run({"ledger", "verify", network.folder().string()}).code, 0);
  auto all = app::compare_ledgers(network);
  for (auto& [what, how] : all.findings)
    if (!all.good)
      CAF_MESSAGE(what << ": " << how);
  CAF_CHECK(all.good);
}

} // namespace

CAF_TEST(a replica that lost its disk comes back under load) {
  app::network_options o;
  o.net.node.transfer_after_blocks = 128;
  auto network = start_network(std::move(o));
  trading busy{*network, 4};
  CAF_REQUIRE(busy.until(
      [&] { return status_of(*network)[0].value("executed", std::uint64_t{0}) >= 2000; }, 60s));
  CAF_REQUIRE(comes_back_without_disk(*network, busy, 3));
  CAF_CHECK(first_block(status_of(*network)[3]) > 1); // its log begins with a state
  check_takes_part(*network, busy, 3);
}

CAF_TEST(a replica that was away comes back when what it lacks is pruned) {
  app::network_options o;
  o.net.node.transfer_after_blocks = 1'000'000; // only that blocks are gone makes it take a state
  o.net.node.retain_blocks = 1024;
  auto network = start_network(std::move(o));
  trading busy{*network, 1};
  CAF_REQUIRE(busy.goes_on(20));
  network->node(2).kill();
  CAF_REQUIRE(busy.until(
      [&] {
        auto all = status_of(*network);
        for (std::size_t i : {0, 1, 3})
          if (first_block(all[i]) < 200)
            return false;
        return true;
      },
      90s));
  CAF_REQUIRE(network->start_nodes());
  CAF_CHECK(busy.until([&] { return first_block(status_of(*network)[2]) >= 200; }, 60s));
  CAF_CHECK(busy.until([&] { return takes_part(status_of(*network)[2]); }, 60s));
  check_takes_part(*network, busy, 2);
}
