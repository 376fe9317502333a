// A replica that missed decisions: fetching blocks, proposals and stable proofs.
#define CAF_SUITE catch_up
#include "tests/suite.hpp"

#include "consensus/catch_up.hpp"
#include "consensus/certificates.hpp"
#include "tests/consensus/cluster.hpp"
#include "tests/consensus/lone_replica.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr std::uint64_t ms = 1'000'000;

committed_block block_at(std::uint64_t n) {
  return {{{view(0), seq(n), hash(std::to_string(n))}, {}}, share(std::to_string(n))};
}

/// What it asks, if it has executed all that it was given.
std::optional<catch_up::ask> ask(catch_up& c, std::uint64_t at_ms, std::uint64_t executed,
                                 std::uint64_t proven = 0) {
  return c.next(at_ms * ms, seq(executed), seq(executed), seq(proven));
}

} // namespace

CAF_TEST(votes are waited for before blocks are fetched) {
  catch_up c{replica(2), {4}, 100};
  CAF_CHECK(!ask(c, 0, 0));
  c.on_told(replica(1), seq(3));
  CAF_CHECK(!ask(c, 10, 0));
  CAF_CHECK(!ask(c, 109, 0));
  CAF_CHECK(!ask(c, 109, 1)); // the votes did come
  CAF_CHECK(!ask(c, 200, 1));
  auto a = ask(c, 209, 1);
  CAF_REQUIRE(a.has_value());
  CAF_CHECK_EQUAL(a->whom.value(), 1u);
  CAF_CHECK_EQUAL(a->what.from.value(), 2u);
  CAF_CHECK_EQUAL(a->what.to.value(), 3u);
  CAF_CHECK(!ask(c, 220, 2)); // one question at a time
  CAF_CHECK(!ask(c, 230, 3));
}

CAF_TEST(who is far behind asks at once and goes on asking) {
  catch_up c{replica(2), {4}, 100};
  c.on_told(replica(0), seq(100));
  CAF_CHECK(!ask(c, 0, 0)); // one may lie
  c.on_told(replica(1), seq(90));
  std::uint64_t executed = 0;
  int questions = 0;
  while (auto a = ask(c, 1, executed)) {
    CAF_CHECK_EQUAL(a->what.from.value(), executed + 1);
    CAF_CHECK(a->what.to.value() - executed <= catch_up::max_blocks);
    executed = a->what.to.value();
    ++questions;
  }
  CAF_CHECK_EQUAL(executed, 96u); // past what is credible; the rest may be a lie
  CAF_CHECK_EQUAL(questions, 3);
}

CAF_TEST(a stable proof beyond the own log is fetched at once) {
  catch_up c{replica(2), {4}, 100};
  c.on_told(replica(3), seq(8));
  auto a = ask(c, 0, 3, 8);
  CAF_REQUIRE(a.has_value());
  CAF_CHECK_EQUAL(a->whom.value(), 3u);
  CAF_CHECK_EQUAL(a->what.from.value(), 4u);
  CAF_CHECK_EQUAL(a->what.to.value(), 8u);
}

CAF_TEST(peers take turns when they do not answer) {
  catch_up c{replica(2), {7}, 100};
  for (std::uint64_t i : {0, 1, 4, 5})
    c.on_told(replica(i), seq(100));
  c.on_told(replica(3), seq(0));
  std::vector<std::uint16_t> asked;
  for (std::uint64_t t = 0; t < 500; t += 10)
    if (auto a = ask(c, t, 50))
      asked.push_back(a->whom.value());
  CAF_CHECK_EQUAL(asked, (std::vector<std::uint16_t>{0, 1, 4, 5, 0}));
}

CAF_TEST(execution must keep up) {
  catch_up c{replica(2), {4}, 100};
  for (std::uint64_t i : {0, 1})
    c.on_told(replica(i), seq(1000));
  CAF_CHECK(c.next(0, seq(0), seq(100), seq(0)).has_value());
  auto a = c.next(0, seq(0), seq(127), seq(0)); // 128 ahead at most
  CAF_CHECK(!a);
  a = c.next(200 * ms, seq(0), seq(127), seq(0));
  CAF_REQUIRE(a.has_value());
  CAF_CHECK_EQUAL(a->what.to.value(), 128u);
  CAF_CHECK(!c.next(400 * ms, seq(0), seq(128), seq(0)).has_value());
}

