#define CAF_SUITE genesis
#include "tests/suite.hpp"

#include "config/decimal.hpp"
#include "config/genesis.hpp"
#include "config/sample_market.hpp"
#include "messages/crypto.hpp"
#include "tests/config/files.hpp"

#include <array>
#include <sstream>

using namespace bourse::config;
using namespace bourse::tests;

namespace {

/// The sample market with four replicas and keys from fixed seeds.
genesis sample() {
  init_crypto();
  std::array<std::uint8_t, 32> seed{};
  auto next_key = [&seed] {
    ++seed[0];
    return key_pair::from_seed(seed).identity();
  };
  genesis g;
  g.market = sample_market();
  for (std::uint16_t i = 0; i < 4; ++i) {
    auto port = static_cast<std::uint16_t>(7000 + 2 * i);
    auto clients = static_cast<std::uint16_t>(port + 1);
    g.replicas.push_back({next_key(), {"127.0.0.1", port}, {"127.0.0.1", clients}});
  }
  for (auto& client : g.market.clients)
    client.key = next_key();
  return g;
}

const std::string good = to_toml(sample());

std::string problem(const std::string& text) {
  auto g = parse_genesis(text, "genesis.toml");
  return g ? "none" : g.error().detail;
}

/// The number of the first line that has `part`.
std::string line_of(const std::string& text, const std::string& part) {
  auto at = text.find(part);
  CAF_REQUIRE(at != std::string::npos);
  return std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
}

/// Replaces `from` by `to`, and checks that the file is then refused with that complaint at the
/// line of the replacement.
void check_refused(const std::string& from, const std::string& to, const std::string& complaint) {
  auto text = replaced(good, from, to);
  auto line = 1 + std::count(good.begin(), good.begin() + static_cast<long>(good.find(from)), '\n');
  CAF_CHECK_EQUAL(problem(text), "genesis.toml:" + std::to_string(line) + ": " + complaint);
}

} // namespace

