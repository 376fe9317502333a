// After a restart: the identical vote or none, and all that was begun ends.
#define CAF_SUITE recovery
#include "tests/suite.hpp"

#include "tests/consensus/cluster.hpp"
#include "tests/consensus/lone_replica.hpp"
#include "tests/consensus/new_views.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

/// A replica that starts with this on its disk.
lone_replica with(std::uint16_t self, const recovered_state& from) {
  return lone_replica{lone_replica::defaults(self), from};
}

recovered_state voted(vote_kind kind, std::uint16_t self) {
  auto s = lone_replica::fresh();
  auto what = lone_replica::about(1, "b");
  s.proposals = {lone_replica::propose(what, "b", 0)};
  s.votes = {{self == 0 ? vote_kind::pre_prepare : vote_kind::prepare, what}};
  if (kind == vote_kind::commit) {
    s.votes.push_back({kind, what});
    s.prepared = {{what,
                   s.proposals[0].signature,
                   {lone_replica::prepared_by(1, what).by, lone_replica::prepared_by(2, what).by}}};
  }
  return s;
}

} // namespace

CAF_TEST(a restarted backup repeats its votes) {
  auto r = with(2, voted(vote_kind::commit, 2));
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK(r.all.persist.empty());
  r.tick_after(1);
  auto what = lone_replica::about(1, "b");
  CAF_REQUIRE_EQUAL(r.said_now<prepare>().size(), 1u);
  CAF_REQUIRE_EQUAL(r.said_now<commit>().size(), 1u);
  CAF_CHECK(r.said_now<prepare>()[0].by == lone_replica::prepared_by(2, what).by);
  CAF_CHECK(r.said_now<commit>()[0].by == lone_replica::committed_by(2, what).by);
  CAF_CHECK_EQUAL(r.counters().retransmissions, 2u);
}

CAF_TEST(a restarted backup votes for nothing else) {
  auto r = with(2, voted(vote_kind::prepare, 2));
  r.hear(0, lone_replica::propose(lone_replica::about(1, "c"), "c", 0));
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK_EQUAL(r.recorded<equivocation_record>().size(), 1u);
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  CAF_CHECK(r.all.checks.empty());
}

CAF_TEST(a vote without its proposal still binds) {
  auto from = voted(vote_kind::prepare, 2);
  from.proposals.clear();
  auto r = with(2, from);
  r.hear(0, lone_replica::propose(lone_replica::about(1, "c"), "c", 0));
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK_EQUAL(r.counters().equivocations, 1u);
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  r.answer_checks();
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "b")));
  CAF_CHECK(!r.recorded_vote(vote_kind::prepare).has_value()); // it was made before
  CAF_CHECK(r.recorded_vote(vote_kind::commit).has_value());
}

CAF_TEST(a restarted primary repeats its proposal and makes no other) {
  auto r = with(0, voted(vote_kind::pre_prepare, 0));
  CAF_CHECK(!r.offer(1, "c"));
  CAF_REQUIRE(!r.all.grants.empty());
  CAF_CHECK_EQUAL(r.all.grants[0].sequence.value(), 2u);
  r.tick_after(1);
  auto said = r.said_now<pre_prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 3u); // one to each
  CAF_CHECK(said[0].what == lone_replica::about(1, "b"));
  CAF_CHECK_EQUAL(*said[0].block, "b");
}

CAF_TEST(a proposal that was written and never said may be replaced) {
  auto from = voted(vote_kind::pre_prepare, 0);
  from.votes.clear();
  auto r = with(0, from);
  r.tick_after(1);
  CAF_CHECK(r.said<pre_prepare>().empty());
  CAF_CHECK(r.offer(1, "c"));
}

CAF_TEST(a proposal without a vote is checked as if new) {
  auto from = voted(vote_kind::prepare, 2);
  from.votes.clear();
  auto r = with(2, from);
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(r.all.checks[0].fresh);
  CAF_CHECK(r.said<prepare>().empty());
  r.answer_checks();
  CAF_CHECK(r.recorded_vote(vote_kind::prepare).has_value());
}

