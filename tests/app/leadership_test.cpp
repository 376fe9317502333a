#define CAF_SUITE leadership
#include "tests/suite.hpp"

#include "app/leadership.hpp"
#include "app/leadership_text.hpp"

using namespace bourse::app;
using bourse::messages::cluster_size;
using nlohmann::json;

namespace {

const cluster_size four{4};

replica_status in_view(std::uint64_t view, std::uint64_t executed = 0) {
  replica_status s;
  s.answered = true;
  s.in_view = true;
  s.view = view;
  s.executed = executed;
  return s;
}

/// A copy: what CAF's checks are given outlives no temporary list.
std::string first(const std::vector<std::string>& all) {
  return all.at(0);
}

std::vector<std::string> waits(const char* view_change, const char* slots = "[]") {
  return waits_of(json::parse(std::string{R"({"replica": 1, "executed": 7, "parts": {)"}
                              + R"("view_change": )" + view_change + R"(, "consensus": )"
                              + R"({"open_slots": )" + slots + "}}}"),
                  four);
}

} // namespace

CAF_TEST(it takes more than one to say who leads) {
  CAF_CHECK(!who_leads({in_view(0), in_view(5), {}, {}}, four));
  auto l = who_leads({in_view(0), in_view(5), in_view(0), in_view(0)}, four);
  CAF_REQUIRE(l);
  CAF_CHECK_EQUAL(l->view, 0u);
  CAF_CHECK_EQUAL(l->said_by, 3u);
  l = who_leads({in_view(0), in_view(5), in_view(5), in_view(0)}, four);
  CAF_REQUIRE(l);
  CAF_CHECK_EQUAL(l->view, 5u);
  CAF_CHECK_EQUAL(l->leader, 1u);
}

CAF_TEST(who waits for a view is not in it) {
  auto waiting = in_view(3);
  waiting.in_view = false;
  CAF_CHECK(!who_leads({waiting, waiting, waiting, in_view(3)}, four));
}

CAF_TEST(anything may stand in a status) {
  for (const char* text : {"null", "[]", "7", "\"up\"", "{}", R"({"parts": 3, "view": -1})",
                           R"({"parts": {"view_change": {"view": "x", "wishes": 3}}})",
                           R"({"view": 1, "parts": {"consensus": {"open_slots": [3, null]}}})"}) {
    auto status = json::parse(text);
    CAF_CHECK(!read_status(status).in_view);
    waits_of(status, four);
    CAF_CHECK(!last_view_change_of(status));
  }
}

CAF_TEST(what a newcomer waits for is named) {
  auto of = [](const char* members) {
    auto status = json::parse(std::string{R"({"view": 0, "executed": 7, )"} + members + "}");
    status["parts"]["view_change"] = {{"view", 0}, {"in_view", true}};
    auto texts = waits_of(status, four);
    return texts.size() == 1 ? texts[0] : std::to_string(texts.size()) + " texts";
  };
  CAF_CHECK_EQUAL(of(R"("silent": {"heard": [0, 1, 2], "new_too": [], "until_stable": 640})"),
                  "a stable checkpoint at or above block 640: its database is new, so it says "
                  "nothing till then");
  CAF_CHECK_EQUAL(of(R"("silent": {"heard": [0], "new_too": [2, 1]})"),
                  "others: its database is new, and it has heard of 1 that take part and 2 as new, "
                  "not of 3");
  CAF_CHECK_EQUAL(of(R"("parts": {"transfer": {"phase": "looking"}})"),
                  "a replica that gives it a state");
  CAF_CHECK_EQUAL(of(R"("parts": {"transfer": {"phase": "fetching", "target": 9, "pages_fetched": 3,
                     "pages_missing": 4}})"),
                  "the state at block 9: 3 pages are fetched, 4 missing so far");
  CAF_CHECK_EQUAL(of(R"("parts": {"transfer": {"phase": "idle"}})"), "0 texts");
}

CAF_TEST(what is waited for is named) {
  CAF_CHECK(waits(R"({"view": 2, "in_view": true, "wishes": [2, 2, 2, 2]})").empty());
  auto texts = waits(R"({"view": 0, "in_view": true, "wishes": [0, 1, 0, 1]})",
                     R"([{"sequence": 8, "proposed": true, "prepares": 1, "commits": 0}])");
  CAF_REQUIRE_EQUAL(texts.size(), 2u);
  CAF_CHECK_EQUAL(texts[0], "wishes to leave view 0: 2 of 3 are here");
  CAF_CHECK_EQUAL(texts[1], "prepares of block 8: 1 of 2 are here");
  const char* there = R"({"view": 0, "in_view": true})";
  CAF_CHECK_EQUAL(first(waits(there, R"([{"sequence": 8, "proposed": false}])")),
                  "the proposal of block 8");
  CAF_CHECK_EQUAL(
      first(waits(there, R"([{"sequence": 8, "proposed": true, "prepares": 3, "commits": 2}])")),
      "commits of block 8: 2 of 3 are here");
  CAF_CHECK_EQUAL(first(waits(R"({"view": 1, "in_view": false, "view_changes_held": 2})")),
                  "VIEW-CHANGEs of view 1: 2 of 3 are here");
  CAF_CHECK_EQUAL(first(waits(R"({"view": 2, "in_view": false})")), "the NEW-VIEW of view 2");
}

CAF_TEST(the last view change is told with its cause) {
  auto last = last_view_change_of(json::parse(
      R"({"parts": {"view_change": {"last_view_change_ms": 41, "last_suspicion": "it hangs"}}})"));
  CAF_REQUIRE(last);
  CAF_CHECK_EQUAL(last->ms, 41.0);
  CAF_CHECK_EQUAL(last->why, "it hangs");
}

CAF_TEST(status tells who leads and who is behind) {
  auto replica = [](int id, int view, int executed) {
    return json::parse(R"({"replica": )" + std::to_string(id) + R"(, "executed": )"
                       + std::to_string(executed) + R"(, "parts": {"view_change": {"view": )"
                       + std::to_string(view) + R"(, "in_view": true}}})");
  };
  json all{replica(0, 1, 90), replica(1, 1, 100), {{"error", "unreachable"}}, replica(3, 1, 100)};
  all[1]["parts"]["view_change"]["last_view_change_ms"] = 41U;
  auto lines = leadership_lines(all, four);
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  CAF_CHECK_EQUAL(lines[0], "Replica 1 leads view 1, as 3 of 4 replicas say.");
  CAF_CHECK(lines[1].find("41 ms") != std::string::npos);
  CAF_CHECK_EQUAL(lines[2], "Replica 0 lacks 10 blocks.");
  auto leader = add_leadership(all, four);
  CAF_CHECK_EQUAL(leader["replica"], 1);
  CAF_CHECK_EQUAL(all[0]["behind"], 10);
  CAF_CHECK_EQUAL(all[3]["behind"], 0);
  CAF_CHECK(!all[2].contains("behind"));
  for (std::size_t i = 0; i < 4; ++i)
    all[i] = json{{"error", "unreachable"}};
  CAF_CHECK(add_leadership(all, four).is_null());
  CAF_CHECK_EQUAL(first(leadership_lines(all, four)), "NOBODY LEADS: no view has 2 of 4 replicas.");
}
