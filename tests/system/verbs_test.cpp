// The client verbs against four real processes, as a script would use them.
#define CAF_SUITE verbs
#include "tests/suite.hpp"

#include <filesystem>

#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct fixture {
  std::unique_ptr<app::temporary_network> network = start_network();
  std::string net = network->folder().string();
  temporary_folder folder;

  program_result call(std::vector<std::string> words, const std::string& client = "maker") const {
    words.insert(words.end(), {"--net", net, "--client", client, "--json"});
    return run(std::move(words));
  }

  /// Of a verb that must succeed.
  json get(std::vector<std::string> words, const std::string& client = "maker") const {
    auto result = call(std::move(words), client);
    if (result.code != 0)
      CAF_FAIL("exit code " << result.code << ": " << result.out << result.err);
    return result.json();
  }

  json place(const char* side, const char* quantity, const char* price, const char* name,
             const std::string& client = "maker") const {
    return get({"order", "place", side, quantity, "BTC-USD", "--price", price, "--order", name},
               client);
  }

  std::string balance(const std::string& client, const char* asset, const char* part) const {
    auto account = get({"account"}, client);
    for (auto& b : account["balances"])
      if (b["asset"] == asset)
        return b[part];
    return "none";
  }
};

/// The reports that an order got, as "kind quantity @ price, leaves" each.
std::vector<std::string> told(const json& placed) {
  std::vector<std::string> all;
  for (auto& r : placed["reports"])
    all.push_back(r["kind"].get<std::string>() + " " + r.value("quantity", "-") + " @ "
                  + r.value("price", "-") + ", " + r.value("leaves", "-"));
  return all;
}

using lines = std::vector<std::string>;

/// The tests are steps on one network, since one takes a while to start.
struct steps : fixture {
  void wrong_usage_is_not_sent() {
    CAF_CHECK_EQUAL(call({"order", "place", "buy", "1", "BTC-USD"}).code, 2);
    CAF_CHECK_EQUAL(call({"order", "cancel"}).code, 2);
    CAF_CHECK_EQUAL(call({"receipt", "get", "0"}).code, 2);
    CAF_CHECK_EQUAL(run({"ledger", "show"}).code, 2);
    CAF_CHECK_EQUAL(run({"status", "--net", net, "--timeout", "0"}).code, 2);
    CAF_CHECK_EQUAL(run({"odrer"}).code, 2);
    CAF_CHECK_EQUAL(part(get({"status"}), "/replicas/0/requests"), 0);
  }

  void an_order_lives_from_place_to_cancel() {
    auto placed = place("buy", "0.5", "236.47", "17");
    CAF_CHECK(told(placed) == lines{"accepted 0.5 @ 236.47, 0.5"});
    CAF_CHECK_EQUAL(placed["rejected"], false);
    CAF_CHECK_EQUAL(placed["submission"], 1);
    auto order = placed["reports"][0];
    CAF_CHECK_EQUAL(order["client"], "maker");
    CAF_CHECK_EQUAL(order["account"], "maker-0");
    CAF_CHECK_EQUAL(order["client_order"], 17);
    CAF_CHECK_EQUAL(order["number"], 1);

    auto book = get({"book", "BTC-USD"}, "taker");
    CAF_CHECK(book["bids"]
              == json::array({{{"price", "236.47"}, {"quantity", "0.5"}, {"orders", 1}}}));
    CAF_CHECK(book["asks"].empty());
    CAF_CHECK_EQUAL(book["proved"], true);
    CAF_CHECK(book["block"] >= placed["block"]);

    auto account = get({"account", "maker-0"});
    CAF_REQUIRE_EQUAL(account["orders"].size(), 1u);
    CAF_CHECK_EQUAL(account["orders"][0]["client_order"], 17);
    CAF_CHECK_EQUAL(account["orders"][0]["leaves"], "0.5");
    // 0.5 * 236.47, and the taker's fee of 10 basis points that it might have to pay.
    CAF_CHECK_EQUAL(balance("maker", "USD", "held"), "118.353235");
    CAF_CHECK_EQUAL(balance("maker", "USD", "free"), "9999881.646765");

    auto replaced = get(
        {"order", "replace", "17", "buy", "0.4", "BTC-USD", "--price", "236", "--new-order", "18"});
    CAF_CHECK(told(replaced) == lines{"replaced 0.4 @ 236.00, 0.4"});
    CAF_CHECK_EQUAL(part(get({"book", "BTC-USD"}), "/bids/0/price"), "236.00");

    auto cancelled = get({"order", "cancel", "18", "BTC-USD"});
    CAF_REQUIRE_EQUAL(cancelled["reports"].size(), 1u);
    CAF_CHECK_EQUAL(cancelled["reports"][0]["kind"], "cancelled");
    CAF_CHECK(get({"book", "BTC-USD"})["bids"].empty());
    CAF_CHECK_EQUAL(balance("maker", "USD", "held"), "0");

    auto again = call({"order", "cancel", "18", "BTC-USD"});
    CAF_CHECK_EQUAL(again.code, 1);
    CAF_CHECK_EQUAL(part(again.json(), "/rejected"), true);
    CAF_CHECK_EQUAL(part(again.json(), "/reports/0/reason"), "unknown_order");
  }

