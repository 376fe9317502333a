// What a core does between views: what it stops saying, what it takes along, and how the log of the
// next view comes about (Castro and Liskov 1999, section 4.4).
#define CAF_SUITE leave_install
#include "tests/suite.hpp"

#include "tests/consensus/view_steps.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

// -- leaving --------------------------------------------------------------------------------------

CAF_TEST(leaving is written before it is told of) {
  lone_replica r{2};
  r.core->leave(r.now, view(3));
  auto e = r.core->take_effects();
  CAF_REQUIRE_EQUAL(e.persist.size(), 1u);
  CAF_CHECK(std::get<view_record>(e.persist[0]).view == view(3));
  CAF_CHECK(e.ticket != 0);
  CAF_CHECK(e.departed.has_value());
  CAF_CHECK(!r.core->in_view());
  CAF_CHECK_EQUAL(r.core->view().value(), 3u);
}

CAF_TEST(what was prepared is told of and what was only voted for is not) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  r.accept(2, "b");
  r.prepare_fully(3, "c");
  auto c = leave(r, 1);
  CAF_CHECK_EQUAL(c.view.value(), 1u);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 2u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
  CAF_CHECK(c.prepared[1].what == about(3, "c"));
  CAF_CHECK(check_view_change(signed_change(c, 2), r.opts, *r.auth).has_value());
}

CAF_TEST(executed blocks that are not stable are told of too) {
  lone_replica r{2};
  r.commit_fully(1, "a");
  r.execute();
  auto c = leave(r, 1);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(1, "a"));
}

CAF_TEST(what is stable is told of by its proof alone) {
  lone_replica r{2};
  for (std::uint64_t n = 1; n <= 5; ++n) {
    r.commit_fully(n, std::to_string(n));
    r.execute();
  }
  r.checkpointed(4, "s");
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "s"));
  auto c = leave(r, 1);
  CAF_CHECK(c.stable == r.core->stable());
  CAF_CHECK_EQUAL(c.stable.what.sequence.value(), 4u);
  CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
  CAF_CHECK(c.prepared[0].what == about(5, "5"));
}

CAF_TEST(no vote of the old view is made after leaving it) {
  lone_replica r{2};
  r.hear(0, proposal(1, "a", 0)); // not checked yet
  r.accept(2, "b");
  leave(r, 1);
  r.forget();
  r.answer(about(1, "a"), true);
  for (std::uint16_t i : {1, 3})
    for (const auto& what : {about(1, "a"), about(2, "b")})
      r.hear(i, lone_replica::prepared_by(i, what));
  r.hear(0, proposal(3, "c", 0));
  r.persist();
  for (int i = 0; i < 10; ++i)
    r.tick_after(300);
  CAF_CHECK(r.said<prepare>().empty());
  CAF_CHECK(r.said<commit>().empty());
  CAF_CHECK(r.recorded<vote_record>().empty());
  CAF_CHECK(r.recorded<prepared_record>().empty());
}

CAF_TEST(a vote that becomes durable after leaving counts for nothing) {
  lone_replica r{2};
  r.hear(0, proposal(1, "a", 0));
  r.answer_checks();
  r.hear(1, lone_replica::prepared_by(1, about(1, "a")));
  auto c = leave(r, 1); // only now is the own prepare durable: with it there would be 2f
  CAF_CHECK(c.prepared.empty());
  CAF_CHECK(r.recorded<prepared_record>().empty());
}

CAF_TEST(nothing is said of the new view before its NEW_VIEW) {
  lone_replica r{2};
  leave(r, 1);
  r.forget();
  r.hear(1, proposal(1, "a", 1));
  r.answer_checks();
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  r.persist();
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK(r.said<prepare>().empty());
  CAF_CHECK(r.recorded<vote_record>().empty());
}

