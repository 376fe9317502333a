#define CAF_SUITE receipt
#include "tests/suite.hpp"

#include "app/receipt_file.hpp"
#include "app/report_text.hpp"
#include "config/keys.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "messages/merkle.hpp"
#include "tests/app/command.hpp"
#include "tests/config/files.hpp"

#include <nlohmann/json.hpp>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;

namespace {

report sample_report() {
  report r;
  r.number = report_number{12};
  r.client = client_id{4};
  r.account = account_id{15};
  r.kind = report_kind::fill;
  r.order = order_id{(9ULL << 16) + 3};
  r.client_order = client_order_id{65595247};
  r.side = side::buy;
  r.role = role::maker;
  r.price = price{23647};
  r.quantity = quantity{50000000};
  r.leaves = quantity{150000000};
  r.trade = trade_id{(9ULL << 24) + 5};
  r.fee = amount{591'175'000};
  return r;
}

/// A network's files and a receipt of it that two of its four replicas signed.
struct fixture {
  fixture() {
    init_crypto();
    bourse::config::testnet_options o;
    o.output = net;
    o.market = bourse::config::sample_market();
    auto g = bourse::config::write_testnet(o);
    CAF_REQUIRE(g.has_value());
    r.cluster = g->cluster();
    r.report = encode(sample_report());
    std::vector<digest> leaves{merkle_leaf("another"), merkle_leaf(r.report), merkle_leaf("third")};
    r.index = 1;
    r.count = 3;
    r.path = merkle_path(leaves, 1);
    r.what = {sequence_number{9}, hash("block"), merkle_root(leaves)};
    for (std::uint16_t i : {1, 3}) {
      auto key = bourse::config::load_key(net / ("node-" + std::to_string(i)) / "key");
      CAF_REQUIRE(key.has_value());
      r.signatures.push_back(
          {replica_id{i}, key->sign(purpose::results, r.cluster, signed_bytes(r.what))});
    }
    CAF_REQUIRE(write_receipt(file, r).has_value());
  }

  temporary_folder folder;
  std::filesystem::path net = folder.path() / "net";
  std::filesystem::path file = folder.path() / "receipt";
  receipt r;

  outcome verify(bool json = false) {
    std::vector<std::string> arguments{"receipt", "verify", file.string(), "--genesis",
                                       (net / "genesis.toml").string()};
    if (json)
      arguments.emplace_back("--json");
    return run(std::move(arguments));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(receipt_tests, fixture)

CAF_TEST(a good receipt is explained) {
  auto result = verify();
  CAF_CHECK(result.code == exit_code::ok);
  CAF_CHECK_EQUAL(result.err, "");
  CAF_CHECK(result.out.find("is genuine: signed by replicas 1, 3 of 4, where 2 are enough")
            != std::string::npos);
  CAF_CHECK(result.out.find("In block 9, report 12 of client trader:\n"
                            "  fill: bought 0.5 BTC-USD at 236.47 for account bids, as maker, fee "
                            "0.0591175 USD, order 65595247, 1.5 left open, trade 9.5\n")
            != std::string::npos);
}

CAF_TEST(scripts get JSON) {
  auto json = nlohmann::json::parse(verify(true).out);
  CAF_CHECK(json["genuine"].get<bool>());
  CAF_CHECK_EQUAL(json["report"]["price"].get<std::string>(), "236.47");
  CAF_CHECK_EQUAL(json["report"]["order"].get<std::string>(), "9.3");
  CAF_CHECK_EQUAL(json["report"]["fee_asset"].get<std::string>(), "USD");
  CAF_CHECK_EQUAL(json["report"]["fee"].get<std::string>(), "0.0591175");
  CAF_CHECK_EQUAL(json["signers"].size(), 2u);
}

CAF_TEST(any changed byte is refused) {
  auto good = read(file);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= static_cast<char>(1 << i % 8);
    write(file, bad);
    refused += verify().code == exit_code::failed ? 1 : 0;
  }
  CAF_CHECK_EQUAL(refused, good.size());
}

CAF_TEST(a cut or lengthened receipt is refused) {
  auto good = read(file);
  for (std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{17}, std::size_t{40}, good.size() - 1}) {
    write(file, good.substr(0, size));
    CAF_CHECK(verify().code == exit_code::failed);
  }
  write(file, good + "x");
  CAF_CHECK(verify().code == exit_code::failed);
  write(file, good + std::string(2 << 20, 'x'));
  CAF_CHECK_EQUAL(verify().err, "bourse: " + file.string() + ": is no receipt\n");
}

CAF_TEST(a forged receipt with a good checksum is refused) {
  auto forged = sample_report();
  forged.quantity = quantity{1};
  r.report = encode(forged);
  CAF_REQUIRE(write_receipt(file, r).has_value());
  auto result = verify();
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK_EQUAL(result.err,
                  "bourse: " + file.string()
                      + ": proves nothing: the report is not among the results that the "
                        "replicas signed\n");
}

CAF_TEST(reports from elsewhere are shown without their names) {
  auto strange = sample_report();
  strange.instrument = instrument_id{77};
  strange.account = account_id{1000000};
  strange.kind = static_cast<report_kind>(99);
  strange.price = price{INT64_MIN};
  CAF_CHECK_EQUAL(to_text(strange, bourse::config::sample_market()),
                  "unknown_kind: buy 50000000 lots #77 at -9223372036854775808 ticks for account "
                  "#1000000, as maker, order 65595247, 150000000 lots left open");
}

CAF_TEST(reports without an order are short) {
  report x;
  x.kind = report_kind::rejected;
  x.why = reason::unknown_order;
  x.account = account_id{16};
  x.client_order = client_order_id{5};
  auto rules = bourse::config::sample_market();
  CAF_CHECK_EQUAL(to_text(x, rules), "rejected (unknown_order): for account asks, order 5");
  CAF_CHECK(!to_json(x, rules).contains("side"));
}

CAF_TEST_FIXTURE_SCOPE_END()