CAF_TEST(what is written is read back to the same values) {
  auto wanted = sample();
  wanted.window = 60;
  wanted.checkpoint_interval = 20;
  wanted.market.blocks = {777, 200'000};
  wanted.market.order = {37, 99, 1234, 56'789};
  wanted.market.submissions = {33, 4444};
  wanted.market.stream_window = 9;
  wanted.market.stream_window_bytes = 98'765;
  wanted.market.max_open_orders = 12'345;
  wanted.market.max_account_orders = 54'321;
  wanted.market.fee_account = account_id{3};
  wanted.market.instruments[1].high_value = amount{INT64_MAX};
  auto text = to_toml(wanted);
  auto g = parse_genesis(text, "genesis.toml");
  CAF_REQUIRE(g.has_value());
  CAF_CHECK_EQUAL(to_toml(*g), text);
  CAF_CHECK_EQUAL(g->window, 60u);
  CAF_CHECK_EQUAL(g->checkpoint_interval, 20u);
  CAF_CHECK_EQUAL(g->market.blocks.max_requests, 777u);
  CAF_CHECK_EQUAL(g->market.order.grid_ms, 37u);
  CAF_CHECK_EQUAL(g->market.order.high_value_requests, 99u);
  CAF_CHECK_EQUAL(g->market.order.max_stamps, 1234u);
  CAF_CHECK_EQUAL(g->market.order.max_open_stamps, 56'789u);
  CAF_CHECK_EQUAL(g->market.submissions.max_bytes, 4444u);
  CAF_CHECK_EQUAL(g->market.stream_window_bytes, 98'765u);
  CAF_CHECK_EQUAL(g->market.max_account_orders, 54'321u);
  CAF_CHECK(g->market.fee_account == account_id{3});
  CAF_CHECK(g->market.instruments[1].high_value == amount{INT64_MAX});
  CAF_CHECK(g->market.instruments[0].high_value == wanted.market.instruments[0].high_value);
  CAF_CHECK_EQUAL(g->market.instruments[0].tick_lot_units, 1);
  CAF_CHECK_EQUAL(g->market.instruments[1].tick_lot_units, 10'000);
  CAF_CHECK_EQUAL(g->market.instruments[1].lot_units, 10'000);
  CAF_CHECK(g->replicas[2].key == wanted.replicas[2].key);
  CAF_CHECK(g->replicas[3].clients == wanted.replicas[3].clients);
  CAF_CHECK(g->market.clients[4].accounts == wanted.market.clients[4].accounts);
  CAF_CHECK(g->market.clients[2].liquidator);
  CAF_CHECK(g->market.clients[3].treasurer);
}

CAF_TEST(the cluster is the hash of the file byte for byte) {
  auto g = parse_genesis(good, "genesis.toml");
  CAF_REQUIRE(g.has_value());
  CAF_CHECK(g->cluster() == hash(good));
  auto other = parse_genesis(good + "\n", "genesis.toml");
  CAF_REQUIRE(other.has_value());
  CAF_CHECK(g->cluster() != other->cluster());
}

CAF_TEST(every key of the written file has a comment) {
  // A key is explained by a comment right above it, or by one above the tables of its kind.
  for (auto key : {"format", "fee_account", "window", "checkpoint_interval", "submission_requests",
                   "submission_bytes", "block_requests", "block_bytes", "grid_ms",
                   "high_value_requests", "report_stamps", "open_stamps", "stream_window",
                   "stream_window_bytes", "open_orders", "account_open_orders"}) {
    auto at = good.find("\n" + std::string{key} + " = ");
    CAF_REQUIRE(at != std::string::npos);
    CAF_CHECK_EQUAL(good[good.rfind('\n', at - 1) + 1], '#');
  }
  for (auto help : {"#   key: ", "#   peers: ", "#   clients: ", "#   name: ", "#   decimals: ",
                    "#   base, quote: ", "#   tick: ", "#   lot: ",
                    "#   maker_fee_bp, taker_fee_bp: ", "#   high_value: ", "#   balances: ",
                    "#   accounts: ", "#   liquidator: ", "#   treasurer: "})
    CAF_CHECK(good.find(help) != std::string::npos);
}

CAF_TEST(unknown keys are refused with the nearest one) {
  check_refused("window =", "windou =",
                "unknown key \"windou\" in [consensus]; did you mean "
                "\"window\"?");
  check_refused("tick =", "tik =", "unknown key \"tik\" in [[instrument]]; did you mean \"tick\"?");
  check_refused(
      "fee_account =", "fee_acount =", "unknown key \"fee_acount\"; did you mean \"fee_account\"?");
  check_refused("decimals =", "something_else = 1\ndecimals =",
                "unknown key \"something_else\" in [[asset]]; the keys are name, decimals");
  check_refused("[limits]", "[limitz]", "unknown key \"limitz\"; did you mean \"limits\"?");
  // What blocks had while their primary chose a time.
  check_refused("grid_ms =", "clock_skew_ms =",
                "unknown key \"clock_skew_ms\" in [limits]; the keys are submission_requests, "
                "submission_bytes, block_requests, block_bytes, grid_ms, high_value_requests, "
                "report_stamps, open_stamps, stream_window, stream_window_bytes, open_orders, "
                "account_open_orders");
}

CAF_TEST(limits that are left out have the values of the example) {
  auto text = good;
  for (auto key : {"grid_ms", "high_value_requests", "report_stamps", "open_stamps"}) {
    auto at = text.find("\n" + std::string{key} + " = ");
    CAF_REQUIRE(at != std::string::npos);
    text.erase(at, text.find('\n', at + 1) - at);
  }
  auto g = parse_genesis(text, "genesis.toml");
  CAF_REQUIRE(g.has_value());
  CAF_CHECK_EQUAL(to_toml(*g), good);
}

CAF_TEST(bad TOML is refused at its line) {
  CAF_CHECK(problem("a = 1\nb = \n").starts_with("genesis.toml:2: "));
  CAF_CHECK(problem("format = 1\nformat = 1\n").starts_with("genesis.toml:2: "));
  CAF_CHECK(problem(std::string(100000, '[')).starts_with("genesis.toml:1: "));
  CAF_CHECK(problem("\xff\xfe").starts_with("genesis.toml:1: "));
  CAF_CHECK(problem("").starts_with("genesis.toml:1: "));
}

CAF_TEST(the format must be known) {
  check_refused("format = 1", "format = 2", "format: this program reads format 1");
  check_refused("format = 1", "format = \"1\"",
                "format: must be a whole number from 0 to 9223372036854775807");
}

CAF_TEST(numbers have bounds) {
  check_refused("window = 64", "window = 65",
                "[consensus] window: must be a whole number from 1 to 64");
  check_refused("window = 64", "window = 0",
                "[consensus] window: must be a whole number from 1 to 64");
  check_refused("window = 64", "window = -64",
                "[consensus] window: must be a whole number from 1 to 64");
  check_refused("window = 64", "window = 6.4",
                "[consensus] window: must be a whole number from 1 to 64");
  check_refused("window = 64", "window = 63",
                "[consensus] window: must be a multiple of checkpoint_interval, 32");
  check_refused("maker_fee_bp = 5", "maker_fee_bp = -5",
                "[[instrument]] maker_fee_bp: must be a whole number from 0 to 10000");
  check_refused("decimals = 10", "decimals = 19",
                "[[asset]] decimals: must be a whole number from 0 to 18");
  check_refused("submission_requests = 256", "submission_requests = 2000",
                "[limits] submission_requests: must not be more than block_requests, 1000");
  check_refused("submission_bytes = 32768", "submission_bytes = 4294967297",
                "[limits] submission_bytes: must be a whole number from 256 to 524288");
  for (auto value : {"0", "1001", "20.0"})
    check_refused("grid_ms = 20", std::string{"grid_ms = "} + value,
                  "[limits] grid_ms: must be a whole number from 1 to 1000");
  for (auto value : {"-1", "65536"})
    check_refused("high_value_requests = 250", std::string{"high_value_requests = "} + value,
                  "[limits] high_value_requests: must be a whole number from 0 to 65535");
  for (auto value : {"15", "32769"})
    check_refused("report_stamps = 4096", std::string{"report_stamps = "} + value,
                  "[limits] report_stamps: must be a whole number from 16 to 32768");
  for (auto value : {"1023", "16777217"})
    check_refused("open_stamps = 262144", std::string{"open_stamps = "} + value,
                  "[limits] open_stamps: must be a whole number from 1024 to 16777216");
}

CAF_TEST(the number of replicas must be 3f+1) {
  auto text = good;
  auto second = text.find("[[replica]]", text.find("[[replica]]") + 1);
  auto third = text.find("[[replica]]", second + 1);
  text.erase(second, third - second);
  CAF_CHECK_EQUAL(problem(text), "genesis.toml:" + line_of(text, "[[replica]]")
                                     + ": replica: there are 3, but the number of replicas must be "
                                       "3f+1 (4, 7, 10, ..., at most 1000): f of them may fail");
}

CAF_TEST(each replica and client needs a key of its own) {
  auto g = sample();
  auto first = to_hex(g.replicas[0].key.view());
  check_refused(to_hex(g.replicas[2].key.view()), first,
                "[[replica]] key: replica 2 has the same key as replica 0; each needs its own");
  check_refused(to_hex(g.market.clients[1].key.view()), first,
                "[[client]] key: client taker has the same key as replica 0; each needs its own");
}

CAF_TEST(what is no public key is refused and not repeated) {
  auto key = to_hex(sample().replicas[1].key.view());
  auto complaint = "[[replica]] key: is not an Ed25519 public key of 64 hexadecimal digits; "
                   "`bourse keygen` prints one";
  check_refused(key, "", complaint);
  check_refused(key, key + "00", complaint);
  check_refused(key, key.substr(1), complaint);
  check_refused(key, "x" + key.substr(1), complaint);
  check_refused(key, std::string(64, '0'), complaint); // a point of small order
  check_refused(key, std::string(64, 'f'), complaint); // no point at all
}

CAF_TEST(each address stands once) {
  check_refused(
      "clients = \"127.0.0.1:7003\"", "clients = \"127.0.0.1:7000\"",
      "[[replica]] clients: clients of replica 1 has the same address as peers of replica 0: "
      "127.0.0.1:7000");
  check_refused("peers = \"127.0.0.1:7004\"", "peers = \"127.0.0.1:0\"",
                "[[replica]] peers: needs a port other than 0: others must know where to connect");
  check_refused("peers = \"127.0.0.1:7004\"", "peers = \"127.0.0.1\"",
                "[[replica]] peers: \"127.0.0.1\" has no port: write HOST:PORT, such as "
                "\"127.0.0.1:7000\"");
}

CAF_TEST(references must lead somewhere) {
  check_refused("base = \"BTC\"", "base = \"BCT\"",
                "[[instrument]] base: there is no asset named \"BCT\"; did you mean \"BTC\"?");
  check_refused("quote = \"USD\"", "quote = \"BTC\"",
                "[[instrument]] quote: must be another asset than base");
  check_refused("fee_account = \"fees\"", "fee_account = \"fee\"",
                "fee_account: there is no account named \"fee\"; did you mean \"fees\"?");
  check_refused("\"taker-3\", ", "\"teker-33\", ",
                "[[client]] accounts: there is no account named \"teker-33\"; did you mean "
                "\"taker-3\"?");
  check_refused("\"taker-3\", ", "\"taker-2\", ",
                "[[client]] accounts: one account is named twice");
  check_refused("\"ETH\" = \"500000\"", "\"EHT\" = \"500000\"",
                "[[account]] balances: there is no asset named \"EHT\"; did you mean \"ETH\"?");
}

CAF_TEST(names are unique and well formed) {
  check_refused("name = \"maker-1\"", "name = \"maker-0\"",
                "[[account]] name: there are two accounts named maker-0");
  for (auto bad : {"", ".", "../x", "-x", "a b", "\\u0000", "\xc3\xa4"})
    check_refused("name = \"maker-1\"", "name = \"" + std::string{bad} + "\"",
                  "[[account]] name: must be 1 to 64 letters, digits, and - _ . between them");
  // What is missing has no line of its own: that of its table is named.
  check_refused("[[account]]\nname = \"maker-1\"", "[[account]]", "[[account]] name: is missing");
  check_refused("name = \"maker-1\"", "name = 1", "[[account]] name: must be a text in quotes");
}

CAF_TEST(ticks and lots must divide into units) {
  check_refused(
      "tick = \"0.01\"", "tick = \"0.001\"",
      "[[instrument]] tick: a lot of 0.00000001 at a price of one tick, 0.001, costs a part "
      "of USD's smallest unit, 10^-10: give USD 11 decimals, or make tick or lot larger");
  CAF_CHECK(problem(replaced(good, "lot = \"0.00000001\"", "lot = \"0.000000001\""))
                .find("lot 0.000000001 is not a whole number of BTC's smallest units")
            != std::string::npos);
  check_refused("tick = \"0.01\"", "tick = 0.01", "[[instrument]] tick: must be a text in quotes");
}

CAF_TEST(balances and thresholds are exact amounts) {
  check_refused(
      "\"ETH\" = \"500000\"", "\"ETH\" = \"0.000000001\"",
      "[[account]] balances: amount of ETH: \"0.000000001\" has more than 8 digits behind the "
      "point");
  check_refused(
      "\"ETH\" = \"500000\"", "\"ETH\" = \"-1\"",
      "[[account]] balances: amount of ETH: \"-1\" is not a decimal number such as \"12\" or "
      "\"0.05\"");
  check_refused("\"ETH\" = \"500000\"", "\"ETH\" = 500000",
                "[[account]] balances: ETH must be a decimal number in quotes");
  check_refused(
      "high_value = \"100000\"", "high_value = \"0\"",
      "[[instrument]] high_value: must be more than 0; leave it out if no order is of high "
      "value");
}

CAF_TEST(all of an asset together must fit an amount) {
  auto text = replaced(good, "\"USD\" = \"300000000\"", "\"USD\" = \"920000000\"");
  CAF_CHECK(problem(text).find("all accounts together own more USD than the largest amount, "
                               "922337203.6854775807")
            != std::string::npos);
}

CAF_TEST(whole sections must be there) {
  for (auto [kind, part] : {std::pair{"[[asset]]", "asset: "},
                            {"[[instrument]]", "instrument: "},
                            {"[[account]]", "account: "},
                            {"[[client]]", "client: "}}) {
    auto text = good;
    for (auto at = text.find(kind); at != std::string::npos; at = text.find(kind)) {
      auto end = text.find("[[", at + 2);
      text.erase(at, end == std::string::npos ? end : end - at);
    }
    auto found = problem(text);
    CAF_CHECK(found.starts_with("genesis.toml:"));
    if (std::string{kind} != "[[asset]]" && std::string{kind} != "[[account]]")
      CAF_CHECK(found.find(part) != std::string::npos);
  }
  CAF_CHECK_EQUAL(problem(replaced(good, "[consensus]", "[[consensus]]")).substr(0, 13),
                  "genesis.toml:");
}

CAF_TEST(what this reader takes the market can work with) {
  // Every value of the file, one after the other, replaced by what might slip through.
  std::istringstream list{R"(0
1
2
18
10000
65535
65536
4294967295
9223372036854775807
true
[]
{}
""
"0"
"1"
"0.01"
"9223372036854775807"
"92233720368.54775807"
"0.000000000000000001"
"USD"
"BTC"
{ USD = "92233720368547758.07", BTC = "0" }
["maker-0", "maker-1"]
["maker-1", "maker-0"])"};
  std::vector<std::string> values;
  for (std::string value; std::getline(list, value);)
    values.push_back(value);
  std::size_t taken = 0;
  std::size_t unfit = 0;
  for (auto at = good.find(" = "); at != std::string::npos; at = good.find(" = ", at + 1)) {
    auto end = good.find('\n', at);
    auto begin = good.rfind('\n', at) + 1;
    if (good[begin] == '#' || good.find('{', begin) < at)
      continue; // a comment, or inside an inline table
    for (const auto& value : values) {
      auto text = good.substr(0, at + 3) + value + good.substr(end);
      auto g = parse_genesis(text, "genesis.toml");
      if (!g)
        continue;
      ++taken;
      unfit += !bourse::market::check_rules(g->market);
    }
  }
  CAF_CHECK(taken > 50);
  CAF_CHECK_EQUAL(unfit, 0u);
}

CAF_TEST(a file that is not there says so) {
  temporary_folder folder;
  auto missing = load_genesis(folder.path() / "genesis.toml");
  CAF_REQUIRE(!missing.has_value());
  CAF_CHECK(missing.error().code == errc::not_found);
  CAF_CHECK_EQUAL(missing.error().detail,
                  (folder.path() / "genesis.toml").string() + ": no such file");
  auto directory = load_genesis(folder.path());
  CAF_REQUIRE(!directory.has_value());
  CAF_CHECK(directory.error().code == errc::io_failed);
}

CAF_TEST(addresses have a host and a port) {
  CAF_CHECK(parse_endpoint("127.0.0.1:7000") == endpoint({"127.0.0.1", 7000}));
  CAF_CHECK(parse_endpoint("[::1]:7000") == endpoint({"::1", 7000}));
  CAF_CHECK(parse_endpoint("node-1.example:1") == endpoint({"node-1.example", 1}));
  CAF_CHECK_EQUAL(to_string(endpoint{"::1", 7}), "[::1]:7");
  CAF_CHECK_EQUAL(to_string(endpoint{"localhost", 7}), "localhost:7");
  for (auto bad : {"", ":", ":1", "a", "a:", "a:x", "a:65536", "a:-1", "a: 1", "a b:1", "::1:1",
                   "[]:1", "[::1]", "a/b:1", "a:1:2"})
    CAF_CHECK(!parse_endpoint(bad));
}