CAF_TEST(a primary grants nothing before its NEW_VIEW and no old grant counts) {
  lone_replica r{0};
  CAF_REQUIRE(!r.all.grants.empty());
  leave(r, 4);
  r.forget();
  CAF_CHECK(!r.offer(1, "a"));
  CAF_CHECK(r.all.grants.empty());
  install(r, begin(4));
  CAF_REQUIRE(!r.all.grants.empty());
  CAF_CHECK_EQUAL(r.all.grants[0].view.value(), 4u);
  CAF_CHECK(r.offer(1, "a"));
}

CAF_TEST(final blocks are still taken between views) {
  lone_replica r{2};
  auto b = r.proven(1, "a");
  leave(r, 1);
  r.hear(3, b);
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
}

// -- a view begins --------------------------------------------------------------------------------

CAF_TEST(a NEW_VIEW is written before anything rests on it) {
  for (std::uint16_t self : {1, 2}) {
    lone_replica r{self};
    leave(r, 1);
    r.forget();
    auto i = begin(1, {prepared(1, "a")});
    CAF_REQUIRE(r.core->install(r.now, i));
    auto e = r.core->take_effects();
    CAF_REQUIRE(!e.persist.empty());
    CAF_CHECK(std::get<new_view_record>(e.persist[0]).what == i.message);
    CAF_CHECK(e.begun == view(1));
    CAF_CHECK(e.renewed == view(1));
    std::size_t said = 0;
    for (const auto& s : e.after_persist)
      said += std::holds_alternative<new_view>(s.what);
    CAF_CHECK_EQUAL(said, self == 1 ? 1u : 0u); // its primary hands it out
    for (const auto& s : e.now)
      CAF_CHECK(!std::holds_alternative<new_view>(s.what));
  }
}

CAF_TEST(only the view that is waited for is installed and once) {
  lone_replica r{2};
  CAF_CHECK(!r.core->install(r.now, begin(1)));
  leave(r, 2);
  CAF_CHECK(!r.core->install(r.now, begin(1)));
  CAF_CHECK(!r.core->install(r.now, begin(3)));
  CAF_CHECK(r.core->install(r.now, begin(2)));
  CAF_CHECK(!r.core->install(r.now, begin(2)));
  CAF_CHECK(r.core->in_view());
}

CAF_TEST(what was prepared is proposed again with the same block) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  leave(r, 1);
  r.forget();
  install(r, begin(1, {prepared(1, "a")}));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(r.all.checks[0].what == about(1, "a", 1));
  CAF_CHECK(!r.all.checks[0].fresh); // its time was near the clock when it was new
  CAF_CHECK_EQUAL(*r.all.checks[0].block, "a");
  r.answer_checks();
  r.persist();
  CAF_REQUIRE_EQUAL(r.said<prepare>().size(), 1u);
  CAF_CHECK(r.said<prepare>()[0].what == about(1, "a", 1));
}

CAF_TEST(a renewed slot is decided like any other) {
  for (std::uint16_t self : {1, 2}) {
    lone_replica r{self};
    r.prepare_fully(1, "a");
    change_view(r, begin(1, {prepared(1, "a")}));
    r.answer_checks();
    r.persist();
    for (std::uint16_t i : {0, 3})
      r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
    r.persist();
    CAF_CHECK(r.all.executions.empty());
    for (std::uint16_t i : {0, 3})
      r.hear(i, lone_replica::committed_by(i, about(1, "a", 1)));
    CAF_REQUIRE_EQUAL(r.all.executions.size(), 1u);
    CAF_CHECK(r.all.executions[0].digest == hash("a"));
    auto c = leave(r, 2);
    CAF_REQUIRE_EQUAL(c.prepared.size(), 1u);
    CAF_CHECK(c.prepared[0].what == about(1, "a", 1));
    CAF_CHECK(check_view_change(signed_change(c, self), r.opts, *r.auth).has_value());
  }
}

