#define CAF_SUITE node_config
#include "tests/suite.hpp"

#include "config/node_config.hpp"
#include "tests/config/files.hpp"

using namespace bourse::config;
using namespace bourse::tests;

namespace {

struct fixture {
  temporary_folder folder;
  std::filesystem::path file = folder.path() / "node.toml";

  node_config sample() {
    node_config c;
    c.genesis = "../genesis.toml";
    c.key = "key";
    c.data = "/var/lib/bourse";
    return c;
  }

  /// What the file is refused for, less the folder's name.
  std::string problem(const std::string& text) {
    write(file, text);
    auto c = load_node_config(file);
    return c ? "none" : c.error().detail.substr(folder.path().string().size() + 1);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(node_config_tests, fixture)

CAF_TEST(what is written is read back to the same values) {
  auto c = sample();
  c.listen_peers = {"0.0.0.0", 9000};
  c.listen_clients = {"::", 9001};
  c.threads = 3;
  c.verifiers = 2;
  c.batch_delay_us = 1;
  c.max_in_flight = 7;
  c.stall_ms = 31;
  c.transfer_after_blocks = 640;
  c.serve_mb_per_s = 7;
  c.order_ms = 32;
  c.link_grace_ms = 33;
  c.new_view_ms = 34;
  c.retain_blocks = 12'345;
  c.max_connections = 99;
  c.max_connections_per_address = 98;
  c.max_sessions_per_client = 5;
  c.handshake_timeout_ms = 123;
  c.heartbeat_ms = 321;
  c.peer_queue_mb = 17;
  c.client_queue_mb = 18;
  c.write_buffer_mb = 19;
  c.block_cache_mb = 20;
  c.trace = "/var/lib/bourse/trace";
  c.trace_limit_mb = 21;
  c.log_level = "debug";
  write(file, to_toml(c));
  auto read = load_node_config(file);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->genesis.string(), (folder.path().parent_path() / "genesis.toml").string());
  CAF_CHECK_EQUAL(read->key.string(), (folder.path() / "key").string());
  CAF_CHECK_EQUAL(read->data.string(), "/var/lib/bourse");
  read->genesis = c.genesis;
  read->key = c.key;
  CAF_CHECK_EQUAL(to_toml(*read), to_toml(c));
}

CAF_TEST(left out keys have defaults) {
  write(file, "genesis = \"g\"\nkey = \"k\"\ndata = \"d\"\n");
  auto read = load_node_config(file);
  CAF_REQUIRE(read.has_value());
  node_config defaults;
  defaults.genesis = read->genesis;
  defaults.key = read->key;
  defaults.data = read->data;
  CAF_CHECK_EQUAL(to_toml(*read), to_toml(defaults));
}

CAF_TEST(every key of the written file has a comment) {
  auto text = to_toml(sample());
  std::string above = "#";
  std::size_t keys = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find('\n', at);
    auto line = text.substr(at, end - at);
    if (line.find(" = ") != std::string::npos && !line.starts_with('#')) {
      ++keys;
      CAF_CHECK(above.starts_with('#') || line.starts_with("clients ="));
    }
    above = line;
    at = end + 1;
  }
  CAF_CHECK_EQUAL(keys, 28u);
}

CAF_TEST(paths with quotes survive) {
  auto c = sample();
  c.data = "/a \"b\"\\c\n\td";
  write(file, to_toml(c));
  auto read = load_node_config(file);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->data.string(), c.data.string());
}

CAF_TEST(unknown keys are refused with file and line) {
  auto text = to_toml(sample());
  CAF_CHECK_EQUAL(problem("genesys = \"x\"\n"),
                  "node.toml:1: unknown key \"genesys\"; did you mean \"genesis\"?");
  CAF_CHECK(problem(replaced(text, "threads =", "thread ="))
                .ends_with("unknown key \"thread\" in [machine]; did you mean \"threads\"?"));
  CAF_CHECK(problem(text + "[netwrok]\n")
                .ends_with("unknown key \"netwrok\"; did you mean \"network\"?"));
}

CAF_TEST(missing and empty paths are refused) {
  CAF_CHECK_EQUAL(problem("genesis = \"g\"\nkey = \"k\"\n"), "node.toml:1: data: is missing");
  CAF_CHECK_EQUAL(problem("genesis = \"g\"\nkey = \"\"\ndata = \"d\"\n"),
                  "node.toml:2: key: must be a path");
  CAF_CHECK_EQUAL(problem(""), "node.toml:1: genesis: is missing");
}

CAF_TEST(values out of bounds are refused) {
  auto text = to_toml(sample());
  CAF_CHECK(problem(replaced(text, "max_in_flight = 4", "max_in_flight = 65"))
                .ends_with("[consensus] max_in_flight: must be a whole number from 1 to 64"));
  CAF_CHECK(
      problem(replaced(text, "log_level = \"info\"", "log_level = \"loud\""))
          .ends_with("log_level: must be one of trace, debug, info, warn, error, critical, off"));
  CAF_CHECK(problem(replaced(text, "peers = \"\"", "peers = \"x\""))
                .ends_with("[listen] peers: \"x\" has no port: write HOST:PORT, such as "
                           "\"127.0.0.1:7000\""));
  auto clash = replaced(text, "peers = \"\"", "peers = \"a:1\"");
  CAF_CHECK(
      problem(replaced(clash, "clients = \"\"", "clients = \"a:1\""))
          .ends_with("[listen] clients: must differ from peers: each listens at an address of its "
                     "own"));
  CAF_CHECK(problem(replaced(text, "[machine]", "[[machine]]"))
                .ends_with("machine: must be a table: [machine]"));
}

CAF_TEST(a missing file says so) {
  auto c = load_node_config(file);
  CAF_REQUIRE(!c.has_value());
  CAF_CHECK(c.error().code == errc::not_found);
}

CAF_TEST_FIXTURE_SCOPE_END()