CAF_TEST(tallies go on after a restart) {
  auto r = with(2, voted(vote_kind::commit, 2));
  auto what = lone_replica::about(1, "b");
  r.hear(0, lone_replica::committed_by(0, what));
  CAF_CHECK(r.all.executions.empty());
  r.hear(3, lone_replica::committed_by(3, what));
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
}

CAF_TEST(what was prepared gets its commit even if only the certificate was written) {
  auto from = voted(vote_kind::commit, 2);
  from.votes.pop_back();
  auto r = with(2, from);
  CAF_CHECK(r.recorded_vote(vote_kind::commit).has_value());
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 0u);
}

CAF_TEST(votes of an earlier view are not repeated) {
  auto from = voted(vote_kind::commit, 2);
  from.view = view(1);
  from.new_view = first_new_view(4, 1);
  auto r = with(2, from);
  r.tick_after(1);
  CAF_CHECK(r.said<prepare>().empty());
  CAF_CHECK(r.said<commit>().empty());
  r.hear(1, lone_replica::propose(lone_replica::about(1, "c", 1), "c", 1));
  CAF_CHECK_EQUAL(r.all.checks.size(), 1u);
}

CAF_TEST(final blocks above the executed ones are executed again) {
  lone_replica source{1};
  auto from = lone_replica::fresh();
  for (std::uint64_t n : {4, 1, 2, 3, 6})
    from.committed.push_back(source.proven(n, std::to_string(n)));
  from.executed = seq(2);
  from.chain = hash("the chain up to 2");
  auto r = with(2, from);
  CAF_REQUIRE_EQUAL(r.all.executions.size(), 2u);
  CAF_CHECK_EQUAL(r.all.executions[0].sequence.value(), 3u);
  CAF_CHECK(r.all.executions[0].chain == chain_next(from.chain, hash("3")));
  CAF_CHECK(r.all.executions[1].checkpoint);
  CAF_CHECK_EQUAL(r.core->committed().value(), 4u);
  CAF_CHECK(r.all.persist.empty());
  // The own checkpoint at 4 comes as usual.
  r.execute();
  r.checkpointed(4, "s");
  CAF_CHECK_EQUAL(r.said<checkpoint>().size(), 1u);
}

CAF_TEST(final blocks above the window are executed too) {
  lone_replica source{1};
  auto from = lone_replica::fresh();
  from.executed = seq(8);
  for (std::uint64_t n : {10, 9, 12})
    from.committed.push_back(source.proven(n, std::to_string(n)));
  auto r = with(2, from);
  CAF_CHECK_EQUAL(r.core->committed().value(), 10u);
  CAF_CHECK_EQUAL(r.all.executions.size(), 2u);
  r.hear(1, r.proven(11, "11"));
  CAF_CHECK_EQUAL(r.core->committed().value(), 12u);
}

CAF_TEST(the own checkpoint is said again after a restart) {
  auto from = lone_replica::fresh();
  from.executed = seq(8);
  auto r = with(2, from);
  r.checkpointed(8, "s");
  auto said = r.said<checkpoint>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0].by == lone_replica::checkpoint_by(2, 8, "s").by);
  r.checkpointed(8, "s");
  for (int i = 0; i < 5; ++i)
    r.tick_after(300);
  CAF_CHECK(r.said<checkpoint>().size() > 2);
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::checkpoint_by(i, 8, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 8u);
}