CAF_TEST(a primary votes for a renewed slot only once its NEW_VIEW is durable) {
  lone_replica r{1};
  r.prepare_fully(1, "a");
  leave(r, 1);
  install(r, begin(1, {prepared(1, "a")}));
  r.answer_checks();
  r.forget();
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  CAF_CHECK(r.recorded<prepared_record>().empty());
}

CAF_TEST(gaps are null blocks and need no one to send them) {
  lone_replica r{2};
  change_view(r, begin(1, {prepared(2, "b")}));
  r.answer_checks();
  r.persist();
  auto said = r.said<prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK((said[0].what == statement{view(1), seq(1), null_digest(1)}));
}

CAF_TEST(a primary makes nothing new where its NEW_VIEW has spoken) {
  lone_replica r{1};
  change_view(r, begin(1, {prepared(2, "b")}));
  CAF_REQUIRE(!r.all.grants.empty());
  for (const auto& g : r.all.grants)
    CAF_CHECK(g.sequence.value() > 2);
  CAF_CHECK(!r.offer(1, "x"));
  CAF_CHECK(!r.offer(2, "x"));
  CAF_CHECK(r.said<pre_prepare>().empty());
}

CAF_TEST(another proposal for a renewed slot is an equivocation) {
  lone_replica r{2};
  change_view(r, begin(1, {prepared(1, "a")}));
  r.forget();
  r.hear(1, proposal(1, "x", 1));
  r.answer_checks();
  r.persist();
  CAF_CHECK(r.said<prepare>().empty());
  auto evidence = r.recorded<equivocation_record>();
  CAF_REQUIRE_EQUAL(evidence.size(), 1u);
  CAF_CHECK(evidence[0].what.first == about(1, "a", 1));
  CAF_CHECK(evidence[0].what.second == about(1, "x", 1));
  for (const auto& [what, sig] :
       {std::pair{evidence[0].what.first, evidence[0].what.first_signature},
        std::pair{evidence[0].what.second, evidence[0].what.second_signature}})
    CAF_CHECK(r.auth->verify(replica(1), purpose::pre_prepare, signed_bytes(what), sig));
}

CAF_TEST(slots that a NEW_VIEW does not name are free) {
  lone_replica r{2};
  r.accept(1, "a"); // voted for in view 0, prepared nowhere
  change_view(r, begin(1));
  r.forget();
  r.hear(1, proposal(1, "x", 1));
  r.answer_checks();
  r.persist();
  CAF_REQUIRE_EQUAL(r.said<prepare>().size(), 1u);
  CAF_CHECK(r.said<prepare>()[0].what == about(1, "x", 1));
}

CAF_TEST(what a NEW_VIEW said binds in its view only) {
  lone_replica r{2};
  change_view(r, begin(1, {prepared(1, "a")}));
  change_view(r, begin(2)); // which this replica leads
  CAF_REQUIRE(!r.all.grants.empty());
  CAF_CHECK_EQUAL(r.all.grants[0].sequence.value(), 1u);
  CAF_CHECK(r.offer(1, "x"));
  lone_replica k{3};
  change_view(k, begin(1, {prepared(1, "a")}));
  change_view(k, begin(2));
  k.hear(2, proposal(1, "x", 2));
  CAF_CHECK_EQUAL(k.all.checks.size(), 1u);
  CAF_CHECK_EQUAL(k.counters().equivocations, 0u);
}

CAF_TEST(proposals that overtook the NEW_VIEW are used) {
  lone_replica r{2};
  leave(r, 1);
  r.hear(3, proposal(2, "z", 1)); // not over the primary's link
  r.hear(1, proposal(1, "a", 1));
  auto forged = proposal(3, "c", 1);
  forged.signature.data[0] ^= 1;
  r.hear(1, forged);
  install(r, begin(1));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(r.all.checks[0].what == about(1, "a", 1));
  CAF_CHECK(r.all.checks[0].fresh);
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 1u);
}

