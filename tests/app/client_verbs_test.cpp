#define CAF_SUITE client_verbs
#include "tests/suite.hpp"

#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "tests/app/command.hpp"
#include "tests/config/files.hpp"

#include <nlohmann/json.hpp>

using namespace bourse::app;
using namespace bourse::tests;

namespace {

/// A network whose nodes do not run.
struct fixture {
  temporary_folder folder;
  std::string net = (folder.path() / "net").string();
  std::string out;
  std::string err;

  fixture() {
    bourse::config::testnet_options o;
    o.output = net;
    o.base_port = 0;
    o.market = bourse::config::sample_market();
    CAF_REQUIRE(bourse::config::write_testnet(o));
  }

  int run(std::vector<std::string> words, bool with_net = true) {
    if (with_net)
      words.insert(words.end(), {"--net", net, "--timeout", "0.3"});
    auto result = bourse::tests::run(std::move(words));
    out = std::move(result.out);
    err = std::move(result.err);
    return static_cast<int>(result.code);
  }

  bool err_says(const char* text) const {
    return err.find(text) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_verbs_tests, fixture)

CAF_TEST(what people mistype is told before anything is sent) {
  auto place = [&](const char* side, const char* quantity, const char* where, const char* price) {
    return run({"order", "place", side, quantity, where, "--price", price});
  };
  CAF_CHECK_EQUAL(place("buy", "0.5", "BTC-USD", "236.475"), 1);
  CAF_CHECK(err_says("price 236.475 is not on the tick 0.01 of BTC-USD"));
  CAF_CHECK_EQUAL(place("buy", "0.000000001", "BTC-USD", "1"), 1);
  CAF_CHECK(err_says("0.000000001"));
  CAF_CHECK_EQUAL(place("buy", "1", "BTC-US", "1"), 1);
  CAF_CHECK(err_says("did you mean \"BTC-USD\""));
  CAF_CHECK_EQUAL(run({"order", "cancel", "7", "XRP-USD"}), 1);
  CAF_CHECK(err_says("XRP-USD"));
  CAF_CHECK_EQUAL(run({"account", "taker-99"}), 1);
  CAF_CHECK(err_says("taker-99"));
  CAF_CHECK_EQUAL(run({"account", "takr-1"}), 1);
  CAF_CHECK(err_says("did you mean \"taker-1\"?"));
  CAF_CHECK_EQUAL(run({"account", "taker-1", "--client", "maker"}), 1);
  CAF_CHECK(err_says("account taker-1 belongs to client taker, and this is client maker"));
  CAF_CHECK_EQUAL(run({"account", "fees"}), 1);
  CAF_CHECK(err_says("account fees belongs to nobody"));
  CAF_CHECK_EQUAL(run({"account", "deposit", "taker-1", "1", "USB"}), 1);
  CAF_CHECK(err_says("USB"));
  CAF_CHECK_EQUAL(run({"account", "deposit", "taker-1", "0.00000000001", "USD"}), 1);
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--client", "nobody"}), 1);
  CAF_CHECK(err_says("nobody"));
}

CAF_TEST(options that do not fit together are wrong usage) {
  CAF_CHECK_EQUAL(run({"order", "place", "buy", "1", "BTC-USD"}), 2);
  CAF_CHECK(err_says("--price, or --market"));
  CAF_CHECK_EQUAL(run({"order", "place", "buy", "1", "BTC-USD", "--market"}), 2);
  CAF_CHECK(err_says("bourse: a market buy needs --max-spend"));
  CAF_CHECK_EQUAL(run({"order", "place", "sell", "1", "BTC-USD", "--market", "--max-spend", "9"}),
                  2);
  CAF_CHECK(err_says("--max-spend belongs to a market buy"));
  for (auto tif : {"post-only", "fok", "gtc"}) {
    CAF_CHECK_EQUAL(run({"order", "place", "sell", "1", "BTC-USD", "--market", "--tif", tif}), 2);
    CAF_CHECK(err_says("--market is immediate"));
  }
  CAF_CHECK_EQUAL(run({"order", "place", "sell", "1", "BTC-USD", "--price", "1", "--tif", "gtb"}),
                  2);
  CAF_CHECK(err_says("--expire-after"));
  CAF_CHECK_EQUAL(run({"order", "cancel", "7"}), 2);
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--genesis", net + "/genesis.toml"}), 2);
}

CAF_TEST(what no network would take is wrong usage) {
  auto place = [&](const char* side, const char* quantity, const char* option, const char* value) {
    return run({"order", "place", side, quantity, "BTC-USD", "--price", "1", option, value});
  };
  CAF_CHECK_EQUAL(place("by", "1", "--tif", "gtc"), 2);
  CAF_CHECK(err_says("bourse: SIDE: \"by\" is none of buy, sell"));
  CAF_CHECK_EQUAL(place("buy", "-1", "--tif", "gtc"), 2);
  CAF_CHECK(err_says("bourse: QUANTITY: \"-1\" is not a decimal number"));
  CAF_CHECK_EQUAL(place("buy", "0.00", "--tif", "gtc"), 2);
  CAF_CHECK(err_says("QUANTITY: must be more than 0"));
  CAF_CHECK_EQUAL(place("buy", "1", "--tif", "day"), 2);
  CAF_CHECK(err_says("--tif: \"day\" is none of gtc, ioc, fok, post-only, gtb"));
  CAF_CHECK_EQUAL(place("buy", "1", "--stp", "x"), 2);
  CAF_CHECK(err_says("--stp: \"x\" is none of taker, maker, both"));
  CAF_CHECK_EQUAL(place("buy", "1", "--order", "0"), 2);
  CAF_CHECK(err_says("--order: must be a whole number from 1 on, not 0"));
  CAF_CHECK_EQUAL(run({"receipt", "get", "0"}), 2);
  CAF_CHECK(err_says("REPORT: must be a whole number from 1 on, not 0"));
  CAF_CHECK_EQUAL(run({"trades", "BTC-USD", "--limit", "0"}), 2);
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--depth", "0"}), 2);
  CAF_CHECK_EQUAL(run({"account", "withdraw", "taker-0", "-5", "USD"}), 2);
  CAF_CHECK_EQUAL(run({"order", "dead-man"}), 2);
  CAF_CHECK_EQUAL(run({"order", "dead-man", "--seconds", "-1"}), 2);
}

CAF_TEST(without a network the verbs ask for one) {
  CAF_CHECK_EQUAL(run({"book", "BTC-USD"}, false), 2);
  CAF_CHECK(err_says("--net DIR"));
  CAF_CHECK_EQUAL(run({"account"}, false), 2);
  CAF_CHECK_EQUAL(run({"account", "deposit", "taker-0", "1", "USD"}, false), 2);
  CAF_CHECK_EQUAL(run({"status", "--json"}, false), 2);
  CAF_CHECK_EQUAL(nlohmann::json::parse(out)["error"].get<std::string>(), "usage");
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--net", "nowhere"}, false), 1);
  CAF_CHECK(err_says("nowhere"));
}

CAF_TEST(if too few replicas answer the exit code is 3) {
  CAF_CHECK_EQUAL(run({"order", "place", "buy", "1", "BTC-USD", "--price", "100"}), 3);
  CAF_CHECK(err_says("0 of 4 replicas can be reached, and it takes 2"));
  CAF_CHECK(!err_says("may still execute")); // nothing was sent
  CAF_CHECK_EQUAL(run({"order", "cancel-all"}), 3);
  CAF_CHECK_EQUAL(run({"book", "BTC-USD"}), 3);
  CAF_CHECK(err_says("0 of 4 replicas answered"));
  CAF_CHECK_EQUAL(run({"trades", "BTC-USD"}), 3);
  CAF_CHECK_EQUAL(run({"account"}), 3);
  CAF_CHECK_EQUAL(run({"account", "deposit", "taker-0", "1", "USD"}), 3);
  CAF_CHECK_EQUAL(run({"order", "dead-man", "--seconds", "0.5"}), 3);
  CAF_CHECK_EQUAL(run({"receipt", "get", "1"}), 3);
  CAF_CHECK_EQUAL(run({"status", "--json"}), 3);
  auto status = nlohmann::json::parse(out);
  CAF_REQUIRE_EQUAL(status["replicas"].size(), 4u);
  CAF_CHECK(status["replicas"][3]["error"].is_string());
}

CAF_TEST(whether a replica leads is asked of that replica) {
  CAF_CHECK_EQUAL(run({"is-leader", "--replica", "0"}), 3);
  CAF_CHECK(err_says("replica 0 does not answer"));
  CAF_CHECK_EQUAL(run({"is-leader", "--replica", "4"}), 1); // other networks have a replica 4
  CAF_CHECK(err_says("replicas 0 to 3"));
  CAF_CHECK_EQUAL(run({"is-leader"}), 2);
}

CAF_TEST(a genesis file and a key are enough) {
  auto key = net + "/clients/taker.key";
  auto genesis = net + "/genesis.toml";
  CAF_CHECK_EQUAL(
      run({"book", "BTC-USD", "--genesis", genesis, "--key", key, "--timeout", "0.2"}, false), 3);
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--genesis", genesis, "--key", net + "/node-0/key",
                       "--timeout", "0.2"},
                      false),
                  1);
  CAF_CHECK(err_says("names no client with the key"));
}

CAF_TEST_FIXTURE_SCOPE_END()