CAF_TEST(a stable proof ahead of the own state makes a replica fetch) {
  auto from = lone_replica::fresh();
  from.stable.what = {seq(16), hash("s")};
  for (std::uint16_t i : {0, 1, 3})
    from.stable.proof.push_back(lone_replica::checkpoint_by(i, 16, "s").by);
  from.executed = seq(4);
  auto r = with(2, from);
  auto asked = r.said<fetch_blocks>();
  CAF_REQUIRE_EQUAL(asked.size(), 1u);
  CAF_CHECK_EQUAL(asked[0].from.value(), 5u);
  CAF_CHECK_EQUAL(asked[0].to.value(), 16u);
  // It votes meanwhile: the others may need it.
  r.hear(0, lone_replica::propose(lone_replica::about(17, "b"), "b", 0));
  r.answer_checks();
  CAF_CHECK(r.recorded_vote(vote_kind::prepare).has_value());
}

CAF_TEST(a primary without the blocks below its window waits) {
  auto from = lone_replica::fresh();
  from.stable.what = {seq(4), hash("s")};
  for (std::uint16_t i : {1, 2, 3})
    from.stable.proof.push_back(lone_replica::checkpoint_by(i, 4, "s").by);
  auto r = with(0, from);
  CAF_CHECK(r.all.grants.empty());
  for (std::uint64_t n = 1; n <= 4; ++n)
    r.hear(1, r.proven(n, std::to_string(n)));
  CAF_CHECK(r.all.grants.empty());
  r.execute();
  CAF_REQUIRE(!r.all.grants.empty());
  CAF_CHECK_EQUAL(r.all.grants[0].sequence.value(), 5u);
}

// -- in a cluster ---------------------------------------------------------------------------------

// One slot, all four stopped at every possible moment and started again: it ends by itself if
// anyone had heard of it.
CAF_TEST(all restart at any moment and what was begun ends) {
  for (std::uint64_t step = 0; step < 300; ++step) {
    cluster_options o;
    o.seed = 77 + step / 60;
    cluster c{o};
    c.load(3);
    // 50 us apart: the three blocks take some 10 ms.
    for (std::uint64_t i = 0; i < step % 60; ++i)
      c.run_for_us(250);
    for (std::uint16_t i = 0; i < 4; ++i)
      c.crash(i);
    std::uint64_t begun = 0;
    for (const auto& [key, what] : c.disk(0).votes)
      begun = std::max(begun, what.sequence.value());
    c.load(0);
    for (std::uint16_t i = 0; i < 4; ++i)
      c.restart(i);
    if (!c.run_until([&] { return c.all_executed() >= begun; }, 2000) || !c.violations().empty())
      CAF_FAIL("step " + std::to_string(step) + ", begun " + std::to_string(begun) + ": "
               + c.describe());
    CAF_CHECK(c.all_executed() <= 3);
  }
}

CAF_TEST(all restart with a full window and no checkpoint stable) {
  cluster_options o;
  cluster c{o};
  c.filter = [](std::uint16_t, std::uint16_t, const peer_message& m) {
    return !std::holds_alternative<checkpoint>(m);
  };
  c.load(100);
  c.run_for(1000);
  CAF_CHECK_EQUAL(c.all_executed(), 8u); // the window
  for (std::uint16_t i = 0; i < 4; ++i)
    c.crash(i);
  c.heal();
  for (std::uint16_t i = 0; i < 4; ++i)
    c.restart(i);
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 100; }, 5000));
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(2f plus 1 go on while the others are down and are joined by them) {
  for (std::uint16_t n : {4, 7, 10}) {
    cluster_options o;
    o.n = n;
    cluster c{o};
    auto f = cluster_size{n}.f();
    for (std::uint16_t i = 0; i < f; ++i)
      c.crash(static_cast<std::uint16_t>(n - 1 - i));
    c.load(40);
    CAF_CHECK(c.run_until([&] { return c.executed(0) >= 40; }, 3000));
    for (std::uint16_t i = 0; i < n; ++i)
      c.restart(i);
    CAF_CHECK(c.run_until([&] { return c.all_executed() >= 40; }, 3000));
    CAF_CHECK_EQUAL(c.violations().size(), 0u);
  }
}
