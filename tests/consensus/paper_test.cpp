// A test per sentence of Castro and Liskov, "Practical Byzantine Fault Tolerance" (OSDI 1999),
// section 4.2; the sentence stands above its test. Where we differ, the test says so.
#define CAF_SUITE paper
#include "tests/suite.hpp"

#include "consensus/certificates.hpp"
#include "tests/consensus/paper.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

// -- section 4.2: normal-case operation -----------------------------------------------------------

// "The primary starts the protocol immediately unless the number of messages for which the protocol
// is in progress exceeds a given maximum."
CAF_TEST(4_2 the primary starts unless too many are in progress) {
  auto o = lone_replica::defaults(primary_id);
  o.max_in_flight = 3;
  lone_replica r{o, lone_replica::fresh()};
  CAF_REQUIRE_EQUAL(r.all.grants.size(), 3u);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CAF_CHECK_EQUAL(r.all.grants[n - 1].sequence.value(), n);
    r.accept(n, "block " + std::to_string(n));
  }
  CAF_CHECK_EQUAL(r.all.grants.size(), 3u);
  // In progress until executed, not only until committed.
  r.commit_fully(1, "block 1");
  CAF_CHECK_EQUAL(r.all.grants.size(), 3u);
  r.execute();
  CAF_REQUIRE_EQUAL(r.all.grants.size(), 4u);
  CAF_CHECK_EQUAL(r.all.grants[3].sequence.value(), 4u);
}

// "In the pre-prepare phase, the primary assigns a sequence number, n, to the request, multicasts a
// pre-prepare message with m piggybacked to all the backups, and appends the message to its log."
CAF_TEST(4_2 the primary multicasts a pre_prepare with the block and logs it first) {
  lone_replica r{primary_id};
  CAF_CHECK(r.offer(1, "b"));
  CAF_CHECK_EQUAL(r.said_now<pre_prepare>().size(), 0u);
  CAF_REQUIRE_EQUAL(r.all.after_persist.size(), 1u);
  CAF_CHECK(!r.all.after_persist[0].to.has_value());
  auto said = r.said<pre_prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0].what == lone_replica::about(1, "b"));
  CAF_CHECK_EQUAL(*said[0].block, "b");
  CAF_CHECK(r.auth->verify(replica(0), purpose::pre_prepare, signed_bytes(said[0].what),
                           said[0].signature));
  CAF_CHECK_EQUAL(r.recorded<proposal_record>().size(), 1u);
  CAF_CHECK(r.recorded_vote(vote_kind::pre_prepare).has_value());
}

CAF_TEST(4_2 the primary assigns one block to a sequence number) {
  lone_replica r{primary_id};
  CAF_CHECK(r.offer(1, "b"));
  CAF_CHECK(!r.offer(1, "c"));
  CAF_CHECK(!r.offer(99, "c"));
}

// "A backup accepts a pre-prepare message provided: the signatures in the request and the
// pre-prepare message are correct and d is the digest for m;" (the requests' signatures are what
// the check answers for)
CAF_TEST(4_2 a backup accepts a pre_prepare with a correct signature) {
  lone_replica r{backup_id};
  auto what = lone_replica::about(1, "b");
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(what, "b", 1)), 0u);
  CAF_CHECK_EQUAL(r.counters().not_from_primary, 1u);
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 1u);
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(what, "b", 0)), 1u);
}

CAF_TEST(4_2 a backup computes the digest itself) {
  lone_replica r{backup_id};
  auto what = lone_replica::about(1, "b");
  auto m = lone_replica::propose(what, "b", 0);
  m.block = share("something else");
  CAF_CHECK_EQUAL(prepares_after(r, m), 0u);
  m.block = nullptr;
  CAF_CHECK_EQUAL(prepares_after(r, m), 0u);
  CAF_CHECK_EQUAL(r.counters().wrong_hashes, 2u);
  // The signed digest with its true block is still welcome.
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(what, "b", 0)), 1u);
}

CAF_TEST(4_2 a backup votes only for what it has validated) {
  lone_replica r{backup_id};
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  CAF_REQUIRE_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK(r.all.checks[0].fresh);
  CAF_CHECK_EQUAL(*r.all.checks[0].block, "b");
  r.persist();
  CAF_CHECK_EQUAL(r.said<prepare>().size(), 0u);
  r.answer_checks(false);
  r.persist();
  CAF_CHECK_EQUAL(r.said<prepare>().size(), 0u);
  CAF_CHECK_EQUAL(r.counters().rejected_proposals, 1u);
  // Asked once; a second answer changes nothing.
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  CAF_CHECK_EQUAL(r.all.checks.size(), 1u);
  r.answer(lone_replica::about(1, "b"), true);
  r.persist();
  CAF_CHECK_EQUAL(r.said<prepare>().size(), 0u);
}

