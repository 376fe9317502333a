// Real processes write traces: what they did is what PBFT allows, and a trace with one other digest
// is not.
#define CAF_SUITE conformance
#include "tests/suite.hpp"

#include "conformance/check.hpp"
#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::unique_ptr<app::temporary_network> network;

  fixture() {
    app::network_options o;
    o.net.node.trace = "trace"; // beside each node's file
    o.net.node.transfer_after_blocks = 128;
    network = start_network(std::move(o));
  }

  std::string trace(std::size_t i) const {
    return (network->data(i).parent_path() / "trace").string();
  }
  program_result check() const {
    std::vector<std::string> words{"conformance", "--json", "--genesis",
                                   (network->folder() / "genesis.toml").string()};
    for (std::size_t i = 0; i < network->size(); ++i)
      words.push_back(trace(i));
    return run(std::move(words), 300s);
  }
  std::uint64_t executed(std::size_t i) const {
    return status_of(*network)[i].value("executed", std::uint64_t{0});
  }
};

/// The same trace with another digest in one of its own votes.
bytes with_another_vote(const bytes& all) {
  auto reader = conformance::trace_reader::open(all);
  CAF_REQUIRE(reader);
  auto out = conformance::trace_header(reader->who());
  int votes = 0;
  for (auto next = reader->next(); next && *next; next = reader->next()) {
    if (auto* s = std::get_if<conformance::said>(&(*next)->what))
      if (auto* vote = std::get_if<commit>(&s->what); vote && ++votes == 20)
        vote->what.digest.data[7] ^= 1;
    out += conformance::trace_record((*next)->time_ns, (*next)->what);
  }
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(conformance_tests, fixture)

CAF_TEST(what nodes did that were killed and one that lost its disk is allowed) {
  trading busy{*network, 4};
  CAF_CHECK(busy.goes_on());
  network->node(0).kill(); // the primary
  CAF_CHECK(busy.goes_on());
  CAF_REQUIRE(network->start_nodes());
  CAF_CHECK(busy.until([&] { return executed(0) >= 400; }, 60s));
  CAF_REQUIRE(comes_back_without_disk(*network, busy, 3));
  CAF_CHECK(busy.goes_on());
  busy.stop();
  CAF_CHECK(all_agree(*network, 60s));
  network->stop_nodes();

  auto result = check();
  CAF_MESSAGE(result.out << result.err);
  CAF_CHECK_EQUAL(result.code, 0);
  auto json = result.json();
  CAF_CHECK(json.value("good", false));
  CAF_CHECK(json["blocks"].get<int>() > 400);
  CAF_CHECK_EQUAL(json["traces"].size(), 4u);
  CAF_CHECK_EQUAL(json["traces"][0]["starts"].get<int>(), 2);
  CAF_CHECK(json["traces"][3]["starts"].get<int>() >= 2);
  int changes = 0;
  for (const auto& t : json["traces"]) {
    CAF_CHECK(!t["full"].get<bool>());
    CAF_CHECK(t["said"].value("commit", 0) > 0);
    changes += t["said"].value("view_change", 0);
  }
  CAF_CHECK(changes > 0);

  write(trace(1), with_another_vote(read(trace(1))));
  result = check();
  CAF_CHECK_EQUAL(result.code, 1);
  json = result.json();
  CAF_CHECK(!json.value("good", true));
  CAF_CHECK(!json["traces"][1]["good"].get<bool>());
  CAF_CHECK(part(json["traces"][1], "/refused/step").get<std::string>().find("COMMIT")
            != std::string::npos);
  CAF_CHECK(json["traces"][0]["good"].get<bool>());
  auto words = run({"conformance", trace(1)}, 60s);
  CAF_CHECK_EQUAL(words.code, 1);
  CAF_CHECK(words.out.find("refused " + trace(1) + ": record ") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(what is no trace is refused with its name) {
  temporary_folder folder;
  auto file = (folder.path() / "x").string();
  CAF_CHECK_EQUAL(run({"conformance"}).code, 2);
  auto missing = run({"conformance", file});
  CAF_CHECK_EQUAL(missing.code, 1);
  CAF_CHECK(missing.says(file));
  CAF_CHECK(missing.says("[trace] file = "));
  write(file, "no trace at all");
  auto garbage = run({"conformance", file});
  CAF_CHECK_EQUAL(garbage.code, 1);
  CAF_CHECK(garbage.says(file + ": is no trace"));
  conformance::identity who{hash("c"), {4}, replica_id{1}, 64, 32};
  auto header = conformance::trace_header(who);
  write(file, header + "nine bytes or more");
  auto damaged = run({"conformance", file});
  CAF_CHECK_EQUAL(damaged.code, 1);
  CAF_CHECK(damaged.says(file + ": record 1 at byte 63 is damaged"));
  write(file, header);
  auto twice = run({"conformance", file, file});
  CAF_CHECK_EQUAL(twice.code, 1);
  CAF_CHECK(twice.says("replica 1"));
}

CAF_TEST(what is not checked is said) {
  temporary_folder folder;
  auto file = (folder.path() / "x").string();
  conformance::identity who{hash("c"), {4}, replica_id{1}, 64, 32};
  write(file, conformance::trace_header(who));
  auto nothing = run({"conformance", file});
  CAF_CHECK_EQUAL(nothing.code, 1);
  CAF_CHECK(nothing.out.find("nothing to check: " + file) != std::string::npos);
  CAF_CHECK(!run({"conformance", "--json", file}).json().value("good", true));

  conformance::started begin;
  begin.chain = who.cluster;
  auto started = conformance::trace_header(who) + conformance::trace_record(1, begin);
  write(file, started + conformance::trace_record(2, conformance::spoke{}).substr(0, 9));
  auto cut = run({"conformance", file});
  CAF_CHECK_EQUAL(cut.code, 0);
  CAF_CHECK(cut.out.find("9 bytes are no whole record") != std::string::npos);
  CAF_CHECK(cut.out.find("signatures were not checked: --genesis") != std::string::npos);
  auto json = run({"conformance", "--json", file}).json();
  CAF_CHECK(json["good"].get<bool>() && !json["signatures"].get<bool>());
  CAF_CHECK_EQUAL(part(json, "/traces/0/left_out_bytes"), 9);
}