CAF_TEST(blocks are held for their turn) {
  catch_up c{replica(2), {4}, 100};
  CAF_CHECK(c.hold(seq(0), block_at(5)));
  CAF_CHECK(!c.hold(seq(0), block_at(5)));
  CAF_CHECK(c.hold(seq(0), block_at(128)));
  CAF_CHECK(!c.hold(seq(0), block_at(129)));
  CAF_CHECK(!c.hold(seq(7), block_at(7)));
  CAF_CHECK(!c.hold(seq(7), block_at(0)));
  CAF_CHECK(c.holds(seq(5)));
  for (std::uint64_t i : {0, 1})
    c.on_told(replica(i), seq(100));
  auto a = ask(c, 0, 0);
  CAF_REQUIRE(a.has_value());
  CAF_CHECK_EQUAL(a->what.to.value(), 4u); // up to the gap's end
  CAF_CHECK(!c.take(seq(4)));
  CAF_CHECK(c.take(seq(5)).has_value());
  CAF_CHECK(!c.take(seq(6)));
}

// -- in the core ----------------------------------------------------------------------------------

CAF_TEST(proven blocks are taken in any order and executed in sequence) {
  lone_replica r{2};
  r.hear(1, r.proven(3, "c"));
  r.hear(1, r.proven(20, "far")); // beyond the window
  r.hear(0, r.proven(2, "b"));
  r.hear(3, r.proven(2, "b"));
  CAF_CHECK(r.all.executions.empty());
  CAF_CHECK_EQUAL(r.counters().fetched_blocks, 3u);
  r.hear(3, r.proven(1, "a"));
  CAF_CHECK_EQUAL(r.all.executions.size(), 3u);
  CAF_CHECK_EQUAL(r.recorded<committed_record>().size(), 4u);
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 12u);
}

CAF_TEST(commits that were verified before are not verified again) {
  lone_replica r{2};
  auto what = r.prepare_fully(1, "b");
  r.hear(0, lone_replica::committed_by(0, what));
  r.hear(1, r.proven(1, "b")); // of 0, 1 and 2; its own it knows
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 1u + 1u + 2u);
}

CAF_TEST(a proposal that f plus 1 vote for is asked for) {
  lone_replica r{2};
  auto what = lone_replica::about(1, "b");
  r.hear(3, lone_replica::prepared_by(3, what));
  for (int i = 0; i < 10; ++i)
    r.tick_after(60);
  CAF_CHECK(r.said<fetch_proposal>().empty());
  r.hear(1, lone_replica::committed_by(1, what));
  r.tick_after(60);
  CAF_CHECK(r.said<fetch_proposal>().empty()); // it may be on its way
  r.tick_after(63);
  CAF_REQUIRE_EQUAL(r.all.now.size(), 3u); // and two of progress
  CAF_REQUIRE_EQUAL(r.said<fetch_proposal>().size(), 1u);
  CAF_CHECK(r.said<fetch_proposal>()[0].what == what);
  std::set<std::uint16_t> asked;
  for (int i = 0; i < 30; ++i)
    r.tick_after(60);
  for (const auto& s : r.all.now)
    if (std::holds_alternative<fetch_proposal>(s.what))
      asked.insert(s.to.value().value());
  CAF_CHECK_EQUAL(asked, (std::set<std::uint16_t>{1, 3})); // who voted for it
  r.hear(1, lone_replica::propose(what, "b", 0));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  // f+1 have voted: the clock no longer matters.
  CAF_CHECK(!r.all.checks[0].fresh);
  r.forget();
  r.tick_after(10'000);
  CAF_CHECK(r.said<fetch_proposal>().empty());
}

CAF_TEST(the primary does not give its proposal away before it is durable) {
  lone_replica r{0};
  r.offer(1, "b");
  r.hear(1, fetch_proposal{lone_replica::about(1, "b")});
  CAF_CHECK(r.said_now<pre_prepare>().empty());
  r.persist();
  r.hear(1, fetch_proposal{lone_replica::about(1, "b")});
  CAF_CHECK_EQUAL(r.said_now<pre_prepare>().size(), 1u);
}

CAF_TEST(a peer that repeats its vote for a final slot is given the block) {
  lone_replica r{2};
  auto what = r.commit_fully(1, "b");
  r.forget();
  r.hear(0, lone_replica::committed_by(0, what)); // merely late
  r.hear(3, lone_replica::committed_by(3, what)); // had counted
  CAF_CHECK(r.said<committed_block>().size() <= 1);
  r.forget();
  r.tick_after(300);
  r.forget();
  r.hear(0, lone_replica::committed_by(0, what));
  auto given = r.said<committed_block>();
  CAF_REQUIRE_EQUAL(given.size(), 1u);
  CAF_CHECK(valid(given[0].certificate, r.size(), *r.auth));
  r.hear(0, lone_replica::committed_by(0, what));
  CAF_CHECK_EQUAL(r.said<committed_block>().size(), 1u);
}

CAF_TEST(progress is told when it is due) {
  lone_replica r{2};
  for (int i = 0; i < 100; ++i)
    r.tick_after(50);
  auto told = r.said<progress>();
  CAF_CHECK_EQUAL(told.size(), 10u);
  r.commit_fully(1, "b");
  r.execute();
  r.forget();
  r.tick_after(500);
  told = r.said<progress>();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0].executed.value(), 1u);
  CAF_CHECK_EQUAL(told[0].stable.value(), 0u);
  r.hear(3, progress{view(0), seq(4), seq(7)});
  r.hear(3, progress{view(0), seq(4), seq(5)}); // overtaken on the way
  auto executed = r.core->peers_executed();
  CAF_CHECK_EQUAL(executed[2].value(), 1u);
  CAF_CHECK_EQUAL(executed[3].value(), 7u);
}