// "... it is in view v;"
CAF_TEST(4_2 a backup accepts a pre_prepare of its view only) {
  lone_replica r{backup_id, 4, 5}; // the primary of view 5 is replica 1
  for (std::uint64_t v : {0u, 1u, 4u, 6u, 9u})
    CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(1, "b", v), "b",
                                                            static_cast<std::uint16_t>(v % 4))),
                    0u);
  CAF_CHECK_EQUAL(r.counters().wrong_view, 5u);
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(1, "b", 5), "b", 1)),
                  1u);
}

// "... it has not accepted a pre-prepare message for view v and sequence number n containing a
// different digest;"
CAF_TEST(4_2 a backup accepts one pre_prepare for a view and sequence number) {
  lone_replica r{backup_id};
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(1, "b"), "b", 0)),
                  1u);
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(1, "c"), "c", 0)),
                  1u);
  CAF_CHECK_EQUAL(r.all.checks.size(), 1u);
  CAF_CHECK_EQUAL(r.counters().equivocations, 1u);
  auto evidence = r.recorded<equivocation_record>();
  CAF_REQUIRE_EQUAL(evidence.size(), 1u);
  const auto& e = evidence[0].what;
  CAF_CHECK(e.first == lone_replica::about(1, "b"));
  CAF_CHECK(e.second == lone_replica::about(1, "c"));
  for (const auto& [what, sig] :
       {std::pair{e.first, e.first_signature}, std::pair{e.second, e.second_signature}})
    CAF_CHECK(r.auth->verify(replica(0), purpose::pre_prepare, signed_bytes(what), sig));
}

// "... the sequence number in the pre-prepare message is between a low water mark, h, and a high
// water mark, H. The last condition prevents a faulty primary from exhausting the space of sequence
// numbers by selecting a very large one."
CAF_TEST(4_2 a backup accepts a pre_prepare between the water marks only) {
  lone_replica r{backup_id}; // h = 0, H = 8
  for (std::uint64_t n : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{1} << 40,
                          ~std::uint64_t{0}, ~std::uint64_t{0} - 7})
    CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(n, "b"), "b", 0)),
                    0u);
  CAF_CHECK_EQUAL(r.counters().outside_watermarks, 5u);
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(8, "b"), "b", 0)),
                  1u);
  CAF_CHECK_EQUAL(prepares_after(r, lone_replica::propose(lone_replica::about(1, "a"), "a", 0)),
                  2u);
}

// "If backup i accepts the pre-prepare message, it enters the prepare phase by multicasting a
// prepare message to all other replicas and adds both messages to its log."
CAF_TEST(4_2 a backup logs pre_prepare and prepare before it multicasts its prepare) {
  lone_replica r{backup_id};
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  r.answer_checks();
  CAF_CHECK_EQUAL(r.recorded<proposal_record>().size(), 1u);
  auto vote = r.recorded_vote(vote_kind::prepare);
  CAF_REQUIRE(vote.has_value());
  CAF_CHECK(vote->what == lone_replica::about(1, "b"));
  CAF_CHECK_EQUAL(r.said_now<prepare>().size(), 0u);
  auto said = r.said<prepare>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0].what == vote->what);
  CAF_CHECK_EQUAL(said[0].by.replica.value(), backup_id);
}

// "Otherwise, it does nothing."
CAF_TEST(4_2 what a backup does not accept it does nothing about) {
  lone_replica r{backup_id};
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 3));
  r.hear(0, lone_replica::propose(lone_replica::about(99, "b"), "b", 0));
  CAF_CHECK(r.all.empty());
}

// "A replica (including the primary) accepts prepare messages and adds them to its log provided
// their signatures are correct, their view number equals the replica's current view, and their
// sequence number is between h and H."
CAF_TEST(4_2 prepares need a correct signature and the view and the water marks) {
  lone_replica r{primary_id};
  auto what = r.accept(1, "b");
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "b", 1)));
  CAF_CHECK_EQUAL(r.counters().wrong_view, 1u);
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(9, "b")));
  CAF_CHECK_EQUAL(r.counters().outside_watermarks, 1u);
  auto bad = lone_replica::prepared_by(1, what);
  bad.by.signature.data[0] ^= 1;
  r.hear(1, bad);
  r.hear(2, lone_replica::prepared_by(2, what));
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 1u);
  CAF_CHECK(r.recorded<prepared_record>().empty());
  // The bad one does not stand in the way of a good one of the same replica.
  r.hear(1, lone_replica::prepared_by(1, what));
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