  void cancel_all_spares_others() {
    place("buy", "0.1", "100", "1");
    place("buy", "0.1", "101", "2");
    get({"order", "place", "buy", "1", "ETH-USD", "--price", "10", "--order", "3"});
    get({"order", "place", "buy", "0.1", "BTC-USD", "--price", "99", "--order", "4", "--account",
         "maker-1"});
    auto cancelled = get({"order", "cancel-all", "BTC-USD"});
    std::set<std::uint64_t> names;
    for (auto& r : cancelled["reports"])
      if (r["kind"] == "cancelled" && r.contains("client_order"))
        names.insert(r["client_order"].get<std::uint64_t>());
    CAF_CHECK(names == (std::set<std::uint64_t>{1, 2}));
    CAF_CHECK_EQUAL(part(get({"book", "BTC-USD"}), "/bids/0/price"), "99.00");
    CAF_CHECK_EQUAL(get({"book", "ETH-USD"})["bids"].size(), 1u);
    get({"order", "cancel-all"});
    CAF_CHECK(get({"book", "ETH-USD"})["bids"].empty());
  }

  void refusals_have_reasons() {
    auto poor = call({"order", "place", "buy", "400000", "BTC-USD", "--price", "236"});
    CAF_CHECK_EQUAL(poor.code, 1);
    CAF_CHECK_EQUAL(part(poor.json(), "/reports/0/reason"), "insufficient_funds");
    auto strange
        = call({"order", "place", "buy", "1", "BTC-USD", "--price", "236", "--account", "taker-0"});
    CAF_CHECK_EQUAL(strange.code, 1);
    CAF_CHECK_EQUAL(part(strange.json(), "/reports/0/reason"), "not_authorised");
    auto secret = call({"account", "taker-0"});
    CAF_CHECK_EQUAL(secret.code, 1);
    CAF_CHECK_EQUAL(part(secret.json(), "/error"), "not_authorised");
  }

  void a_trade_is_told_and_proved() {
    place("buy", "0.5", "236.47", "17");
    auto placed = place("sell", "0.2", "236", "7", "taker");
    CAF_CHECK(told(placed) == (lines{"accepted 0.2 @ 236.00, 0.2", "fill 0.2 @ 236.47, 0"}));
    auto fill = placed["reports"][1];
    CAF_CHECK_EQUAL(fill["role"], "taker");
    CAF_CHECK_EQUAL(fill["fee"], "0.047294");

    auto trades = get({"trades", "BTC-USD"})["trades"];
    CAF_REQUIRE_EQUAL(trades.size(), 1u);
    CAF_CHECK_EQUAL(trades[0]["trade"], fill["trade"]);
    CAF_CHECK_EQUAL(trades[0]["price"], "236.47");
    CAF_CHECK_EQUAL(trades[0]["quantity"], "0.2");
    CAF_CHECK_EQUAL(trades[0]["taker"], "sell");
    CAF_CHECK_EQUAL(balance("taker", "BTC", "free"), "19999.8");
    CAF_CHECK_EQUAL(balance("maker", "BTC", "free"), "50000.2");

    // The maker was told of it in report 2, and has a proof for others.
    auto file = (folder.path() / "trade.receipt").string();
    auto got = get({"receipt", "get", "2", "--output", file});
    CAF_CHECK_EQUAL(got["report"]["kind"], "fill");
    CAF_CHECK_EQUAL(got["report"]["role"], "maker");
    CAF_CHECK_EQUAL(got["report"]["leaves"], "0.3");
    CAF_CHECK_EQUAL(got["block"], placed["block"]);
    auto verify = [&](const std::string& receipt) {
      return run({"receipt", "verify", receipt, "--genesis", net + "/genesis.toml", "--json"});
    };
    auto verified = verify(file);
    CAF_CHECK_EQUAL(verified.code, 0);
    CAF_CHECK_EQUAL(part(verified.json(), "/genuine"), true);
    CAF_CHECK(verified.json()["report"] == got["report"]);
    CAF_CHECK(verified.json()["signers"].size() >= 2);
    auto bytes = read(file);
    bytes[bytes.size() / 2] ^= 1;
    write(file, bytes);
    CAF_CHECK_EQUAL(verify(file).code, 1);
    CAF_CHECK(verify(file).says(file + ": is damaged"));

    auto none = call({"receipt", "get", "99", "--output", file + "2"});
    CAF_CHECK_EQUAL(none.code, 1);
    CAF_CHECK_EQUAL(part(none.json(), "/error"), "not_found");
    CAF_CHECK(!std::filesystem::exists(file + "2"));
  }

