#define CAF_SUITE load
#include "tests/suite.hpp"

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "tests/config/files.hpp"

using namespace bourse::config;
using namespace bourse::tests;

namespace {

struct fixture {
  fixture() {
    init_crypto();
    testnet_options o;
    o.output = net;
    o.market = sample_market();
    auto written = write_testnet(o);
    CAF_REQUIRE(written.has_value());
    g = *written;
  }

  temporary_folder folder;
  std::filesystem::path net = folder.path() / "net";
  genesis g;

  error node_problem() {
    auto node = load_node(net / "node-1" / "node.toml");
    CAF_REQUIRE(!node.has_value());
    return node.error();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(load_tests, fixture)

CAF_TEST(a node finds itself in the genesis file) {
  auto node = load_node(net / "node-1" / "node.toml");
  CAF_REQUIRE(node.has_value());
  CAF_CHECK(node->self == replica_id{1});
  CAF_CHECK(node->genesis.cluster() == g.cluster());
  CAF_CHECK(node->peers == g.replicas[1].peers);
  CAF_CHECK(node->clients == g.replicas[1].clients);
}

CAF_TEST(own addresses win over those of the genesis file part by part) {
  auto file = net / "node-1" / "node.toml";
  write(file, replaced(read(file), "clients = \"\"", "clients = \"0.0.0.0:0\""));
  auto node = load_node(file);
  CAF_REQUIRE(node.has_value());
  CAF_CHECK(node->clients == endpoint({"0.0.0.0", g.replicas[1].clients.port}));
}

CAF_TEST(a log that is kept too short is refused) {
  auto file = net / "node-1" / "node.toml";
  auto text = read(file);
  auto least = std::to_string(16 * g.window);
  write(file, replaced(text, "retain_blocks = 0", "retain_blocks = " + least));
  auto node = load_node(file);
  CAF_REQUIRE(node.has_value());
  CAF_CHECK_EQUAL(std::to_string(node->file.retain_blocks), least);
  write(file, replaced(text, "retain_blocks = 0",
                       "retain_blocks = " + std::to_string(16 * g.window - 1)));
  auto e = node_problem();
  CAF_CHECK(e.code == errc::config_invalid);
  auto line = 1 + std::count(text.begin(), text.begin() + text.find("retain_blocks = "), '\n');
  CAF_CHECK(e.detail.starts_with(file.string() + ":" + std::to_string(line)
                                 + ": [ledger] retain_blocks: must be 0, or at least " + least
                                 + ": "));
}

CAF_TEST(a key that the genesis file does not know is refused) {
  auto key = net / "node-1" / "key";
  std::filesystem::remove(key);
  CAF_REQUIRE(save_key(key, key_pair::generate()).has_value());
  auto e = node_problem();
  CAF_CHECK(e.code == errc::unknown_replica);
  CAF_CHECK_EQUAL(e.detail, key.string() + ": is not the key of any replica in "
                                + (net / "genesis.toml").string());
}

CAF_TEST(what a node file names must be there) {
  std::filesystem::remove(net / "genesis.toml");
  CAF_CHECK(node_problem().code == errc::not_found);
}

CAF_TEST(a client is found by its name and key) {
  auto client = load_client(net, "trader");
  CAF_REQUIRE(client.has_value());
  CAF_CHECK_EQUAL(client->entry().name, "trader");
  CAF_CHECK(client->key.identity() == client->entry().key);
  auto unknown = load_client(net, "traider");
  CAF_REQUIRE(!unknown.has_value());
  CAF_CHECK_EQUAL(unknown.error().detail,
                  (net / "genesis.toml").string()
                      + ": there is no client named \"traider\"; did you mean "
                        "\"trader\"?");
}

CAF_TEST(the key of another client is refused) {
  auto keys = net / "clients";
  std::filesystem::remove(keys / "trader.key");
  std::filesystem::copy(keys / "maker.key", keys / "trader.key");
  auto client = load_client(net, "trader");
  CAF_REQUIRE(!client.has_value());
  CAF_CHECK(client.error().code == errc::unknown_client);
}

CAF_TEST(names lead to indices) {
  CAF_CHECK(find_instrument(g.market, "ETH-USD") == instrument_id{1});
  CAF_CHECK(find_asset(g.market, "BTC") == asset_id{1});
  CAF_CHECK(find_account(g.market, "fees") == account_id{0});
  auto missing = find_instrument(g.market, "DOGE");
  CAF_REQUIRE(!missing.has_value());
  CAF_CHECK_EQUAL(missing.error().detail,
                  "there is no instrument named \"DOGE\"; there are BTC-USD, ETH-USD");
}

CAF_TEST(node and genesis files are told apart) {
  CAF_CHECK(kind_of(net / "genesis.toml") == file_kind::genesis);
  CAF_CHECK(kind_of(net / "node-0" / "node.toml") == file_kind::node);
  CAF_CHECK(!kind_of(net / "node-9"));
}

CAF_TEST_FIXTURE_SCOPE_END()