CAF_TEST(a peer that comes back hears the open votes at once) {
  lone_replica r{2};
  r.hear(3, progress{});
  r.prepare_fully(1, "b");
  for (int i = 0; i < 100; ++i)
    r.tick_after(62); // by now votes are repeated every 2 s
  while (r.said<commit>().empty() || r.said<commit>().size() > 1) {
    r.forget();
    r.tick_after(62);
  }
  r.forget();
  r.tick_after(62);
  CAF_CHECK(r.said<commit>().empty());
  r.hear(3, progress{});
  r.tick_after(62);
  CAF_CHECK_EQUAL(r.said<commit>().size(), 1u);
  r.hear(3, progress{});
  r.forget();
  r.tick_after(62);
  CAF_CHECK(r.said<commit>().empty());
}

CAF_TEST(votes are repeated at doubling intervals) {
  lone_replica r{2};
  r.prepare_fully(1, "b");
  r.forget();
  std::vector<std::uint64_t> at;
  for (std::uint64_t t = 50; t <= 8000; t += 50) {
    r.tick_after(50);
    if (!r.said<commit>().empty())
      at.push_back(t);
    CAF_CHECK_EQUAL(r.said<commit>().size(), r.said<prepare>().size());
    r.forget();
  }
  CAF_CHECK_EQUAL(at, (std::vector<std::uint64_t>{250, 500, 1000, 2000, 4000, 6000, 8000}));
  r.hear(1, r.proven(1, "b"));
  r.tick_after(10'000);
  CAF_CHECK(r.said<commit>().empty()); // it is final
}

CAF_TEST(the primary repeats its proposal to those who have not voted) {
  lone_replica r{0};
  auto what = r.accept(1, "b");
  r.hear(3, lone_replica::prepared_by(3, what));
  r.forget();
  r.tick_after(250);
  std::vector<std::uint16_t> to;
  for (const auto& s : r.all.now)
    if (std::holds_alternative<pre_prepare>(s.what))
      to.push_back(s.to.value().value());
  CAF_CHECK_EQUAL(to, (std::vector<std::uint16_t>{1, 2}));
}

CAF_TEST(a peer with an old stable checkpoint is given the proof) {
  lone_replica r{2};
  for (std::uint16_t i : {0, 1, 3})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "s"));
  r.forget();
  r.hear(1, progress{view(0), seq(4), seq(4)});
  CAF_CHECK(r.said<checkpoint>().empty());
  r.hear(1, progress{view(0), seq(0), seq(3)});
  r.hear(1, progress{view(0), seq(0), seq(3)});
  auto proof = r.said<checkpoint>();
  CAF_REQUIRE_EQUAL(proof.size(), 3u);
  // ... and from that alone it is stable there.
  lone_replica other{1};
  for (const auto& c : proof)
    other.hear(2, c);
  CAF_CHECK_EQUAL(other.core->stable().what.sequence.value(), 4u);
  CAF_CHECK(!other.said<fetch_blocks>().empty()); // at once: it is behind
}