// "... the predicate prepared(m, v, n, i) to be true if and only if replica i has inserted in its
// log: the request m, a pre-prepare for m in view v with sequence number n, and 2f prepares from
// different backups that match the pre-prepare."
CAF_TEST(4_2 prepared takes the pre_prepare and 2f prepares of different backups) {
  for (std::uint16_t n : {4, 7, 10}) {
    lone_replica r{backup_id, n};
    auto what = r.accept(1, "b"); // its own prepare is one of them
    auto backups = r.other_backups();
    auto f = r.size().f();
    for (int i = 0; i < 2 * f - 1; ++i) {
      CAF_CHECK(r.recorded<prepared_record>().empty());
      r.hear(backups[i], lone_replica::prepared_by(backups[i], what));
      r.hear(backups[i], lone_replica::prepared_by(backups[i], what)); // counts once
    }
    auto records = r.recorded<prepared_record>();
    CAF_REQUIRE_EQUAL(records.size(), 1u);
    CAF_CHECK(valid(records[0].what, r.size(), *r.auth));
  }
}

CAF_TEST(4_2 the prepare of the primary does not count) {
  lone_replica r{backup_id};
  auto what = r.accept(1, "b");
  r.hear(0, lone_replica::prepared_by(0, what));
  CAF_CHECK(r.recorded<prepared_record>().empty());
  CAF_CHECK_EQUAL(r.counters().bad_senders, 1u);
}

CAF_TEST(4_2 without the pre_prepare nothing is prepared) {
  lone_replica r{backup_id};
  auto what = lone_replica::about(1, "b");
  r.hear(1, lone_replica::prepared_by(1, what));
  r.hear(3, lone_replica::prepared_by(3, what));
  CAF_CHECK(r.recorded<prepared_record>().empty());
  // ... but they are kept for it.
  r.accept(1, "b");
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

CAF_TEST(4_2 the own prepare counts once it is durable) {
  lone_replica r{backup_id};
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  r.answer_checks();
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "b")));
  CAF_CHECK(r.recorded<prepared_record>().empty());
  r.persist();
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

CAF_TEST(4_2 the own pre_prepare counts once it is durable) {
  lone_replica r{primary_id};
  r.offer(1, "b");
  for (std::uint16_t i : {1, 2, 3})
    r.hear(i, lone_replica::prepared_by(i, lone_replica::about(1, "b")));
  CAF_CHECK(r.recorded<prepared_record>().empty());
  r.persist();
  CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
}

CAF_TEST(4_2 a replica commits only to what it has validated) {
  lone_replica r{backup_id};
  auto what = lone_replica::about(1, "b");
  r.hear(0, lone_replica::propose(what, "b", 0));
  for (std::uint16_t i : {1, 3})
    r.hear(i, lone_replica::prepared_by(i, what));
  r.persist();
  CAF_CHECK(r.all.persist.empty());
  r.answer_checks();
  CAF_CHECK(r.recorded_vote(vote_kind::prepare).has_value());
  CAF_CHECK(r.recorded_vote(vote_kind::commit).has_value());
}

// "The replicas verify whether the prepares match the pre-prepare by checking that they have the
// same view, sequence number, and digest."
CAF_TEST(4_2 prepares for another digest do not match) {
  lone_replica r{backup_id};
  r.accept(1, "b");
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "c")));
  r.hear(3, lone_replica::prepared_by(3, lone_replica::about(2, "b")));
  CAF_CHECK(r.recorded<prepared_record>().empty());
}

// "Replica i multicasts a commit to the other replicas when prepared(m, v, n, i) becomes true."
CAF_TEST(4_2 a prepared replica logs the certificate and multicasts a commit) {
  for (std::uint16_t self : {primary_id, backup_id}) {
    lone_replica r{self};
    auto what = r.accept(1, "b");
    CAF_CHECK(r.said<commit>().empty());
    for (auto i : r.other_backups())
      r.hear(i, lone_replica::prepared_by(i, what));
    CAF_CHECK_EQUAL(r.recorded<prepared_record>().size(), 1u);
    CAF_CHECK(r.recorded_vote(vote_kind::commit).has_value());
    CAF_CHECK(r.said_now<commit>().empty());
    auto said = r.said<commit>();
    CAF_REQUIRE_EQUAL(said.size(), 1u);
    CAF_CHECK(said[0].what == what);
    CAF_CHECK_EQUAL(said[0].by.replica.value(), self);
  }
}

