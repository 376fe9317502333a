// What a core takes along through several views and restarts: certificates, blocks and votes.
#define CAF_SUITE many_views
#include "tests/suite.hpp"

#include "consensus/slot.hpp"
#include "tests/consensus/view_steps.hpp"

#include <algorithm>

using namespace bourse::test;
using namespace bourse::consensus;

// -- more than one view change --------------------------------------------------------------------

// "Prepared certificates dropped across two view changes."
CAF_TEST(what was prepared is told of in every view until something newer is) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  leave(r, 1);
  auto c = leave(r, 2);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
  install(r, begin(2, c.prepared)); // proposed again, but not prepared in view 2
  r.answer_checks();
  r.persist();
  c = leave(r, 3);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
  CAF_CHECK(check_view_change(signed_change(c, 2), r.opts, *r.auth).has_value());
}

CAF_TEST(a new view that names another block does not take the certificate away) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  change_view(r, begin(1, {prepared(1, "b", 0)})); // as if more than f lied: nothing is forgotten
  auto c = leave(r, 2);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
}

CAF_TEST(what was prepared later replaces what was prepared before) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  change_view(r, begin(1));
  r.forget();
  r.prepare_fully(1, "b");
  auto c = leave(r, 2);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "b", 1));
}

// -- blocks ---------------------------------------------------------------------------------------

CAF_TEST(the block of a renewed slot is asked for from everyone in turn) {
  lone_replica r{2};
  change_view(r, begin(1, {prepared(1, "a")}));
  r.forget();
  CAF_CHECK(r.all.checks.empty());
  std::vector<std::uint16_t> asked;
  for (int i = 0; i < 8; ++i) {
    r.tick_after(1000);
    for (const auto& s : r.all.now)
      if (auto* m = std::get_if<fetch_proposal>(&s.what)) {
        CAF_CHECK(m->what == about(1, "a", 1));
        asked.push_back(s.to->value());
      }
    r.forget();
  }
  for (std::uint16_t i : {0, 1, 3})
    CAF_CHECK(std::ranges::find(asked, i) != asked.end());
  // Another, who has it from view 0, sends it without a signature of its own.
  r.hear(3, pre_prepare{about(1, "a", 1), {}, share("something else")});
  CAF_CHECK(r.all.checks.empty());
  r.hear(3, pre_prepare{about(1, "a", 1), {}, share("a")});
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  r.answer_checks();
  r.persist();
  CAF_REQUIRE_EQUAL(r.said<prepare>().size(), 1u);
  CAF_CHECK(r.said<prepare>()[0].what == about(1, "a", 1));
}

CAF_TEST(a primary fetches the block of a renewed slot like others) {
  lone_replica r{1};
  change_view(r, begin(1, {prepared(1, "a")}));
  r.forget();
  r.tick_after(10);
  CAF_CHECK(!r.said<fetch_proposal>().empty());
  r.hear(3, pre_prepare{about(1, "a", 1), {}, share("a")});
  r.answer_checks();
  auto written = r.recorded<proposal_record>();
  CAF_REQUIRE_EQUAL(written.size(), 1u);
  CAF_CHECK(written[0].what.what == about(1, "a", 1));
  r.persist();
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

CAF_TEST(a block of an earlier view is handed to whoever lacks it) {
  for (bool known : {false, true}) {
    lone_replica r{2};
    if (known)
      r.accept(1, "a");
    change_view(r, begin(1, {prepared(1, "a")}));
    r.forget();
    r.hear(3, fetch_proposal{about(1, "a", 1)});
    CAF_REQUIRE_EQUAL(r.said<pre_prepare>().size(), known ? 1u : 0u);
    if (known)
      CAF_CHECK_EQUAL(*r.said<pre_prepare>()[0].block, "a");
  }
}

CAF_TEST(a block is handed out before the own NEW_VIEW has come) {
  lone_replica r{2};
  r.accept(1, "a");
  leave(r, 1);
  r.forget();
  r.hear(3, fetch_proposal{about(1, "a", 1)});
  auto said = r.said<pre_prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0].what == about(1, "a", 1));
  CAF_CHECK_EQUAL(*said[0].block, "a");
}

// A certificate of an early view may come to light late, from one faulty replica alone; the honest
// ones that voted for the block then must still have it, whatever was proposed there since.
CAF_TEST(a block that was voted for is kept through later views) {
  lone_replica r{2};
  r.accept(1, "a");
  change_view(r, begin(1));
  r.accept(1, "b");
  change_view(r, begin(2));
  CAF_CHECK(r.core->is_primary());
  CAF_CHECK(r.offer(1, "c"));
  r.persist();
  change_view(r, begin(3, {prepared(1, "a")}));
  r.forget();
  r.hear(1, fetch_proposal{about(1, "a", 3)});
  CAF_REQUIRE_EQUAL(r.said<pre_prepare>().size(), 1u);
  CAF_CHECK_EQUAL(*r.said<pre_prepare>()[0].block, "a");
}

