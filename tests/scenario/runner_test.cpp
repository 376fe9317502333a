// The language of scenarios: a wrong word is named with its place, and what is expected in vain is
// told of.
#define CAF_SUITE runner
#include "tests/suite.hpp"

#include "tests/scenario/runner/scenario.hpp"
#include "tests/scenario/runner/words.hpp"

using namespace bourse::test;

namespace {

/// What is wrong with the script, read or run.
problem outcome(const std::string& text) {
  auto s = scenario::read("x.scenario", text);
  return s ? s->run() : s.error();
}

/// What is wrong with a script whose second line is this.
problem of_line(const std::string& line) {
  auto s = scenario::read("x.scenario", "replicas 4\n" + line + "\nexpect no disagreement\n");
  return s ? problem{} : s.error();
}

bool names(const problem& p, const std::string& place, const std::string& word) {
  return p.starts_with("x.scenario:" + place + ": ") && p.find(word) != p.npos;
}

} // namespace

CAF_TEST(a right script says nothing) {
  CAF_CHECK_EQUAL(outcome("# a remark\n\nreplicas 4\nload 3 # another\n"
                          "await executed 3 everywhere within 2s\nexpect view 0 everywhere\n"
                          "expect no disagreement"),
                  "");
}

CAF_TEST(wrong words are named with file and line) {
  CAF_CHECK(names(of_line("juggle 3"), "2", "\"juggle\""));
  CAF_CHECK(names(of_line("load many"), "2", "\"many\""));
  CAF_CHECK(names(of_line("load"), "2", "a block"));
  CAF_CHECK(names(of_line("load 3 4"), "2", "\"4\""));
  CAF_CHECK(names(of_line("run 3"), "2", "\"3\""));
  CAF_CHECK(names(of_line("run 3h"), "2", "\"3h\""));
  CAF_CHECK(names(of_line("crash 4"), "2", "no replica 4"));
  CAF_CHECK(names(of_line("crash 99999999999999999999"), "2", "99999999999999999999"));
  CAF_CHECK(names(of_line("lose prepares"), "2", "\"prepares\""));
  CAF_CHECK(names(of_line("lose from 1"), "2", "a kind of message"));
  CAF_CHECK(names(of_line("suspect 1"), "2", "\"at\""));
  CAF_CHECK(names(of_line("byzantine 3 dances"), "2", "\"dances\""));
  CAF_CHECK(names(of_line("expect happiness everywhere"), "2", "\"happiness\""));
  CAF_CHECK(names(of_line("expect view 1"), "2", "everywhere"));
  CAF_CHECK(names(of_line("expect view 1 at"), "2", "a replica"));
  CAF_CHECK(names(of_line("expect view 1 everywhere now"), "2", "\"now\""));
  CAF_CHECK(names(of_line("expect suspected badly at 1"), "2", "\"badly\""));
  CAF_CHECK(names(of_line("expect refused wish at 1"), "2", "\"wish\""));
  CAF_CHECK(names(of_line("expect block 1 is it"), "2", "\"it\""));
  CAF_CHECK(names(of_line("await executed 1 everywhere within 3"), "2", "\"3\""));
}

CAF_TEST(what belongs first must stand there) {
  CAF_CHECK(names(outcome("load 1\nreplicas 7\nexpect no disagreement"), "2", "\"replicas\""));
  CAF_CHECK(names(outcome("replicas 5\nexpect no disagreement"), "1", "4, 7, 10"));
}

CAF_TEST(a script that expects nothing proves nothing) {
  CAF_CHECK(names(outcome("replicas 4\nload 3\n"), "2", "nothing is expected"));
  CAF_CHECK(names(outcome(""), "0", "nothing is expected"));
}

CAF_TEST(what is expected in vain is told of) {
  CAF_CHECK(
      names(outcome("load 1\nexpect executed 1 everywhere"), "2", "replica 0 has executed 0"));
  CAF_CHECK(names(outcome("load 1\nawait executed 2 at 3 within 1s"), "2", "after 1000 ms"));
  CAF_CHECK(names(outcome("run 1ms\nexpect view 1 at 2"), "2", "replica 2 is in view 0"));
  CAF_CHECK(names(outcome("crash 1\nexpect view 0 at 1"), "2", "replica 1 is down"));
  CAF_CHECK(names(outcome("run 1ms\nexpect block 1 is null"), "2", "nobody has executed"));
  CAF_CHECK(names(outcome("load 1\nawait executed 1 everywhere\nexpect block 1 is null"), "3",
                  "is not null"));
  CAF_CHECK(names(outcome("run 1ms\nexpect waiting at 1"), "2", "replica 1"));
  CAF_CHECK(names(outcome("run 1ms\nexpect suspected stalled at 1"), "2", "replica 1"));
  CAF_CHECK(names(outcome("run 1ms\nexpect refused new_view at 1"), "2", "replica 1"));
  CAF_CHECK(names(outcome("run 1ms\nexpect evidence at 1"), "2", "replica 1"));
}

CAF_TEST(lost and held messages) {
  CAF_CHECK_EQUAL(outcome("patience 20s\nlose prepare from 1 2 3 to 0\nload 1\nrun 500ms\n"
                          "expect prepared 1 at 1 2 3\nexpect executed at most 1 everywhere\n"
                          "pass on\nawait executed 1 everywhere"),
                  "");
  CAF_CHECK_EQUAL(outcome("patience 20s\nhold pre_prepare to 2 3\nload 1\nrun 500ms\n"
                          "expect executed at most 0 everywhere\npass on\n"
                          "await executed 1 everywhere within 100ms"),
                  "");
}

CAF_TEST(words are taken one by one) {
  words w{"  a b\tc 7 # d"};
  CAF_CHECK(!w.take("b"));
  CAF_CHECK(w.take("a b"));
  CAF_CHECK(!w.take("c 7 d"));
  CAF_CHECK_EQUAL(w.name("c"), "c");
  CAF_CHECK_EQUAL(w.number("seven"), 7u);
  CAF_CHECK(w.empty());
  w.end();
  CAF_CHECK_EQUAL(w.problem(), "");
  w.number("more");
  CAF_CHECK_EQUAL(w.problem(), "the line ends where more should be");
}
