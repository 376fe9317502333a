#define CAF_SUITE ledger_explain
#include "tests/suite.hpp"

#include "storage/layout.hpp"
#include "tests/app/command.hpp"
#include "tests/app/stored_network.hpp"
#include "tests/storage/base_steps.hpp"

#include <nlohmann/json.hpp>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;
namespace storage = bourse::storage;
namespace layout = bourse::storage::layout;
using bourse::fairness::name_of;

namespace {

/// Blocks of four requests; clients c0 to c3 act for accounts a0 to a3.
struct fixture : stored_network {
  fixture()
      : stored_network([](storage::audit_genesis& g) {
          g.rules.submissions.max_requests = 4;
          g.rules.blocks.max_requests = 4;
          g.rules.order.high_value_requests = 1;
          g.rules.instruments[0].high_value = amount{1000};
        }) {}

  submission_ptr order(std::uint32_t client, std::uint8_t stream, std::uint64_t number,
                       std::uint64_t name, bool maker = false, std::int64_t lots = 1) const {
    place p;
    p.account = account_id{client + 1};
    p.client_order = client_order_id{name};
    p.side = side::buy;
    p.price = price{90};
    p.quantity = quantity{lots};
    p.tif = maker ? time_in_force::post_only : time_in_force::good_till_cancel;
    return ledger->make({client_id{client}, stream_id{stream}, submission_number{number}}, {p});
  }
  /// All stamp it, one microsecond after the other.
  static fake_ledger::stamping at(submission_ptr s, std::uint64_t us) {
    return {std::move(s), {us, us + 1, us + 2, us + 3}};
  }
  void write_block(std::vector<fake_ledger::stamping> all, std::size_t reporters = 4) {
    ledger->write_stamped(*open(), std::move(all), reporters);
  }
  /// Four orders of makers, on four streams of c3; and `other`, if there is one.
  void write_full_block(std::uint64_t number, const submission_ptr& other = nullptr) {
    std::vector<fake_ledger::stamping> all;
    if (other)
      all.push_back(at(other, 100));
    for (std::uint8_t s = 0; s < 4; ++s)
      all.push_back(at(order(3, s, number, 100 * number + s, true), 5000 + 10 * s));
    write_block(all);
  }

  void put(storage::family f, const bytes& key, bytes payload) {
    storage::write_batch batch;
    batch.put(f, key, layout::seal(f, key, std::move(payload)));
    CAF_REQUIRE(open()->write(batch, storage::durability::synced).has_value());
  }

