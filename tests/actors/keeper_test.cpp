// A node that fails in part begins anew within its process. Real links, disk and clock.
#define CAF_SUITE keeper
#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "tests/actor_suite.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include "actors/keeper.hpp"
#include "actors/system_config.hpp"
#include "actors/tcp_node.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace std::chrono_literals;

namespace {

struct kept_node {
  kept_node() {
    init_crypto();
    config::testnet_options o;
    o.output = folder.path() / "net";
    o.market = config::sample_market();
    o.base_port = 0;
    CAF_REQUIRE(config::write_testnet(o).has_value());
  }

  expected<node_handles> spawn() {
    auto loaded = config::load_node(folder.path() / "net" / "node-0" / "node.toml");
    if (!loaded)
      return tl::unexpected(loaded.error());
    auto log
        = std::make_shared<spdlog::logger>("x", std::make_shared<spdlog::sinks::null_sink_mt>());
    auto node = spawn_tcp_node(system, std::move(*loaded), log);
    if (!node)
      return node;
    std::lock_guard lock{mutex};
    ++starts;
    children.clear();
    for (const auto& c : node->children)
      children.emplace_back(c.name, c.handle.address());
    changed.notify_all();
    return node;
  }

  bool wait_for_start(int n) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 20s, [&] { return starts >= n; });
  }

  void fail(const std::string& kind) {
    std::lock_guard lock{mutex};
    for (const auto& [name, address] : children)
      if (name == kind)
        return caf::anon_send_exit(address, caf::exit_reason::unhandled_exception);
    CAF_FAIL("no child is called " << kind);
  }

  tests::temporary_folder folder;
  system_config config{2};
  caf::actor_system system{config};
  std::shared_ptr<spdlog::logger> log
      = std::make_shared<spdlog::logger>("y", std::make_shared<spdlog::sinks::null_sink_mt>());
  std::mutex mutex;
  std::condition_variable changed;
  int starts = 0;
  std::vector<std::pair<std::string, caf::actor_addr>> children;
};

} // namespace

CAF_TEST(a failed part starts the node again and a failed ledger ends it) {
  kept_node n;
  restart_policy::limits quick;
  quick.first_pause_ms = 1;
  node_keeper keeper{n.system, [&] { return n.spawn(); }, n.log, restart_policy{quick}};
  expected<void> ended;
  std::thread runner{[&] {
    ended = keeper.run([] {});
  }};
  CAF_CHECK(n.wait_for_start(1));
  n.fail("mempool");
  CAF_CHECK(n.wait_for_start(2));
  n.fail("replica");
  CAF_CHECK(n.wait_for_start(3));
  CAF_CHECK_EQUAL(keeper.restarts(), 2u);
  n.fail("ledger");
  runner.join();
  CAF_CHECK(!ended);
  CAF_CHECK(ended.error().code == errc::io_failed);
}

CAF_TEST(a node that is told to stop is not started again) {
  kept_node n;
  node_keeper keeper{n.system, [&] { return n.spawn(); }, n.log};
  expected<void> ended = fail(errc::malformed);
  std::thread runner{[&] {
    ended = keeper.run([] {});
  }};
  CAF_CHECK(n.wait_for_start(1));
  keeper.stop();
  runner.join();
  CAF_CHECK(ended.has_value());
  CAF_CHECK_EQUAL(keeper.restarts(), 0u);
}

CAF_TEST(what fails too often is given up) {
  restart_policy p{{3, 1000, 10, 25}};
  CAF_CHECK_EQUAL(p.failed(0).value_or(0), 10u);
  CAF_CHECK_EQUAL(p.failed(100).value_or(0), 20u);
  CAF_CHECK_EQUAL(p.failed(200).value_or(0), 25u);
  CAF_CHECK(!p.failed(300));
  CAF_CHECK_EQUAL(p.failed(1050).value_or(0), 25u); // the first is forgotten
}