CAF_TEST(votes that overtook the NEW_VIEW count) {
  lone_replica r{2};
  r.accept(1, "a");
  leave(r, 1);
  for (std::uint16_t i : {0, 3})
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
  install(r, begin(1, {prepared(1, "a")}));
  r.answer_checks();
  r.persist();
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

// Not even those that were verified: a certificate of two views would be worth nothing.
CAF_TEST(votes of the old view do not count in the new one) {
  lone_replica r{2};
  r.prepare_fully(1, "a");
  auto bad = lone_replica::committed_by(3, about(1, "a"));
  bad.by.signature.data[0] ^= 1;
  r.hear(3, bad);
  r.hear(1, lone_replica::committed_by(1, about(1, "a"))); // with the own one a quorum: verified
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 1u);
  change_view(r, begin(1, {prepared(1, "a")}));
  r.answer_checks();
  r.persist();
  r.hear(3, lone_replica::committed_by(3, about(1, "a", 1)));
  CAF_CHECK(r.all.executions.empty());
  CAF_CHECK_EQUAL(r.core->committed().value(), 0u);
}

CAF_TEST(the checkpoint that a NEW_VIEW proves is adopted) {
  lone_replica r{2};
  leave(r, 1);
  r.forget();
  install(r, begin(1, {prepared(5, "a")}, stable_at(4)));
  CAF_CHECK(r.core->stable() == stable_at(4));
  CAF_REQUIRE_EQUAL(r.recorded<stable_record>().size(), 1u);
  CAF_REQUIRE(!r.said<fetch_blocks>().empty()); // the blocks up to it are missing
  CAF_CHECK_EQUAL(r.said<fetch_blocks>()[0].to.value(), 4u);
}

CAF_TEST(a stable checkpoint behind the own is not) {
  lone_replica r{2};
  for (std::uint64_t n = 1; n <= 4; ++n)
    r.commit_fully(n, std::to_string(n));
  r.execute();
  r.checkpointed(4, "s");
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "s"));
  // Others of the set were behind, and something below is proposed again for them.
  change_view(r, begin(1, {prepared(1, "1"), prepared(6, "x")}));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
  CAF_CHECK_EQUAL(r.core->executed().value(), 4u);
  r.answer_checks();
  r.persist();
  for (const auto& p : r.said<prepare>())
    CAF_CHECK(p.what.view.value() == 0 || p.what.sequence.value() > 4);
}

CAF_TEST(executed blocks are not executed again) {
  lone_replica r{2};
  r.commit_fully(1, "a");
  r.execute();
  change_view(r, begin(1, {prepared(1, "a"), prepared(2, "b")}));
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
  r.forget();
  for (std::uint16_t i : {0, 3}) {
    r.hear(i, lone_replica::prepared_by(i, about(1, "a", 1)));
    r.hear(i, lone_replica::committed_by(i, about(1, "a", 1)));
  }
  r.hear(1, lone_replica::committed_by(1, about(1, "a", 1)));
  r.answer_checks();
  r.persist();
  CAF_CHECK(r.all.executions.empty());
  // Whoever votes for it in the new view is told that it is final.
  CAF_CHECK(!r.said<committed_block>().empty());
  CAF_CHECK_EQUAL(r.core->executed().value(), 1u);
}

CAF_TEST(committed blocks whose execution takes longer than the view execute once) {
  lone_replica r{2};
  r.commit_fully(1, "a");
  r.commit_fully(2, "b");
  CAF_CHECK_EQUAL(r.all.executions.size(), 2u);
  auto c = leave(r, 1);
  CAF_CHECK_EQUAL(c.prepared.size(), 2u);
  install(r, begin(1, c.prepared));
  r.answer_checks();
  r.persist();
  r.execute();
  CAF_CHECK_EQUAL(r.core->executed().value(), 2u);
  CAF_CHECK_EQUAL(r.all.executions.size(), 2u);
}