  outcome explain(const std::string& name, bool json = false) const {
    std::vector<std::string> words{"ledger", "explain", name, node.string()};
    if (json)
      words.emplace_back("--json");
    return run(words);
  }
  nlohmann::json facts(const std::string& name) const {
    auto result = explain(name, true);
    if (result.code != exit_code::ok)
      CAF_FAIL(result.out << result.err);
    auto json = nlohmann::json::parse(result.out);
    CAF_CHECK(json["verified"].get<bool>());
    return json;
  }
};

bool has(const std::string& text, const std::string& part) {
  auto found = text.find(part) != std::string::npos;
  if (!found)
    CAF_MESSAGE("no \"" << part << "\" in\n" << text);
  return found;
}

std::string name_of(const nlohmann::json& entry) {
  return entry["client"].get<std::string>() + "/" + entry["stream"].dump() + "/"
         + entry["number"].dump();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(ledger_explain_tests, fixture)

CAF_TEST(an order in the middle has its stamps and the reasons of its neighbours) {
  auto start = ledger->now().value();
  write_block({at(order(0, 0, 1, 7), 100),
               {order(1, 0, 1, 7), {250, 240, 0, 9000}},
               at(order(2, 0, 1, 7), 300)},
              3);
  auto json = facts("c1/0/1");
  CAF_CHECK_EQUAL(json["place"], 2);
  CAF_CHECK_EQUAL(json["in"]["block"], 1);
  CAF_CHECK_EQUAL(json["in"]["commits"].dump(), "[0,1,2]");
  CAF_CHECK_EQUAL(json["in"]["time_us"], ledger->now().value());
  auto& heads = json["in"]["heads"];
  CAF_REQUIRE_EQUAL(heads.size(), 4u);
  CAF_CHECK(heads[0]["reaches"].get<bool>() && heads[0]["named"].get<bool>());
  CAF_CHECK(!heads[3]["reaches"].get<bool>() && heads[3]["report"] == 0);
  auto& stamps = json["order"]["stamps"];
  CAF_REQUIRE_EQUAL(stamps.size(), 2u);
  CAF_CHECK_EQUAL(stamps[0]["replica"], 1);
  CAF_CHECK_EQUAL(stamps[0]["time_us"], start + 240);
  CAF_CHECK_EQUAL(stamps[1]["replica"], 0);
  CAF_CHECK_EQUAL(stamps[1]["report"], 1);
  CAF_CHECK_EQUAL(stamps[1]["committed_in"], 1);
  CAF_CHECK_EQUAL(json["order"]["time_us"], start + 250);
  CAF_CHECK_EQUAL(json["order"]["effective_lane"], 4);
  CAF_CHECK_EQUAL(name_of(json["before"]), "c0/0/1");
  CAF_CHECK_EQUAL(name_of(json["after"]), "c2/0/1");
  CAF_CHECK_EQUAL(json["after"]["stamps"].size(), 3u);
  CAF_CHECK(has(json["before"]["why"], "rank is equal, and "));
  auto text = explain("c1/0/1").out;
  CAF_CHECK(text.starts_with("verified c1/0/1 is number 2 of the 3 that block 1 executes\n"));
  CAF_CHECK(has(text, " for account a1, order 7\n"));
  CAF_CHECK(has(text, "executed again from the genesis up to block 1: "));
  CAF_CHECK(has(text, "Block 1, committed in view 0 by replicas 0, 1, 2. Its time is 2023-11-14"));
  CAF_CHECK(has(text, "\nNext before it is c0/0/1:\nrank is equal, and "));
  CAF_CHECK(has(text, "\nNext after it is c2/0/1:\n"));
}

CAF_TEST(the first and the last of a block have one neighbour) {
  write_block({at(order(0, 0, 1, 7), 100), at(order(1, 0, 1, 7, true), 200)});
  auto first = facts("c1/0/1");
  CAF_CHECK(first["before"].is_null());
  CAF_CHECK_EQUAL(first["after"]["why"], "lane 2 (makers) goes before lane 4 (all others)");
  CAF_CHECK(has(explain("c1/0/1").out, "\nNothing comes before it.\n"));
  auto last = facts("c0/0/1");
  CAF_CHECK(last["after"].is_null());
  CAF_CHECK_EQUAL(last["before"]["why"], first["after"]["why"]);
  CAF_CHECK(has(explain("c0/0/1").out, "\nNothing comes after it in this block.\n"));
}

CAF_TEST(orders are known by three names) {
  write_block({at(order(0, 0, 1, 7), 100), at(order(1, 0, 1, 8), 200), at(order(1, 0, 2, 9), 300)});
  for (auto name : {"c1/0/2", "a1/9", "1.3"})
    CAF_CHECK_EQUAL(name_of(facts(name)["order"]), "c1/0/2");
  for (auto name : {"c1/0/2/1", "c1", "1", "a1/0", "a1/x", "/0/1", "c1/16/1", "0.1", "1.65536", "",
                    "1.2.3", "c1//1"}) {
    auto result = explain(name);
    CAF_CHECK(result.code == exit_code::usage);
    CAF_CHECK(has(result.err, "must be CLIENT/STREAM/NUMBER"));
  }
  for (auto [name, what] : {std::pair{"nobody/0/1", "nobody"}, {"nobody/1", "nobody"}}) {
    auto result = explain(name);
    CAF_CHECK(result.code == exit_code::failed);
    CAF_CHECK(has(result.err, what));
  }
  auto help = run({"ledger", "explain", "--help"});
  CAF_CHECK(has(help.out, "bourse ledger explain taker/0/3 net/node-0"));
}

CAF_TEST(a name that was used again is told with its submissions) {
  write_block({at(order(1, 0, 1, 7), 100)});
  write_block({at(order(1, 2, 1, 7), 100)});
  auto result = explain("a1/7");
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.err, "there is more than one a1/7; name one of them: c1/0/1 (block 1), "
                            "c1/2/1 (block 2)\n"));
}