// "Replicas accept commit messages and insert them in their log provided they are properly signed,
// the view number in the message is equal to the replica's current view, and the sequence number is
// between h and H"
CAF_TEST(4_2 commits need a correct signature and the view and the water marks) {
  lone_replica r{backup_id};
  auto what = r.prepare_fully(1, "b");
  r.hear(0, lone_replica::committed_by(0, lone_replica::about(1, "b", 3)));
  CAF_CHECK_EQUAL(r.counters().wrong_view, 1u);
  r.hear(0, lone_replica::committed_by(0, lone_replica::about(0, "b")));
  CAF_CHECK_EQUAL(r.counters().outside_watermarks, 1u);
  auto bad = lone_replica::committed_by(0, what);
  bad.by.signature = lone_replica::prepared_by(0, what).by.signature; // for another purpose
  r.hear(0, bad);
  r.hear(1, lone_replica::committed_by(1, what));
  CAF_CHECK_EQUAL(r.counters().bad_signatures, 1u);
  CAF_CHECK(r.all.executions.empty());
  r.hear(3, lone_replica::committed_by(3, what));
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
}

// "... committed-local(m, v, n, i) is true if and only if prepared(m, v, n, i) is true and i has
// accepted 2f+1 commits (possibly including its own) from different replicas that match the
// pre-prepare for m"
CAF_TEST(4_2 committed takes 2f plus 1 commits with the own) {
  for (std::uint16_t n : {4, 7, 10}) {
    lone_replica r{backup_id, n};
    auto what = r.prepare_fully(1, "b");
    auto others = r.other_backups();
    for (int i = 0; i < 2 * r.size().f(); ++i) {
      CAF_CHECK(r.all.executions.empty());
      r.hear(others[i], lone_replica::committed_by(others[i], what));
      r.hear(others[i], lone_replica::committed_by(others[i], what));
    }
    CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
    auto records = r.recorded<committed_record>();
    CAF_REQUIRE_EQUAL(records.size(), 1u);
    CAF_CHECK(valid(records[0].what.certificate, r.size(), *r.auth));
    CAF_CHECK_EQUAL(*records[0].what.block, "b");
  }
}

CAF_TEST(4_2 the own commit counts once it is durable) {
  lone_replica r{backup_id};
  auto what = r.accept(1, "b");
  r.hear(1, lone_replica::prepared_by(1, what));
  r.hear(0, lone_replica::committed_by(0, what));
  r.hear(1, lone_replica::committed_by(1, what));
  CAF_CHECK(r.all.executions.empty());
  r.persist();
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
}

CAF_TEST(4_2 commits for another digest do not match) {
  lone_replica r{backup_id};
  r.prepare_fully(1, "b");
  for (std::uint16_t i : {0, 1, 3})
    r.hear(i, lone_replica::committed_by(i, lone_replica::about(1, "c")));
  CAF_CHECK(r.all.executions.empty());
}

// We differ: 2f+1 commits prove by themselves that 2f+1 replicas were prepared, so whoever holds
// the block needs no prepares of its own.
CAF_TEST(4_2 a certificate of others commits without being prepared) {
  lone_replica r{backup_id};
  auto what = lone_replica::about(1, "b");
  for (std::uint16_t i : {0, 1, 3})
    r.hear(i, lone_replica::committed_by(i, what));
  CAF_CHECK(r.all.executions.empty()); // no block yet
  r.hear(0, lone_replica::propose(what, "b", 0));
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
  CAF_CHECK(r.all.checks.empty());
  CAF_CHECK(r.said<prepare>().empty());
}

// "Each replica i executes the operation requested by m after committed-local(m, v, n, i) is true
// and i's state reflects the sequential execution of all requests with lower sequence numbers."
// "We do not rely on ordered message delivery, and therefore it is possible for a replica to commit
// requests out of order. This does not matter since it keeps the pre-prepare, prepare, and commit
// messages logged until the corresponding request can be executed."
CAF_TEST(4_2 blocks commit in any order and execute in sequence) {
  lone_replica r{backup_id};
  r.commit_fully(3, "c");
  r.commit_fully(2, "b");
  CAF_CHECK(r.all.executions.empty());
  CAF_CHECK_EQUAL(r.core->committed().value(), 0u);
  r.commit_fully(1, "a");
  CAF_CHECK_EQUAL(r.core->committed().value(), 3u);
  CAF_REQUIRE_EQUAL(r.all.executions.size(), 3u);
  auto chain = cluster_id();
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const auto& e = r.all.executions[n - 1];
    CAF_CHECK_EQUAL(e.sequence.value(), n);
    chain = chain_next(chain, e.digest);
    CAF_CHECK(e.chain == chain);
    CAF_CHECK(e.digest == hash(*e.block));
  }
  CAF_CHECK_EQUAL(r.core->executed().value(), 0u);
  r.execute();
  CAF_CHECK_EQUAL(r.core->executed().value(), 3u);
}