  void ledgers_tell_the_same() {
    auto busy = run({"ledger", "show", net + "/node-0", "--json"});
    CAF_CHECK_EQUAL(busy.code, 0); // even while the node runs
    CAF_CHECK(all_agree(*network));
    network->stop_nodes();

    auto shown = run({"ledger", "show", net + "/node-1", "--json"}).json();
    CAF_CHECK_EQUAL(shown["last_committed"], 2);
    CAF_REQUIRE_EQUAL(shown["blocks"].size(), 2u);
    CAF_CHECK_EQUAL(shown["blocks"][0]["block"], 2);
    CAF_CHECK_EQUAL(shown["blocks"][0]["settlements"], 1);
    auto block = run({"ledger", "show", net + "/node-1", "--block", "2"});
    CAF_CHECK(block.out.find("taker sell") != std::string::npos);
    CAF_CHECK_EQUAL(run({"ledger", "show", net + "/node-1", "--block", "3"}).code, 1);

    auto verified = run({"ledger", "verify", net, "--json"});
    CAF_CHECK_EQUAL(verified.code, 0);
    CAF_REQUIRE_EQUAL(verified.json().size(), 4u);
    for (auto& ledger : verified.json()) {
      CAF_CHECK_EQUAL(ledger["good"], true);
      CAF_CHECK_EQUAL(ledger["executed"], 2);
      CAF_CHECK_EQUAL(ledger["trades"], 1);
      CAF_CHECK_EQUAL(ledger["supply"]["BTC"], "1370000");
      CAF_CHECK(ledger["state"] == verified.json()[0]["state"]);
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(verbs_tests, steps)

CAF_TEST(orders are placed and changed and cancelled) {
  wrong_usage_is_not_sent();
  an_order_lives_from_place_to_cancel();
  cancel_all_spares_others();
  refusals_have_reasons();
}

CAF_TEST(a trade is told to both sides and to everybody and proved) {
  a_trade_is_told_and_proved();
  ledgers_tell_the_same();
}

CAF_TEST(status tells of all four and what is down is unreachable) {
  place("buy", "0.1", "100", "1");
  CAF_CHECK(all_agree(*network));
  for (auto& s : status_of(*network)) {
    CAF_CHECK_EQUAL(s["executed"], 1);
    CAF_CHECK_EQUAL(s["requests"], 1);
    CAF_CHECK_EQUAL(s["primary"], 0);
  }

  network->node(3).kill();
  auto all = run({"status", "--net", net, "--json", "--timeout", "2"});
  CAF_CHECK_EQUAL(all.code, 0);
  CAF_CHECK(all.json()["replicas"][3].contains("error"));
  place("buy", "0.1", "100", "2"); // three are enough

  network->stop_nodes();
  auto down = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--net", net, "--json", "--timeout", "0.3"});
    return run(std::move(words));
  };
  for (auto& words :
       std::vector<lines>{{"order", "place", "buy", "1", "BTC-USD", "--price", "1"},
                          {"order", "replace", "1", "buy", "1", "BTC-USD", "--price", "1"},
                          {"order", "cancel", "1", "BTC-USD"},
                          {"order", "cancel-all"},
                          {"book", "BTC-USD"},
                          {"account"},
                          {"trades", "BTC-USD"},
                          {"receipt", "get", "1"}}) {
    auto result = down(words);
    CAF_CHECK_EQUAL(result.code, 3);
    CAF_CHECK_EQUAL(part(result.json(), "/error"), "unreachable");
    CAF_CHECK(result.says("0 of 4 replicas"));
  }
  CAF_CHECK_EQUAL(down({"status"}).code, 3);
}

CAF_TEST_FIXTURE_SCOPE_END()
