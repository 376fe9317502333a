// A replica that may have had another disk once: it follows, and says and counts nothing of its
// own.
#define CAF_SUITE silence
#include "tests/suite.hpp"

#include "tests/consensus/lone_manager.hpp"
#include "tests/consensus/lone_replica.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

struct silent_replica : lone_replica {
  explicit silent_replica(std::uint16_t self) : lone_replica(defaults(self), state()) {}

  static recovered_state state() {
    auto s = fresh();
    s.silent = true;
    return s;
  }
  std::size_t votes() const {
    return said<pre_prepare>().size() + said<prepare>().size() + said<commit>().size()
           + said<checkpoint>().size() + recorded<vote_record>().size();
  }
};

} // namespace

CAF_TEST(a silent replica makes no votes and follows those of others) {
  silent_replica r{2};
  auto what = lone_replica::about(1, "a");
  r.hear(0, lone_replica::propose(what, "a", 0));
  r.answer_checks();
  for (std::uint16_t by : {1, 3})
    r.hear(by, lone_replica::prepared_by(by, what));
  r.persist();
  for (std::uint16_t by : {0, 1})
    r.hear(by, lone_replica::committed_by(by, what));
  r.persist();
  CAF_CHECK_EQUAL(r.votes(), 0u);
  CAF_CHECK_EQUAL(r.core->committed().value(), 0u); // its own vote would have made three
  r.hear(3, lone_replica::committed_by(3, what));
  CAF_CHECK_EQUAL(r.core->committed().value(), 1u);
  CAF_CHECK_EQUAL(r.votes(), 0u);
}

CAF_TEST(a silent primary proposes nothing) {
  silent_replica r{0};
  r.tick_after(1000);
  CAF_CHECK(r.all.grants.empty());
  r.core->speak(r.now);
  r.drain();
  CAF_CHECK(!r.all.grants.empty());
}

CAF_TEST(what it found acceptable it votes for once it may) {
  silent_replica r{2};
  auto what = lone_replica::about(1, "a");
  r.hear(0, lone_replica::propose(what, "a", 0));
  r.answer_checks();
  r.tick_after(1000);
  CAF_CHECK_EQUAL(r.votes(), 0u);
  r.core->speak(r.now);
  r.drain();
  CAF_REQUIRE_EQUAL(r.said<prepare>().size(), 1u);
  CAF_CHECK(r.said<prepare>()[0].what == what);
  r.core->speak(r.now); // nothing more
  r.drain();
  CAF_CHECK_EQUAL(r.said<prepare>().size(), 1u);
}

CAF_TEST(a silent replica departs only when it may speak) {
  silent_replica r{2};
  r.core->leave(r.now, view(1));
  r.drain();
  CAF_CHECK(!r.all.departed);
  r.core->speak(r.now);
  r.drain();
  CAF_REQUIRE(r.all.departed);
  CAF_CHECK(r.all.departed->view == view(1));
}

CAF_TEST(a silent manager follows without a word) {
  managed m{2, 0, true, true};
  m.suspect(suspicion::stalled);
  m.wishes({0, 1, 3}, 1);
  m.left();
  m.pass(5000);
  CAF_CHECK_EQUAL(m.manager->view().value(), 1u);
  CAF_CHECK(m.all.sends.empty());
  CAF_CHECK(m.all.suspected.empty());
  m.speak();
  m.left(); // the core departs anew
  CAF_CHECK(!m.all.sends.empty());
}
