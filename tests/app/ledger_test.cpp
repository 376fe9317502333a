#define CAF_SUITE ledger
#include "tests/suite.hpp"

#include "app/ledger_comparison.hpp"
#include "storage/layout.hpp"
#include "storage/memory_store.hpp"
#include "tests/app/command.hpp"
#include "tests/app/stored_network.hpp"
#include "tests/storage/base_steps.hpp"

#include <nlohmann/json.hpp>

using namespace bourse::app;
using namespace bourse::messages;
using namespace bourse::tests;
namespace storage = bourse::storage;

namespace {

constexpr std::size_t block_count = 10;

/// A network of which one node has run.
struct fixture : stored_network {
  fixture() {
    ledger->write_blocks(*open(), block_count);
  }

  outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ledger");
    return bourse::tests::run(std::move(arguments));
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(ledger_tests, fixture)

CAF_TEST(a good ledger is found good from wherever it is named) {
  for (const auto& place : {node, node / "", node / "data", node / "data" / ""}) {
    auto result = run({"verify", place.string()});
    CAF_CHECK(result.code == exit_code::ok);
    CAF_CHECK_EQUAL(result.err, "");
    CAF_CHECK(result.out.starts_with("good " + (node / "data").string() + "\n"));
  }
}

CAF_TEST(scripts get JSON) {
  auto json = nlohmann::json::parse(run({"verify", node.string(), "--json"}).out);
  CAF_REQUIRE_EQUAL(json.size(), 1u);
  CAF_CHECK(json[0]["good"].get<bool>());
  CAF_CHECK_EQUAL(json[0]["executed"].get<std::uint64_t>(), block_count);
  CAF_CHECK_EQUAL(json[0]["replica"].get<int>(), 1);
  CAF_CHECK_EQUAL(json[0]["chain"].get<std::string>(),
                  to_hex(ledger->blocks().back().chain.view()));
}

CAF_TEST(a missing body is named with its block) {
  std::uint64_t bad = 1;
  while (ledger->blocks()[bad - 1].submissions.empty())
    ++bad;
  {
    auto s = open();
    storage::write_batch batch;
    auto name = ledger->blocks()[bad - 1].committed.certificate.what.digest;
    batch.erase(storage::family::bodies, storage::layout::bodies_key(sequence_number{bad}, name));
    CAF_REQUIRE(s->write(batch, storage::durability::synced).has_value());
  }
  auto result = run({"verify", node.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.out, ": block " + std::to_string(bad) + ": "));
  auto json = nlohmann::json::parse(run({"verify", node.string(), "--json"}).out);
  CAF_CHECK(!json[0]["good"].get<bool>());
  CAF_CHECK_EQUAL(json[0]["problem"]["block"].get<std::uint64_t>(), bad);
}

CAF_TEST(the ledger of another cluster is refused) {
  auto other = folder.path() / "other.toml";
  write(other, read(net / "genesis.toml") + "\n");
  auto result = run({"verify", node.string(), "--genesis", other.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.out, "bad " + (node / "data").string() + ": the ledger is of cluster "));
  auto shown = run({"show", node.string(), "--genesis", other.string()});
  CAF_CHECK(shown.code == exit_code::failed);
  CAF_CHECK(has(shown.err, (node / "data").string() + ": the ledger is of cluster "));
  CAF_CHECK_EQUAL(shown.out, "");
}

CAF_TEST(a flipped byte of the log is told with its place once) {
  for (const auto& file : std::filesystem::directory_iterator{node / "data"})
    if (file.path().extension() == ".log" && file.file_size() > 1000) {
      auto content = read(file.path());
      content[content.size() / 2] ^= 1;
      write(file.path(), content);
    }
  auto result = run({"verify", node.string()});
  CAF_CHECK(result.code == exit_code::failed);
  auto path = (node / "data").string();
  CAF_CHECK(result.out.starts_with("bad " + path));
  CAF_CHECK_EQUAL(result.out.find(path, result.out.find(path) + 1), std::string::npos);
}

CAF_TEST(a bad ledger of a network does not hide the others) {
  std::filesystem::copy(node, net / "node-0", std::filesystem::copy_options::recursive);
  std::filesystem::remove(net / "node-0" / "data" / "CURRENT");
  std::filesystem::create_directory(net / "node-2");
  std::filesystem::copy(node / "node.toml", net / "node-2");
  auto result = run({"verify", net.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.out, "bad " + (net / "node-0" / "data").string()));
  CAF_CHECK(has(result.out, "good " + (net / "node-1" / "data").string()));
  CAF_CHECK(has(result.out, "bad " + (net / "node-2" / "data").string()
                                + ": there is no ledger: the node has not run yet\n"));
  auto json = nlohmann::json::parse(run({"verify", net.string(), "--json"}).out);
  CAF_REQUIRE_EQUAL(json.size(), 3u);
  CAF_CHECK(!json[0]["good"].get<bool>() && json[1]["good"].get<bool>());
  CAF_CHECK_EQUAL(json[2]["problem"]["code"].get<std::string>(), "not_found");
}

CAF_TEST(a ledger without a genesis file near it needs one to be named) {
  auto far = folder.path() / "far";
  std::filesystem::rename(node / "data", far);
  auto result = run({"verify", far.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.err, "no genesis file was found near it; name one with --genesis"));
  CAF_CHECK(run({"verify", far.string(), "--genesis", (net / "genesis.toml").string()}).code
            == exit_code::ok);
  CAF_CHECK(run({"show", far.string(), "--block", "1"}).code == exit_code::ok);
}

CAF_TEST(what is no ledger is refused and left as it is) {
  auto empty = folder.path() / "empty";
  std::filesystem::create_directory(empty);
  for (auto verb : {"verify", "show"}) {
    auto genesis = (net / "genesis.toml").string();
    CAF_CHECK(run({verb, empty.string(), "--genesis", genesis}).code == exit_code::failed);
    CAF_CHECK(std::filesystem::is_empty(empty));
    auto missing = run({verb, (folder.path() / "none").string()});
    CAF_CHECK_EQUAL(missing.err,
                    "bourse: " + (folder.path() / "none").string() + ": no such folder\n");
  }
}

CAF_TEST(the newest blocks are shown) {
  auto result = run({"show", node.string(), "--last", "3"});
  CAF_CHECK(result.code == exit_code::ok);
  CAF_CHECK(has(result.out, "blocks up to 10, own checkpoint 8, stable checkpoint "));
  CAF_CHECK_EQUAL(std::count(result.out.begin(), result.out.end(), '\n'), 5);
  auto json = nlohmann::json::parse(run({"show", node.string(), "--json"}).out);
  CAF_CHECK_EQUAL(json["blocks"].size(), block_count);
  CAF_CHECK_EQUAL(json["blocks"][0]["block"].get<std::uint64_t>(), block_count);
  CAF_CHECK(json["blocks"][0]["commits"].size() >= 3);
}

CAF_TEST(proof of two proposals for one block is shown) {
  CAF_CHECK(!has(run({"show", node.string()}).out, "signed two proposals"));
  CAF_CHECK_EQUAL(
      nlohmann::json::parse(run({"show", node.string(), "--json"}).out)["evidence"].dump(), "[]");
  equivocation e;
  e.first = {view_number{6}, sequence_number{11}, hash("one")};
  e.second = {view_number{6}, sequence_number{11}, hash("other")};
  e.first_signature.assign(bytes(signature::size, 'a'));
  e.second_signature.assign(bytes(signature::size, 'b'));
  {
    auto s = open();
    storage::write_batch batch;
    append(batch, bourse::consensus::record{bourse::consensus::equivocation_record{e}});
    CAF_REQUIRE(s->write(batch, storage::durability::synced).has_value());
  }
  CAF_CHECK(has(run({"show", node.string()}).out,
                "\nThe primary of view 6 signed two proposals for block 11: "
                    + to_hex(hash("one").view()) + " and " + to_hex(hash("other").view()) + ".\n"));
  auto json = nlohmann::json::parse(run({"show", node.string(), "--json"}).out)["evidence"];
  CAF_REQUIRE_EQUAL(json.size(), 1u);
  CAF_CHECK_EQUAL(json[0]["view"], 6);
  CAF_CHECK_EQUAL(json[0]["block"], 11);
  CAF_REQUIRE_EQUAL(json[0]["proposals"].size(), 2u);
  CAF_CHECK_EQUAL(json[0]["proposals"][0]["digest"], to_hex(hash("one").view()));
  CAF_CHECK_EQUAL(json[0]["proposals"][1]["signature"], to_hex(e.second_signature.view()));
}

CAF_TEST(of a network one ledger must be named to be shown) {
  std::filesystem::copy(node, net / "node-0", std::filesystem::copy_options::recursive);
  auto result = run({"show", net.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.err, ": holds 2 ledgers; name one of them, such as "));
  CAF_CHECK(!has(run({"show", "--help"}).out, "whole network"));
  CAF_CHECK(has(run({"verify", "--help"}).out, "whole network"));
}

CAF_TEST(blocks that are not there are named) {
  {
    auto s = open();
    storage::write_batch batch;
    for (std::uint64_t n : {5, 7, 8})
      batch.erase(storage::family::blocks, storage::layout::sequence_key(sequence_number{n}));
    CAF_REQUIRE(s->write(batch, storage::durability::synced).has_value());
  }
  CAF_CHECK(
      has(run({"show", node.string(), "--last", "6"}).out, "\nNot stored here: 7 to 8, 5.\n"));
  auto json = nlohmann::json::parse(run({"show", node.string(), "--last", "6", "--json"}).out);
  CAF_CHECK_EQUAL(json["blocks"].size(), 3u);
  CAF_CHECK_EQUAL(json["missing"].dump(), R"([{"first":7,"last":8},{"first":5,"last":5}])");
}

CAF_TEST(a ledger says where its log begins) {
  {
    auto s = open();
    write_next_base(*s);
    prune(*s);
  }
  CAF_CHECK(
      has(run({"show", node.string()}).out, ": blocks from 9 (older ones are gone) up to 10"));
  auto json = nlohmann::json::parse(run({"show", node.string(), "--json"}).out);
  CAF_CHECK_EQUAL(json["first"], 9);
  CAF_CHECK_EQUAL(json["blocks"].size(), 2u);
  CAF_CHECK_EQUAL(json["missing"].size(), 0u);
  auto gone = run({"show", node.string(), "--block", "8"});
  CAF_CHECK(gone.code == exit_code::failed);
  CAF_CHECK(has(gone.err, "block 8 is gone: the log begins with block 9"));
  auto good = run({"verify", node.string()});
  CAF_CHECK(good.code == exit_code::ok);
  CAF_CHECK(has(good.out, "blocks 9 to 10, executed again from the state after block 8, which a "
                          "quorum signed"));
}

CAF_TEST(logs are compared from where both have begun) {
  auto s = open();
  storage::memory_disk disk;
  auto other = storage::open_memory_store(disk);
  fake_ledger same{7, [this](storage::audit_genesis& g) {
                     g = ledger->genesis();
                   }};
  CAF_REQUIRE(storage::open_for(*other, same.cluster(), fake_ledger::self).has_value());
  same.write_blocks(*other, 6);
  write_next_base(*other); // at 4
  same.write_blocks(*other, 4);
  prune(*other);
  for (bool turned : {false, true}) {
    auto found
        = turned ? compare_logs(*other, *s, same.last()) : compare_logs(*s, *other, same.last());
    CAF_REQUIRE(found.has_value());
    CAF_CHECK_EQUAL(found->first.value(), 5u);
    CAF_CHECK(!found->block);
  }
  storage::write_batch batch;
  auto changed = same.blocks()[6].committed;
  changed.block = same.blocks()[7].committed.block;
  append(batch, bourse::consensus::record{bourse::consensus::committed_record{changed}});
  CAF_REQUIRE(other->write(batch, storage::durability::synced).has_value());
  CAF_CHECK(compare_logs(*s, *other, same.last())->block == sequence_number{7});
  CAF_CHECK(compare_logs(*s, *other, same.last().next())->block == sequence_number{7});
}

CAF_TEST(one block is JSON in full) {
  for (std::uint64_t n = 1; n <= block_count; ++n) {
    auto& block = ledger->blocks()[n - 1];
    auto json = nlohmann::json::parse(
        run({"show", node.string(), "--block", std::to_string(n), "--json"}).out);
    auto& submissions = json["content"]["submissions"];
    CAF_REQUIRE_EQUAL(submissions.size(), block.submissions.size());
    CAF_CHECK_EQUAL(json["content"]["settlements"].size(), block.result->settlements.size());
    for (std::size_t i = 0; i < submissions.size(); ++i) {
      auto& content = block.submissions[i]->content;
      CAF_CHECK_EQUAL(submissions[i]["number"].get<std::uint64_t>(), content.number.value());
      CAF_REQUIRE_EQUAL(submissions[i]["requests"].size(), content.requests.size());
      for (auto& request : submissions[i]["requests"])
        CAF_CHECK(request["kind"].is_string() && request["account"].is_string());
    }
  }
}

CAF_TEST(one block is shown in full) {
  std::uint64_t n = 1;
  while (ledger->blocks()[n - 1].result->settlements.empty())
    ++n;
  auto result = run({"show", node.string(), "--block", std::to_string(n)});
  CAF_CHECK(result.code == exit_code::ok);
  CAF_CHECK(result.out.starts_with("block " + std::to_string(n) + ", 2023-11-14 22:13:"));
  CAF_CHECK(has(result.out, "submission of c"));
  CAF_CHECK(has(result.out, " for account a"));
  CAF_CHECK(has(result.out, " from ") && has(result.out, " to "));
  auto missing = run({"show", node.string(), "--block", "999"});
  CAF_CHECK(missing.code == exit_code::failed);
  CAF_CHECK_EQUAL(missing.err, "bourse: " + (node / "data").string() + ": there is no block 999\n");
}

CAF_TEST(a whole network is verified at once) {
  std::filesystem::rename(node, net / "node-0");
  CAF_CHECK(run({"verify", net.string()}).code == exit_code::ok);
  std::filesystem::create_directory(node);
  std::filesystem::copy(net / "node-0" / "node.toml", node);
  auto result = run({"verify", net.string()});
  CAF_CHECK(result.code == exit_code::failed);
  CAF_CHECK(has(result.out, "there is no ledger: the node has not run yet"));
}

CAF_TEST_FIXTURE_SCOPE_END()