CAF_TEST(forged checkpoints that are forwarded do not push out true ones) {
  lone_replica r{2};
  r.hear(0, lone_replica::checkpoint_by(0, 4, "s"));
  for (std::uint16_t i : {0, 1, 3}) {
    auto forged = lone_replica::checkpoint_by(i, 4, "forged");
    forged.by.signature.data[0] ^= 1;
    r.hear(i == 3 ? 1 : 3, forged);
  }
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 3u);
  r.hear(1, lone_replica::checkpoint_by(1, 4, "s"));
  r.hear(3, lone_replica::checkpoint_by(3, 4, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
}

CAF_TEST(a signer of the proof who says something else meanwhile does not spoil it) {
  lone_replica r{2};
  // Replica 1 signed 4 with the others, but tells this one other things only.
  r.hear(1, lone_replica::checkpoint_by(1, 4, "x"));
  for (std::uint64_t n : {400, 8000, 123'456})
    r.hear(1, lone_replica::checkpoint_by(1, n, "x"));
  r.hear(1, lone_replica::checkpoint_by(1, 4, "x"));
  // Replica 3 forwards what made it stable there: of 0, of 1 and its own.
  r.hear(3, lone_replica::checkpoint_by(0, 4, "s"));
  r.hear(3, lone_replica::checkpoint_by(1, 4, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
  r.hear(3, lone_replica::checkpoint_by(3, 4, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
  CAF_CHECK(valid(r.core->stable(), r.size(), *r.auth));
}

CAF_TEST(a forwarded signature is verified once and counts once) {
  lone_replica r{2};
  for (std::uint16_t from : {0, 1, 3, 0, 1})
    for (std::uint16_t by : {0, 1})
      r.hear(from, lone_replica::checkpoint_by(by, 4, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
  CAF_CHECK(r.counters().signatures_verified <= 2);
}

CAF_TEST(a state that contradicts 2f plus 1 others is noticed) {
  lone_replica r{2};
  for (std::uint64_t n = 1; n <= 4; ++n)
    r.commit_fully(n, std::to_string(n));
  r.execute();
  r.checkpointed(4, "mine");
  for (std::uint16_t i : {0, 1, 3})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "theirs"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
  CAF_CHECK_EQUAL(r.counters().diverged, 1u);
}

// -- in a cluster ---------------------------------------------------------------------------------

CAF_TEST(a replica that missed everything catches up) {
  cluster_options o;
  cluster c{o};
  c.isolate(2);
  c.load(500);
  CAF_REQUIRE(c.run_until([&] { return c.executed(0) >= 500; }, 20'000));
  CAF_CHECK_EQUAL(c.executed(2), 0u);
  c.heal();
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 500; }, 3000));
  CAF_CHECK(c.core(2).counters().fetched_blocks >= 450);
  CAF_CHECK(c.run_until([&] { return c.core(2).stable().what.sequence.value() >= 500; }, 1000));
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(a replica that missed everything catches up under load) {
  cluster_options o;
  cluster c{o};
  c.isolate(2);
  c.load(100'000);
  c.run_for(1000);
  c.heal();
  auto gap = c.executed(0);
  CAF_CHECK(gap > 200);
  CAF_CHECK(c.run_until([&] { return c.executed(2) + 8 >= c.executed(0); }, 3000));
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(lost commits are repaired without new blocks) {
  cluster_options o;
  cluster c{o};
  // Replica 3 gets no commit, ever; the rest is through long before it asks.
  c.filter = [](std::uint16_t, std::uint16_t to, const peer_message& m) {
    return to != 3 || !std::holds_alternative<commit>(m);
  };
  c.load(1);
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 1; }, 500));
  CAF_CHECK_EQUAL(c.core(3).counters().fetched_blocks, 1u);
}
