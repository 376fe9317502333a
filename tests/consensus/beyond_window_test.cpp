// Blocks that come by another way than their proposal, from where the window does not reach yet,
// and what is said of their slots once it does.
#define CAF_SUITE beyond_window
#include "tests/suite.hpp"

#include "tests/consensus/view_steps.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

std::string content(std::uint64_t n) {
  return "block " + std::to_string(n);
}

void fetch(lone_replica& r, std::uint64_t from, std::uint64_t to) {
  for (auto n = from; n <= to; ++n)
    r.hear(1, r.proven(n, content(n)));
}

void make_stable(lone_replica& r, std::uint64_t n) {
  for (std::uint16_t i = 0, said = 0; said < r.size().quorum(); ++i)
    if (i != r.opts.self.value()) {
      r.hear(i, lone_replica::checkpoint_by(i, n, "state"));
      ++said;
    }
  CAF_REQUIRE_EQUAL(r.core->stable().what.sequence.value(), n);
}

/// Of the windows that these tests have: up to 8, and up to 16.
constexpr std::uint64_t first = 8;

/// Has executed more than a window at once: its slots above the stable checkpoint are empty.
lone_replica ran_ahead(std::uint16_t self) {
  lone_replica r{self};
  fetch(r, 1, first + 3);
  CAF_REQUIRE_EQUAL(r.all.executions.size(), first + 3);
  r.execute();
  make_stable(r, first);
  r.forget();
  return r;
}

} // namespace

CAF_TEST(a fetched block fills its slot when the window is there before its turn) {
  lone_replica r{2};
  fetch(r, first + 1, first + 1);
  fetch(r, 1, 4);
  r.execute();
  make_stable(r, 4);
  fetch(r, 5, first);
  r.execute();
  CAF_REQUIRE_EQUAL(r.core->executed().value(), first + 1);
  r.tick_after(300);
  r.forget();
  auto what = about(first + 1, content(first + 1));
  for (int i = 0; i < 2; ++i)
    r.hear(3, lone_replica::committed_by(3, what));
  CAF_REQUIRE_EQUAL(r.said<committed_block>().size(), 1u); // who repeats its vote lacks the block
  CAF_CHECK(r.said<committed_block>()[0].certificate.what == what);
  r.hear(0, proposal(first + 1, "another", 0));
  CAF_CHECK(r.all.checks.empty()); // there is nothing to vote for
}

CAF_TEST(a late proposal of an executed block is voted for and no other is) {
  auto r = ran_ahead(2);
  r.hear(0, proposal(first + 1, "another", 0));
  r.hear(0, proposal(first + 2, content(first + 2), 0));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 2u);
  r.answer_checks();
  CAF_CHECK_EQUAL(r.counters().rejected_proposals, 1u);
  auto votes = r.recorded<vote_record>();
  CAF_REQUIRE_EQUAL(votes.size(), 1u);
  CAF_CHECK(votes[0].what == about(first + 2, content(first + 2)));
  CAF_CHECK_EQUAL(r.recorded<proposal_record>().size(), 1u);
}

CAF_TEST(what an earlier life executed is not voted about) {
  auto o = lone_replica::defaults(2);
  auto from = lone_replica::fresh();
  from.executed = seq(4);
  lone_replica r{o, from};
  r.hear(0, proposal(4, content(4), 0));
  r.hear(0, proposal(5, content(5), 0));
  r.answer_checks();
  auto votes = r.recorded<vote_record>();
  CAF_REQUIRE_EQUAL(votes.size(), 1u);
  CAF_CHECK_EQUAL(votes[0].what.sequence.value(), 5u);
}

CAF_TEST(a primary is granted no number whose block is final already) {
  lone_replica r{0};
  fetch(r, 1, first + 4);
  CAF_REQUIRE_EQUAL(r.core->committed().value(), first + 4);
  for (std::uint64_t n = 1; n <= first; ++n)
    r.core->on_executed(r.now, seq(n)); // the others take their time
  r.drain();
  r.forget();
  make_stable(r, first);
  CAF_CHECK(r.all.grants.empty()); // their slots are empty
  CAF_CHECK(!r.offer(first + 1, "another"));
  for (auto n = first + 1; n <= first + 4; ++n)
    r.core->on_executed(r.now, seq(n));
  r.drain();
  CAF_REQUIRE(!r.all.grants.empty());
  CAF_CHECK_EQUAL(r.all.grants[0].sequence.value(), first + 5);
  CAF_CHECK(r.offer(first + 5, "next"));
}

CAF_TEST(a primary is granted no number that its NEW_VIEW fills) {
  lone_replica r{1};
  leave(r, 1);
  install(r, begin(1, {prepared(2, "b")})); // 1 is null, 2 is made again
  CAF_REQUIRE(!r.all.grants.empty());
  for (const auto& g : r.all.grants)
    CAF_CHECK(g.view == view(1) && g.sequence > seq(2));
  r.forget();
  CAF_CHECK(!r.offer(1, "another"));
  CAF_CHECK(r.recorded<vote_record>().empty());
}

CAF_TEST(a verdict of an earlier view decides nothing in this one) {
  lone_replica r{2};
  r.hear(0, proposal(1, "a", 0));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  leave(r, 1);
  install(r, begin(1));
  r.hear(1, proposal(1, "b", 1));
  r.forget();
  r.answer(about(1, "a"), true);
  CAF_CHECK(r.recorded<vote_record>().empty());
  r.answer(about(1, "b"), true); // nobody has proposed it there
  CAF_CHECK(r.recorded<vote_record>().empty());
  r.answer(about(1, "b", 1), true);
  auto votes = r.recorded<vote_record>();
  CAF_REQUIRE_EQUAL(votes.size(), 1u);
  CAF_CHECK(votes[0].what == about(1, "b", 1));
}

CAF_TEST(a verdict on a slot that the window has left behind decides nothing) {
  lone_replica r{2};
  r.hear(0, proposal(1, "a", 0));
  make_stable(r, 4);
  r.forget();
  r.answer(about(1, "a"), true);
  CAF_CHECK(r.recorded<vote_record>().empty());
  CAF_CHECK(r.recorded<proposal_record>().empty());
  CAF_CHECK(r.said<prepare>().empty());
}