CAF_TEST(what the cut left over has its stamps from earlier blocks) {
  std::vector<fake_ledger::stamping> all;
  for (std::uint8_t s = 0; s < 6; ++s)
    all.push_back(at(order(1, s, 1, 10 + s), 100 + 100 * s));
  write_block(all);
  write_block({at(order(2, 0, 1, 7), 100)});
  auto json = facts("c1/5/1");
  CAF_CHECK_EQUAL(json["block"], 2);
  CAF_CHECK_EQUAL(json["place"], 2);
  CAF_CHECK_EQUAL(json["left_over_by"].dump(), "[1]");
  CAF_CHECK_EQUAL(json["order"]["stamps"][0]["committed_in"], 1);
  CAF_CHECK_EQUAL(json["order"]["stamps"][0]["report"], 1);
  CAF_CHECK_EQUAL(json["after"]["stamps"][0]["committed_in"], 2);
  CAF_CHECK(has(explain("c1/5/1").out, "one block left it over, from block 1 to block 1."));
  auto full = facts("c1/3/1");
  CAF_CHECK_EQUAL(full["in"]["left_over"], 2);
  CAF_CHECK_EQUAL(name_of(full["first_left_over"]), "c1/4/1");
  CAF_CHECK(has(explain("c1/3/1").out, "The block was full: 2 more were ready and stay behind the "
                                       "cut. First of them is\nc1/4/1, "));
}

CAF_TEST(one that waited tells for which number) {
  auto start = ledger->now().value();
  write_block(
      {at(order(0, 0, 1, 1), 300), at(order(0, 0, 2, 2, true), 100), at(order(1, 0, 1, 3), 200)});
  auto json = facts("c0/0/2");
  CAF_CHECK_EQUAL(json["place"], 3);
  CAF_CHECK_EQUAL(json["order"]["time_us"], start + 101);
  CAF_CHECK_EQUAL(json["order"]["effective_time_us"], start + 301);
  CAF_CHECK_EQUAL(json["order"]["time_from"], 1);
  CAF_CHECK_EQUAL(json["order"]["lane"], 2);
  CAF_CHECK_EQUAL(json["order"]["effective_lane"], 4);
  CAF_CHECK_EQUAL(json["order"]["lane_from"], 1);
  CAF_CHECK_EQUAL(json["before"]["why"], "they are of one stream, and number 1 goes before 2");
  auto text = explain("c0/0/2").out;
  CAF_CHECK(has(text, "It waited for number 1 of its stream, whose time this is.\n"));
  CAF_CHECK(has(text, "By itself it has lane 2 (makers); number 1 before it in its stream has lane "
                      "4 (all others).\n"));
}

CAF_TEST(one in the quarter for aged ones says so) {
  for (std::uint64_t n = 1; n <= 3; ++n)
    write_full_block(n, n == 1 ? order(0, 0, 1, 1) : nullptr);
  auto json = facts("c0/0/1");
  CAF_CHECK_EQUAL(json["block"], 3);
  CAF_CHECK_EQUAL(json["place"], 4);
  CAF_CHECK_EQUAL(json["left_over_by"].dump(), "[1,2]");
  CAF_CHECK_EQUAL(json["order"]["rank"], "aged");
  CAF_CHECK(json["order"]["aged"].get<bool>() && json["order"]["reserved"].get<bool>());
  CAF_CHECK_EQUAL(json["before"]["why"],
                  "lane 2 (makers) goes before age (two blocks or more left it over)");
  CAF_CHECK_EQUAL(name_of(json["first_left_over"]), "c3/3/3");
  auto text = explain("c0/0/1").out;
  CAF_CHECK(has(text, "2 blocks left it over, from block 1 to block 2.\n"));
  CAF_CHECK(has(text, "It is in the quarter of the block that is kept for aged ones of any lane."));
}