CAF_TEST(the blocks that are kept are bounded and the prepared one is among them) {
  slot s{seq(1), {4}};
  s.prepared = prepared(1, "block 0");
  for (int i = 0; i < 30; ++i) {
    auto text = "block " + std::to_string(i);
    s.keep(hash(text), share(text));
    s.keep(hash(text), share(text)); // once is enough
  }
  CAF_CHECK_EQUAL(s.kept.size(), slot::most_kept);
  for (int i : {0, 23, 24, 25, 26, 27, 28, 29}) {
    auto text = "block " + std::to_string(i);
    auto found = s.find_block(hash(text));
    CAF_CHECK(found && *found == text);
  }
}

// -- restarts -------------------------------------------------------------------------------------

namespace {

/// The disk of replica 2 in view 1, whose NEW-VIEW renews slot 1.
recovered_state in_view_1() {
  auto from = lone_replica::fresh();
  from.view = view(1);
  from.new_view = begin(1, {prepared(1, "a")}).message;
  from.proposals = {proposal(1, "a", 0)};
  from.votes = {{vote_kind::prepare, about(1, "a")}};
  return from;
}

} // namespace

CAF_TEST(a restarted replica repeats its votes of the new view) {
  auto from = in_view_1();
  from.proposals.push_back(proposal(1, "a", 1));
  from.votes.push_back({vote_kind::prepare, about(1, "a", 1)});
  lone_replica r{lone_replica::defaults(2), from};
  CAF_CHECK(r.core->in_view());
  CAF_CHECK(r.all.checks.empty());
  r.tick_after(1);
  auto said = r.said<prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0] == lone_replica::prepared_by(2, about(1, "a", 1)));
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  CAF_CHECK(r.recorded_vote(vote_kind::commit).has_value());
  CAF_CHECK(!r.recorded_vote(vote_kind::prepare).has_value());
}

CAF_TEST(a restarted replica that has not voted in the new view does) {
  lone_replica r{lone_replica::defaults(2), in_view_1()};
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(r.all.checks[0].what == about(1, "a", 1));
  CAF_CHECK(!r.all.checks[0].fresh);
  r.tick_after(1);
  CAF_CHECK(r.said<prepare>().empty());
  r.answer_checks();
  r.persist();
  CAF_REQUIRE_EQUAL(r.said<prepare>().size(), 1u);
}

CAF_TEST(a restarted primary stands by its NEW_VIEW) {
  auto from = in_view_1();
  lone_replica r{lone_replica::defaults(1), from};
  CAF_CHECK(r.core->in_view());
  for (const auto& g : r.all.grants)
    CAF_CHECK(g.sequence.value() > 1);
  CAF_CHECK(!r.offer(1, "x"));
  r.answer_checks();
  r.persist();
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

CAF_TEST(who restarts between views waits for the NEW_VIEW and says what it had prepared) {
  auto from = in_view_1();
  from.new_view.reset();
  from.prepared = {prepared(1, "a")};
  lone_replica r{lone_replica::defaults(2), from};
  CAF_CHECK(!r.core->in_view());
  CAF_REQUIRE(r.all.departed.has_value());
  CAF_CHECK_EQUAL(r.all.departed->view.value(), 1u);
  CAF_REQUIRE_EQUAL(r.all.departed->prepared.size(), 1u);
  r.tick_after(1000);
  r.hear(1, proposal(2, "b", 1));
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK(r.said<prepare>().empty());
  install(r, begin(1, r.all.departed->prepared));
  CAF_CHECK_EQUAL(r.all.checks.size(), 2u);
}

CAF_TEST(the NEW_VIEW of an earlier view does not begin the current one) {
  auto from = in_view_1();
  from.view = view(2);
  lone_replica r{lone_replica::defaults(2), from};
  CAF_CHECK(!r.core->in_view());
  CAF_CHECK(r.all.grants.empty()); // it would lead
}

CAF_TEST(a certificate of an earlier view survives a restart in a later one) {
  auto from = in_view_1();
  from.prepared = {prepared(1, "a")};
  lone_replica r{lone_replica::defaults(2), from};
  auto c = leave(r, 2);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
}

CAF_TEST(of two certificates on disk the newer counts) {
  auto a = prepared(1, "a");
  auto b = prepared(1, "b", 1);
  for (const auto& both : {std::vector{a, b}, std::vector{b, a}}) {
    auto from = lone_replica::fresh();
    from.view = view(2);
    from.prepared = both;
    lone_replica r{lone_replica::defaults(3), from};
    CAF_REQUIRE(r.all.departed.has_value());
    CAF_REQUIRE_EQUAL(r.all.departed->prepared.size(), 1u);
    CAF_CHECK(r.all.departed->prepared[0] == b);
  }
}

CAF_TEST(a slot that was made again is not judged by its time after a restart either) {
  auto from = in_view_1();
  from.proposals.push_back(proposal(1, "a", 1)); // written, not voted for
  lone_replica r{lone_replica::defaults(2), from};
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(!r.all.checks[0].fresh);
}

CAF_TEST(blocks of earlier views are found after a restart) {
  auto from = in_view_1();
  from.view = view(3);
  from.new_view = begin(3, {prepared(1, "a")}).message;
  from.proposals = {proposal(1, "a", 0), proposal(1, "b", 1), proposal(1, "c", 2)};
  lone_replica r{lone_replica::defaults(2), from};
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK_EQUAL(*r.all.checks[0].block, "a");
}
