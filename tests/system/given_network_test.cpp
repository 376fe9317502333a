#define CAF_SUITE given_network
#include "tests/suite.hpp"

#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "app/load_target.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::tests;

namespace {

/// Four real processes, which the program is told of by --net.
struct fixture {
  std::unique_ptr<app::load_target> network;
  temporary_folder folder;
  std::string out;
  std::string err;

  fixture() {
    app::target_options options;
    options.program = BOURSE_PROGRAM;
    auto opened = app::load_target::open(options);
    if (!opened)
      CAF_FAIL(to_string(opened.error()));
    network = std::move(*opened);
  }

  std::string file(const char* name) const {
    return (folder.path() / name).string();
  }

  int run(const std::string& words) {
    auto command = std::string(BOURSE_PROGRAM) + " " + words + " --net "
                   + network->folder().string() + " > " + file("out") + " 2> " + file("err");
    auto status = std::system(command.c_str());
    out = read(file("out"));
    err = read(file("err"));
    return WEXITSTATUS(status);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(given_network_tests, fixture)

CAF_TEST(a replay wants an empty book) {
  auto flow = file("flow.csv");
  write(flow, "id,timestamp,exchange.timestamp,price,volume,action,direction\n"
              "1,1,1,100.00,100000000,created,bid\n"
              "2,2,2,100.00,40000000,created,ask\n"
              "9,3,3,100.00,5,deleted,ask\n");
  CAF_CHECK_EQUAL(run("replay " + flow), 0);
  CAF_MESSAGE(out << err);
  CAF_CHECK_NOT_EQUAL(out.find("1 trade of 0.4 BTC together\n"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(out.find("1 cancel of orders that were gone"), std::string::npos);
  CAF_CHECK_NOT_EQUAL(out.find("states of all replicas: equal at block "), std::string::npos);
  CAF_CHECK_EQUAL(run("replay " + flow), 1); // the first left 0.6 BTC in the book
  CAF_CHECK_EQUAL(out, "");
  CAF_CHECK_NOT_EQUAL(err.find("is not empty"), std::string::npos);
}

CAF_TEST(a bench says what would repeat it and where the data lies) {
  CAF_CHECK_EQUAL(run("bench --duration 1 --in-flight 256 --seed 7 --json --page ''"), 0);
  auto report = nlohmann::json::parse(out, nullptr, false);
  CAF_REQUIRE(report.is_object());
  CAF_CHECK_EQUAL(report["command"].get<std::string>(),
                  "bourse bench --net " + network->folder().string()
                      + " --duration 1 --orders-per-signature 64 --seed 7 --in-flight 256");
  CAF_CHECK_NOT_EQUAL(report["filesystem"].get<std::string>(), "unknown (--net)");
}

CAF_TEST(the treasurer moves assets and others may not) {
  CAF_CHECK_EQUAL(run("account deposit taker-0 1.5 BTC"), 0);
  CAF_CHECK_EQUAL(run("account withdraw taker-0 0.25 BTC"), 0);
  CAF_CHECK_EQUAL(run("account taker-0 --client taker --json"), 0);
  auto account = nlohmann::json::parse(out, nullptr, false);
  CAF_CHECK(account["proved"].get<bool>());
  CAF_CHECK_EQUAL(account["balances"][1]["free"].get<std::string>(), "20001.25");
  CAF_CHECK_EQUAL(run("account deposit taker-0 1 BTC --client taker"), 1);
  CAF_CHECK_NOT_EQUAL(out.find("not_authorised"), std::string::npos);
}

CAF_TEST(status shows what waits and that nothing is wrong) {
  CAF_CHECK_EQUAL(run("order dead-man --seconds 60 --client maker"), 0);
  CAF_CHECK_EQUAL(run("status"), 0);
  CAF_CHECK_NOT_EQUAL(out.find("WAITING"), std::string::npos);
  CAF_CHECK_EQUAL(out.find("NOTHING IS EXECUTED"), std::string::npos);
  CAF_CHECK_EQUAL(run("status --json"), 0);
  CAF_CHECK(!nlohmann::json::parse(out)["stalled"].get<bool>());
}

CAF_TEST_FIXTURE_SCOPE_END()
