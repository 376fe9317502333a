// A test per sentence of Castro and Liskov, "Practical Byzantine Fault Tolerance" (OSDI 1999),
// section 4.3; the sentence stands above its test. Where we differ, the test says so.
#define CAF_SUITE paper_checkpoints
#include "tests/suite.hpp"

#include "consensus/certificates.hpp"
#include "tests/consensus/paper.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

// -- section 4.3: garbage collection --------------------------------------------------------------

// "These proofs are generated periodically, when a request with a sequence number divisible by some
// constant (e.g., 100) is executed."
CAF_TEST(4_3 a checkpoint is due when the constant divides the sequence number) {
  lone_replica r{backup_id};
  run_blocks(r, 1, 8);
  CAF_REQUIRE_EQUAL(r.all.executions.size(), 8u);
  for (const auto& e : r.all.executions)
    CAF_CHECK_EQUAL(e.checkpoint, e.sequence.value() % 4 == 0);
}

// "When a replica i produces a checkpoint, it multicasts a message checkpoint(n, d, i) to the other
// replicas, where n is the sequence number of the last request whose execution is reflected in the
// state and d is the digest of the state."
CAF_TEST(4_3 a checkpoint is multicast) {
  lone_replica r{backup_id};
  run_blocks(r, 1, 4);
  CAF_CHECK(r.said<checkpoint>().empty());
  r.checkpointed(4, "state");
  auto said = r.said<checkpoint>();
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK((said[0].what == checkpoint_statement{seq(4), hash("state")}));
  CAF_CHECK(r.auth->verify(replica(backup_id), purpose::checkpoint, signed_bytes(said[0].what),
                           said[0].by.signature));
}

// "Each replica collects checkpoint messages in its log until it has 2f+1 of them for sequence
// number n with the same digest d signed by different replicas (including possibly its own such
// message). These 2f+1 messages are the proof of correctness for the checkpoint."
CAF_TEST(4_3 2f plus 1 equal checkpoints of different replicas are stable) {
  for (std::uint16_t n : {4, 7, 10}) {
    lone_replica r{backup_id, n};
    run_blocks(r, 1, 4);
    r.checkpointed(4, "state");
    auto others = r.other_backups();
    for (int i = 0; i < 2 * r.size().f(); ++i) {
      CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
      r.hear(others[i], lone_replica::checkpoint_by(others[i], 4, "state"));
      r.hear(others[i], lone_replica::checkpoint_by(others[i], 4, "state"));
    }
    CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
    CAF_CHECK(valid(r.core->stable(), r.size(), *r.auth));
    auto records = r.recorded<stable_record>();
    CAF_REQUIRE_EQUAL(records.size(), 1u);
    CAF_CHECK(records[0].what == r.core->stable());
  }
}

CAF_TEST(4_3 checkpoints with different digests never count together) {
  lone_replica r{backup_id};
  run_blocks(r, 1, 4);
  r.checkpointed(4, "state");
  r.hear(0, lone_replica::checkpoint_by(0, 4, "state"));
  r.hear(1, lone_replica::checkpoint_by(1, 4, "another"));
  r.hear(3, lone_replica::checkpoint_by(3, 8, "state"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
  CAF_CHECK_EQUAL(r.counters().diverged, 0u);
  r.hear(3, lone_replica::checkpoint_by(3, 4, "state"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 4u);
}

// "A checkpoint with a proof becomes stable and the replica discards all pre-prepare, prepare, and
// commit messages with sequence number less than or equal to n from its log; it also discards all
// earlier checkpoints and checkpoint messages."
CAF_TEST(4_3 what is stable is discarded) {
  lone_replica r{backup_id};
  run_blocks(r, 1, 4);
  r.accept(5, "block 5");
  r.checkpointed(4, "state");
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "state"));
  r.forget();
  // Nothing of 1 to 4 is left to answer from; 5 is.
  for (std::uint64_t n = 1; n <= 5; ++n)
    r.hear(1, fetch_proposal{lone_replica::about(n, "block " + std::to_string(n))});
  CAF_CHECK(r.said<committed_block>().empty());
  CAF_REQUIRE_EQUAL(r.said<pre_prepare>().size(), 1u);
  CAF_CHECK_EQUAL(r.said<pre_prepare>()[0].what.sequence.value(), 5u);
  // Its checkpoint is not said again either.
  r.forget();
  r.tick_after(10'000);
  CAF_CHECK(r.said<checkpoint>().empty());
}

// "The checkpoint protocol is used to advance the low and high water marks (which limit what
// messages will be accepted). The low-water mark h is equal to the sequence number of the last
// stable checkpoint. The high water mark H = h + k"
CAF_TEST(4_3 a stable checkpoint moves the water marks) {
  lone_replica r{backup_id};
  run_blocks(r, 1, 4);
  auto prepare_at = [&](std::uint64_t n) {
    r.forget();
    return prepares_after(r, lone_replica::propose(lone_replica::about(n, "x"), "x", 0));
  };
  CAF_CHECK_EQUAL(prepare_at(9), 0u);
  r.checkpointed(4, "state");
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "state"));
  CAF_CHECK_EQUAL(prepare_at(4), 0u);
  CAF_CHECK_EQUAL(prepare_at(5), 1u);
  CAF_CHECK_EQUAL(prepare_at(12), 1u);
  CAF_CHECK_EQUAL(prepare_at(13), 0u);
}

CAF_TEST(4_3 the primary stops at the high water mark) {
  auto o = lone_replica::defaults(primary_id);
  o.max_in_flight = 100;
  lone_replica r{o, lone_replica::fresh()};
  CAF_REQUIRE_EQUAL(r.all.grants.size(), 8u);
  run_blocks(r, 1, 8);
  CAF_CHECK_EQUAL(r.all.grants.size(), 8u);
  r.checkpointed(4, "state");
  for (std::uint16_t i : {1, 2})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "state"));
  CAF_REQUIRE_EQUAL(r.all.grants.size(), 12u);
  CAF_CHECK_EQUAL(r.all.grants.back().sequence.value(), 12u);
}
