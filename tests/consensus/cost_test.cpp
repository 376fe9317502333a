// What a block costs when all is well: the figures that throughput rests on.
#define CAF_SUITE cost
#include "tests/suite.hpp"

#include "consensus/certificates.hpp"
#include "tests/consensus/cluster.hpp"
#include "tests/consensus/lone_replica.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

CAF_TEST(a backup of four verifies four signatures and makes two) {
  lone_replica r{2};
  auto what = r.commit_fully(1, "b");
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 4u); // pre-prepare, 1 prepare, 2 commits
  CAF_CHECK_EQUAL(r.counters().signatures_made, 2u);
  // What comes late costs nothing.
  r.hear(3, lone_replica::prepared_by(3, what));
  r.hear(0, lone_replica::committed_by(0, what));
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 4u);
}

CAF_TEST(the primary of four verifies four signatures and makes two) {
  lone_replica r{0};
  r.commit_fully(1, "b");
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 4u); // 2 prepares, 2 commits
  CAF_CHECK_EQUAL(r.counters().signatures_made, 2u);
}

CAF_TEST(costs grow with f) {
  for (std::uint16_t n : {7, 10, 31}) {
    lone_replica r{2, n};
    r.commit_fully(1, "b");
    auto f = r.size().f();
    CAF_CHECK_EQUAL(r.counters().signatures_verified, 1u + (2u * f - 1) + 2u * f);
  }
}

CAF_TEST(records of a block come in three batches at a backup) {
  lone_replica r{2};
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  CAF_CHECK(r.all.persist.empty());
  r.answer_checks();
  CAF_CHECK_EQUAL(r.all.persist.size(), 2u); // proposal and prepare
  r.persist();
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "b")));
  CAF_CHECK_EQUAL(r.all.persist.size(), 4u); // certificate and commit
  r.persist();
  r.forget();
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::committed_by(i, lone_replica::about(1, "b")));
  CAF_CHECK_EQUAL(r.all.persist.size(), 1u);
  CAF_CHECK(r.all.after_persist.empty()); // nobody waits for the final block's sync
}

CAF_TEST(a healthy cluster repeats nothing) {
  for (std::uint16_t n : {4, 7}) {
    cluster_options o;
    o.n = n;
    o.window = 64;
    o.checkpoint_interval = 32;
    o.retransmit_ms = 250;
    o.progress_ms = 500;
    cluster c{o};
    c.load(320);
    CAF_REQUIRE(c.run_until([&] { return c.all_executed() >= 320; }, 10'000));
    c.run_for(100);
    std::uint64_t verified = 0;
    for (std::uint16_t i = 0; i < n; ++i) {
      const auto& k = c.core(i).counters();
      CAF_CHECK_EQUAL(k.retransmissions, 0u);
      CAF_CHECK_EQUAL(k.fetched_blocks, 0u);
      CAF_CHECK_EQUAL(k.bad_signatures + k.bad_senders + k.wrong_view + k.wrong_hashes, 0u);
      verified += k.signatures_verified;
    }
    auto f = cluster_size{n}.f();
    auto least = 4u * f + 2u * f / 32.0;
    auto per_block = static_cast<double>(verified) / n / 320;
    CAF_MESSAGE("n " << n << ": " << per_block << " verifications and "
                     << static_cast<double>(c.messages_sent()) / 320 << " messages a block");
    // Where the own disk is slower than all others, another's vote is checked in place of its own.
    CAF_CHECK(per_block < least + 1);
  }
}

CAF_TEST(real keys) {
  init_crypto();
  cluster_options o;
  o.real_keys = true;
  o.loss_percent = 5;
  cluster c{o};
  c.load(20);
  CAF_CHECK(c.run_until([&] { return c.all_executed() >= 20; }, 10'000));
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(c.core(i).counters().bad_signatures, 0u);
  CAF_CHECK(valid(c.core(0).stable(), {4}, c.auth(1)));
  for (const auto& [n, b] : c.disk(3).blocks)
    CAF_CHECK(valid(b.certificate, {4}, c.auth(1)));
  CAF_CHECK_EQUAL(c.violations().size(), 0u);
}

CAF_TEST(times of a slot ascend) {
  lone_replica r{2};
  auto step = [&] {
    r.now += 1000;
  };
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  step();
  r.answer_checks();
  step();
  r.persist();
  step();
  r.hear(1, lone_replica::prepared_by(1, lone_replica::about(1, "b")));
  step();
  r.persist();
  step();
  for (std::uint16_t i : {0, 1})
    r.hear(i, lone_replica::committed_by(i, lone_replica::about(1, "b")));
  auto open = r.core->open_slots();
  CAF_REQUIRE_EQUAL(open.size(), 1u);
  CAF_CHECK(open[0].proposed);
  CAF_CHECK_EQUAL(open[0].prepares, 2u);
  CAF_CHECK_EQUAL(open[0].commits, 3u);
  step();
  r.execute();
  CAF_CHECK(r.core->open_slots().empty());
  auto times = r.core->take_times();
  CAF_REQUIRE_EQUAL(times.size(), 1u);
  const auto& t = times[0];
  std::vector<std::uint64_t> all{t.proposed_ns,    t.checked_ns,   t.prepare_sent_ns, t.prepared_ns,
                                 t.commit_sent_ns, t.committed_ns, t.executed_ns};
  for (std::size_t i = 1; i < all.size(); ++i)
    CAF_CHECK_EQUAL(all[i] - all[i - 1], 1000u);
  CAF_CHECK(r.core->take_times().empty());
}
