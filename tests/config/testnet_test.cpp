#define CAF_SUITE testnet
#include "tests/suite.hpp"

#include "config/keys.hpp"
#include "config/node_config.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "tests/config/files.hpp"

#include <set>

using namespace bourse::config;
using namespace bourse::tests;

namespace {

struct fixture {
  fixture() {
    init_crypto();
    options.output = folder.path() / "net";
    options.market = sample_market();
  }

  temporary_folder folder;
  testnet_options options;

  std::string problem() {
    auto g = write_testnet(options);
    return g ? "none" : g.error().detail;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(testnet_tests, fixture)

CAF_TEST(a test network is complete and consistent) {
  auto g = write_testnet(options);
  CAF_REQUIRE(g.has_value());
  auto loaded = load_genesis(options.output / "genesis.toml");
  CAF_REQUIRE(loaded.has_value());
  CAF_CHECK(loaded->cluster() == g->cluster());
  CAF_CHECK(g->cluster() == hash(read(options.output / "genesis.toml")));
  CAF_CHECK_EQUAL(g->replicas.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    auto directory = options.output / ("node-" + std::to_string(i));
    auto node = load_node_config(directory / "node.toml");
    CAF_REQUIRE(node.has_value());
    CAF_CHECK(std::filesystem::equivalent(node->genesis, options.output / "genesis.toml"));
    auto key = load_key(node->key);
    CAF_REQUIRE(key.has_value());
    CAF_CHECK(key->identity() == g->replicas[i].key);
    CAF_CHECK(g->replicas[i].peers
              == endpoint({"127.0.0.1", static_cast<std::uint16_t>(7000 + 2 * i)}));
    CAF_CHECK(g->replicas[i].clients
              == endpoint({"127.0.0.1", static_cast<std::uint16_t>(7001 + 2 * i)}));
  }
  for (const auto& client : g->market.clients) {
    auto key = load_key(options.output / "clients" / (client.name + ".key"));
    CAF_REQUIRE(key.has_value());
    CAF_CHECK(key->identity() == client.key);
  }
}

CAF_TEST(the sample market has who it takes) {
  auto m = sample_market();
  std::set<std::string> clients;
  for (const auto& c : m.clients)
    clients.insert(c.name);
  CAF_CHECK(
      (clients == std::set<std::string>{"liquidator", "maker", "taker", "trader", "treasurer"}));
  CAF_CHECK_EQUAL(m.instruments[0].name, "BTC-USD");
  CAF_CHECK_EQUAL(m.instruments[0].lot_units, 1);
  CAF_CHECK_EQUAL(m.instruments[0].tick_lot_units, 1);
  CAF_CHECK_EQUAL(m.accounts[m.fee_account.value()].name, "fees");
}

CAF_TEST(hosts and ports are spread over replicas) {
  options.hosts = {"a.example", "b.example", "c.example", "d.example"};
  options.base_port = 9000;
  auto g = write_testnet(options);
  CAF_REQUIRE(g.has_value());
  CAF_CHECK(g->replicas[2].peers == endpoint({"c.example", 9004}));
  CAF_CHECK(g->replicas[2].clients == endpoint({"c.example", 9005}));
}

CAF_TEST(one host serves all) {
  options.replicas = 7;
  options.hosts = {"::1"};
  auto g = write_testnet(options);
  CAF_REQUIRE(g.has_value());
  CAF_CHECK_EQUAL(g->size.f(), 2);
  CAF_CHECK(g->replicas[6].peers == endpoint({"::1", 7012}));
}

CAF_TEST(free ports are all different) {
  options.base_port = 0;
  auto g = write_testnet(options);
  CAF_REQUIRE(g.has_value());
  std::set<std::uint16_t> ports;
  for (const auto& r : g->replicas) {
    ports.insert(r.peers.port);
    ports.insert(r.clients.port);
  }
  CAF_CHECK_EQUAL(ports.size(), 8u);
  CAF_CHECK(!ports.contains(0));
}

CAF_TEST(an old network is never overwritten) {
  CAF_REQUIRE(write_testnet(options).has_value());
  auto before = read(options.output / "genesis.toml");
  CAF_CHECK_EQUAL(problem(), (options.output / "genesis.toml").string()
                                 + ": exists already; choose another directory, or remove the old "
                                   "network first");
  CAF_CHECK_EQUAL(read(options.output / "genesis.toml"), before);
}

CAF_TEST(impossible networks are refused before anything is written) {
  options.replicas = 5;
  CAF_CHECK_EQUAL(problem(),
                  "5 replicas: the number must be 3f+1, such as 4, 7 or 10, so that f of "
                  "them may fail");
  options.replicas = 4;
  options.hosts = {"a", "b"};
  CAF_CHECK_EQUAL(problem(), "2 hosts for 4 replicas: give one for all, or one for each");
  options.hosts = {"a b"};
  CAF_CHECK_EQUAL(problem(), "\"a b\" is no host: give a name or an IP address");
  options.hosts.clear();
  options.base_port = 65530;
  CAF_CHECK_EQUAL(problem(),
                  "base port 65530: 4 replicas need 8 ports from there, and ports end at "
                  "65535");
  CAF_CHECK(!std::filesystem::exists(options.output));
}

CAF_TEST_FIXTURE_SCOPE_END()