CAF_TEST(the quota of high value is told) {
  write_block({at(order(0, 0, 1, 1), 100), at(order(1, 0, 1, 2, false, 50), 200),
               at(order(2, 0, 1, 3, false, 50), 300)});
  auto within = facts("a1/2");
  CAF_CHECK_EQUAL(within["place"], 1);
  CAF_CHECK_EQUAL(within["order"]["rank"], "high_value");
  CAF_CHECK_EQUAL(within["after"]["why"], "lane 3 (high value) goes before lane 4 (all others)");
  auto beyond = facts("a2/3");
  CAF_CHECK_EQUAL(beyond["place"], 3);
  CAF_CHECK_EQUAL(beyond["order"]["effective_lane"], 3);
  CAF_CHECK_EQUAL(beyond["order"]["rank"], "others");
  CAF_CHECK(has(explain("a2/3").out,
                "It ranks by lane 4, since the block has its quota of lane 3 (high value), at "));
}

CAF_TEST(ties go by a hash) {
  write_block(
      {{order(0, 0, 1, 1), {100, 200, 300, 400}}, {order(1, 0, 1, 2), {201, 199, 200, 500}}});
  CAF_CHECK(
      has(facts("1.1")["after"]["why"], "of the hashes of cluster, block time and client's "));
  CAF_CHECK(facts("1.1")["order"]["tie"] < facts("1.2")["order"]["tie"]);
}

CAF_TEST(forged stamps and signatures on the disk are found) {
  write_block({at(order(0, 0, 1, 7), 100)});
  write_block({at(order(1, 0, 1, 7), 100)});
  write_block({at(order(2, 0, 1, 7), 100)});
  auto& block = ledger->blocks()[1];
  auto refused = [&](const std::string& why) {
    auto result = explain("c1/0/1");
    CAF_CHECK(result.code == exit_code::failed);
    CAF_CHECK(has(result.out, "not verified c1/0/1: " + (node / "data").string()
                                  + " has it in block 2, but block 2 is bad: " + why));
    auto json = explain("c1/0/1", true);
    CAF_CHECK(json.code == exit_code::failed);
    auto facts = nlohmann::json::parse(json.out);
    CAF_CHECK(!facts["verified"].get<bool>() && !facts.contains("order"));
    CAF_CHECK_EQUAL(facts["problem"]["block"], 2);
    CAF_CHECK(explain("c2/0/1").code == exit_code::failed); // rests on it
    CAF_CHECK(explain("c0/0/1").code == exit_code::ok);     // does not
  };
  auto& report = *block.reports[2];
  auto key = layout::chain_key(name_of(report));
  auto put_report = [&](const signed_report& r) {
    put(storage::family::stamps, key, layout::packer{}.fixed(r.signature).raw(r.body).take());
  };
  auto forged = report.source;
  forged.signature.data[7] ^= 1;
  put_report(forged);
  refused("report 2 of replica 2: ");
  auto content = report.content;
  content.stamps[0].time = stamp_time{content.stamps[0].time.value() - 50};
  forged = report.source;
  forged.body = encode(content);
  put_report(forged);
  refused("");
  put_report(report.source);
  facts("c1/0/1");
  auto put_block = [&](const committed_block& b) {
    storage::write_batch batch;
    append(batch, bourse::consensus::record{bourse::consensus::committed_record{b}});
    CAF_REQUIRE(open()->write(batch, storage::durability::synced).has_value());
  };
  auto committed = block.committed;
  committed.certificate.commits[1].signature.data[0] ^= 1;
  put_block(committed);
  refused("the commit certificate is not valid");
  committed.certificate.commits.pop_back();
  put_block(committed);
  refused("the commit certificate is not valid");
  put_block(block.committed);
  facts("c1/0/1");
}

CAF_TEST(an order under which another body was executed is void) {
  write_block({at(order(1, 0, 1, 8), 200), at(order(1, 0, 1, 9), 100)});
  facts("a1/9");
  auto result = explain("a1/8");
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.err, "a1/8 is void: another body was executed under its number; see c1/0/1 "
                            "(block 1)\n"));
}

CAF_TEST(what is not there is told from what waits) {
  write_block({at(order(0, 0, 1, 7), 100), {order(1, 0, 1, 8), {500, 0, 0, 0}}});
  auto result = explain("c0/0/2");
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK_EQUAL(result.err, "bourse: " + (node / "data").string()
                                  + ": there is no c0/0/2 in blocks 1 to 1\n");
  CAF_CHECK(has(explain("2.1").err, "there is no 2.1 in blocks 1 to 1"));
  CAF_CHECK(has(explain("1.2").err, "there is no 1.2 in blocks 1 to 1"));
  for (auto name : {"c1/0/1", "a1/8"}) {
    result = explain(name, true);
    CAF_CHECK(result.code == exit_code::failed);
    CAF_CHECK_EQUAL(nlohmann::json::parse(result.out)["error"].get<std::string>(), "not_found");
    CAF_CHECK(has(result.err, "waits and has no place yet"));
  }
}

CAF_TEST(a log that begins late proves what it has) {
  for (std::uint64_t n = 1; n <= 3; ++n)
    write_full_block(n);
  std::vector<fake_ledger::stamping> all;
  for (std::uint8_t s = 0; s < 6; ++s)
    all.push_back(at(order(1, s, 1, 10 + s), 100 + 100 * s));
  write_block(all);
  {
    auto s = open();
    write_next_base(*s);
    prune(*s);
  }
  write_block({at(order(2, 0, 1, 7), 100)});
  auto json = facts("c1/5/1");
  CAF_CHECK_EQUAL(json["base"], 4);
  CAF_CHECK(json["order"]["stamps"][0]["report"].is_null());
  CAF_CHECK_EQUAL(json["after"]["stamps"][0]["report"], 5);
  auto text = explain("c1/5/1").out;
  CAF_CHECK(has(text, "executed again from the state after block 4, which a quorum signed, up to "
                      "block 5: "));
  CAF_CHECK(has(text, "the state after block 4\n"));
  auto gone = explain("c1/0/1");
  CAF_CHECK(gone.code == exit_code::failed);
  CAF_CHECK(has(gone.err, "there is no c1/0/1 in blocks 5 to 5, and older ones are gone here: ask "
                          "the ledger of a node that keeps more"));
  auto json_gone = explain("a1/10", true);
  CAF_CHECK_EQUAL(nlohmann::json::parse(json_gone.out)["error"].get<std::string>(), "pruned");
}

CAF_TEST(one ledger is named and its genesis file is near) {
  write_block({at(order(0, 0, 1, 7), 100)});
  std::filesystem::copy(node, net / "node-0", std::filesystem::copy_options::recursive);
  CAF_CHECK(has(run({"ledger", "explain", "c0/0/1", net.string()}).err,
                ": holds 2 ledgers; name one of them, such as "));
  auto far = folder.path() / "far";
  std::filesystem::rename(node / "data", far);
  CAF_CHECK(has(run({"ledger", "explain", "c0/0/1", far.string()}).err,
                "no genesis file was found near it; name one with --genesis"));
  CAF_CHECK(run({"ledger", "explain", "c0/0/1", far.string(), "--genesis",
                 (net / "genesis.toml").string()})
                .code
            == exit_code::ok);
}

CAF_TEST_FIXTURE_SCOPE_END()
