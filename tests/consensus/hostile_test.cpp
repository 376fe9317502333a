// What others may send that is wrong: each ends in a counter, none in a vote, an answer or a crash.
#define CAF_SUITE hostile
#include "tests/suite.hpp"

#include <limits>

#include "tests/consensus/lone_replica.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

} // namespace

CAF_TEST(messages of unknown senders and of oneself) {
  lone_replica r{2};
  auto what = lone_replica::about(1, "b");
  for (std::uint16_t from : {2, 4, 5, 65535}) {
    r.hear(from, lone_replica::propose(what, "b", 0));
    r.hear(from, lone_replica::prepared_by(from, what));
    r.hear(from, progress{view(0), seq(huge), seq(huge)});
  }
  CAF_CHECK_EQUAL(r.counters().bad_senders, 12u);
  CAF_CHECK(r.all.empty());
}

CAF_TEST(votes count only over the link of their voter) {
  lone_replica r{2};
  auto what = r.accept(1, "b");
  r.forget();
  r.hear(3, lone_replica::prepared_by(1, what));
  r.hear(3, lone_replica::committed_by(1, what));
  r.hear(3, lone_replica::prepared_by(2, what)); // the own vote, reflected
  r.hear(3, lone_replica::prepared_by(9, what)); // of nobody
  r.hear(3, lone_replica::committed_by(65535, what));
  CAF_CHECK_EQUAL(r.counters().bad_senders, 5u);
  CAF_CHECK(r.all.empty());
}

CAF_TEST(the own proposal reflected) {
  lone_replica r{0};
  auto what = r.accept(1, "b");
  r.forget();
  r.hear(1, lone_replica::propose(what, "b", 0));
  r.hear(1, lone_replica::propose(lone_replica::about(1, "c"), "c", 0));
  r.hear(1, lone_replica::propose(lone_replica::about(7, "c"), "c", 0));
  CAF_CHECK_EQUAL(r.counters().bad_senders, 3u);
  CAF_CHECK(r.all.empty());
}

CAF_TEST(a proposal may be forwarded) {
  lone_replica r{2};
  r.hear(3, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  CAF_CHECK_EQUAL(r.all.checks.size(), 1u);
}

CAF_TEST(a block too long to be one is not kept) {
  auto o = lone_replica::defaults(2);
  o.max_block_bytes = 100;
  for (std::uint64_t v : {0, 3}) { // in view 3 it waits for the NEW-VIEW
    auto from = lone_replica::fresh(v);
    lone_replica r{o, from};
    std::string text(101, 'x');
    r.hear(static_cast<std::uint16_t>(v % 4),
           lone_replica::propose({view(v), seq(1), hash(text)}, text,
                                 static_cast<std::uint16_t>(v % 4)));
    CAF_CHECK(r.all.empty());
    CAF_CHECK_EQUAL(r.counters().rejected_proposals, 1u);
  }
  lone_replica r{o, lone_replica::fresh()};
  std::string text(100, 'x');
  r.hear(0, lone_replica::propose({view(0), seq(1), hash(text)}, text, 0));
  CAF_CHECK_EQUAL(r.all.checks.size(), 1u);
}

CAF_TEST(overflowing numbers) {
  lone_replica r{2};
  for (std::uint64_t v : {huge, huge - 3, std::uint64_t{1} << 63}) {
    for (std::uint64_t n : {huge, huge - 3, std::uint64_t{1} << 63, std::uint64_t{0}}) {
      for (std::uint64_t in : {std::uint64_t{0}, v}) {
        auto what = lone_replica::about(n, "b", in);
        r.hear(1, lone_replica::propose(what, "b", static_cast<std::uint16_t>(in % 4)));
        r.hear(1, lone_replica::prepared_by(1, what));
        r.hear(1, lone_replica::committed_by(1, what));
        r.hear(1, fetch_proposal{what});
      }
      r.hear(1, fetch_blocks{seq(n), seq(huge)});
      r.hear(1, fetch_blocks{seq(0), seq(n)});
      r.hear(1, fetch_blocks{seq(n), seq(0)});
      r.hear(1, lone_replica::checkpoint_by(1, n, "s"));
    }
  }
  CAF_CHECK(r.all.empty());
  CAF_CHECK_EQUAL(r.core->open_slots().size(), 0u);
  CAF_CHECK(r.counters().wrong_view > 0);
  CAF_CHECK(r.counters().outside_watermarks > 0);
}

CAF_TEST(a proven block of an absurd sequence number is not kept) {
  lone_replica r{2};
  for (std::uint64_t n : {huge, huge - 1, std::uint64_t{129}}) {
    r.hear(1, r.proven(n, "b"));
  }
  CAF_CHECK_EQUAL(r.counters().outside_watermarks, 3u);
  CAF_CHECK(r.recorded<committed_record>().empty());
}

CAF_TEST(a liar about its progress costs one question at a time) {
  lone_replica r{2};
  r.hear(1, progress{view(huge), seq(huge), seq(huge)});
  for (int i = 0; i < 100; ++i)
    r.tick_after(50);
  // 5 s, one question each 250 ms, all to the liar, each bounded.
  auto asked = r.said<fetch_blocks>();
  CAF_CHECK(asked.size() > 0 && asked.size() <= 20);
  for (const auto& a : asked) {
    CAF_CHECK_EQUAL(a.from.value(), 1u);
    CAF_CHECK(a.to.value() <= 32);
  }
}

CAF_TEST(certificates with a signer twice) {
  lone_replica r{2};
  r.hear(1, r.proven(1, "b", {0, 1, 1}));
  r.hear(1, r.proven(1, "b", {1, 1, 1}));
  r.hear(1, r.proven(1, "b", {0, 1}));
  r.hear(1, r.proven(1, "b", {0, 1, 2, 3}));
  r.hear(1, r.proven(1, "b", {0, 1, 4}));
  r.hear(1, r.proven(1, "b", {0, 1, 65535}));
  auto both = r.proven(1, "b", {0, 1, 1});
  both.block = share("c");
  r.hear(1, both); // its block is not even hashed
  CAF_CHECK_EQUAL(r.counters().wrong_hashes, 0u);
  CAF_CHECK_EQUAL(r.counters().bad_certificates, 7u);
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 0u);
  CAF_CHECK(r.all.empty());
  r.hear(1, r.proven(1, "b", {0, 3, 1}));
  CAF_CHECK_EQUAL(r.all.executions.size(), 1u);
}

CAF_TEST(certificates with a bad signature or another block) {
  lone_replica r{2};
  auto bad = r.proven(1, "b");
  bad.certificate.commits[2].signature.data[5] ^= 1;
  r.hear(1, bad);
  CAF_CHECK_EQUAL(r.counters().bad_certificates, 1u);
  auto other = r.proven(1, "b");
  other.block = share("c");
  r.hear(1, other);
  other.block = nullptr;
  r.hear(1, other);
  CAF_CHECK_EQUAL(r.counters().wrong_hashes, 2u);
  auto prepares = r.proven(1, "b");
  for (auto& by : prepares.certificate.commits)
    by = lone_replica::prepared_by(by.replica.value(), prepares.certificate.what).by;
  r.hear(1, prepares);
  CAF_CHECK_EQUAL(r.counters().bad_certificates, 2u);
  CAF_CHECK(r.all.empty());
}

CAF_TEST(commits of one view make no certificate of another) {
  lone_replica r{2};
  auto what = r.prepare_fully(1, "b");
  auto bad = lone_replica::committed_by(1, what);
  bad.by.signature.data[0] ^= 1;
  r.hear(1, bad);
  r.hear(0, lone_replica::committed_by(0, what)); // verified with the own one, and remembered
  auto moved = r.proven(1, "b", {0, 2});
  moved.certificate.what.view = view(5);
  moved.certificate.commits.push_back(lone_replica::committed_by(3, moved.certificate.what).by);
  r.hear(3, moved);
  CAF_CHECK_EQUAL(r.counters().bad_certificates, 1u);
  CAF_CHECK(r.all.executions.empty());
}

CAF_TEST(of each replica only the newest checkpoints are kept) {
  lone_replica r{2}; // its window holds two, and one more is kept
  for (std::uint64_t n : {4, 8, 12, 16})
    r.hear(0, lone_replica::checkpoint_by(0, n, "s"));
  for (std::uint16_t i : {1, 3})
    r.hear(i, lone_replica::checkpoint_by(i, 4, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
  for (std::uint16_t i : {1, 3})
    r.hear(i, lone_replica::checkpoint_by(i, 8, "s"));
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 8u);
}

CAF_TEST(evidence is kept once and needs both signatures) {
  lone_replica r{2};
  r.accept(1, "b");
  r.forget();
  r.hear(0, lone_replica::propose(lone_replica::about(1, "c"), "c", 3)); // not the primary's
  CAF_CHECK(r.all.empty());
  // Its block may be anything: two signed statements are enough.
  auto second = lone_replica::propose(lone_replica::about(1, "d"), "d", 0);
  second.block = nullptr;
  r.hear(3, second);
  CAF_CHECK_EQUAL(r.recorded<equivocation_record>().size(), 1u);
  for (int i = 0; i < 50; ++i) {
    auto text = std::to_string(i);
    r.hear(0, lone_replica::propose(lone_replica::about(1, text), text, 0));
  }
  CAF_CHECK_EQUAL(r.recorded<equivocation_record>().size(), 1u);
  CAF_CHECK_EQUAL(r.counters().equivocations, 1u);
}

CAF_TEST(answers to checks that nobody asked) {
  lone_replica r{2};
  r.answer(lone_replica::about(1, "b"), true);
  r.answer(lone_replica::about(huge, "b", huge), true);
  r.hear(0, lone_replica::propose(lone_replica::about(1, "b"), "b", 0));
  r.answer(lone_replica::about(1, "c"), true);
  r.persist();
  CAF_CHECK(r.said<prepare>().empty());
}

CAF_TEST(memory is bounded whatever is sent) {
  lone_replica r{2};
  for (std::uint64_t n = 0; n < 2000; ++n) {
    for (std::uint16_t by : {0, 1, 3}) {
      auto text = std::to_string(n);
      r.hear(by, lone_replica::prepared_by(by, lone_replica::about(n % 20, text)));
      r.hear(by, lone_replica::committed_by(by, lone_replica::about(n, text)));
      r.hear(by, lone_replica::checkpoint_by(by, n * 4, text + std::to_string(by)));
    }
  }
  CAF_CHECK_EQUAL(r.core->open_slots().size(), 8u);
  CAF_CHECK_EQUAL(r.counters().signatures_verified, 0u);
  CAF_CHECK_EQUAL(r.core->stable().what.sequence.value(), 0u);
}

CAF_TEST(questions are answered at a bounded rate) {
  lone_replica r{2};
  auto what = r.accept(1, "b");
  r.forget();
  for (int i = 0; i < 100; ++i)
    r.hear(1, fetch_proposal{what});
  CAF_CHECK_EQUAL(r.said<pre_prepare>().size(), 1u);
  r.hear(3, fetch_proposal{what});
  CAF_CHECK_EQUAL(r.said<pre_prepare>().size(), 2u);
  r.tick_after(200);
  r.hear(1, fetch_proposal{what});
  CAF_CHECK_EQUAL(r.said<pre_prepare>().size(), 3u);
}

CAF_TEST(requests for blocks are cut to a bounded number) {
  lone_replica r{2};
  for (std::uint64_t n = 1; n <= 50; ++n)
    r.hear(1, r.proven(n, std::to_string(n)));
  CAF_REQUIRE_EQUAL(r.core->committed().value(), 50u);
  r.hear(1, fetch_blocks{seq(2), seq(45)});
  CAF_REQUIRE_EQUAL(r.all.serves.size(), 1u);
  CAF_CHECK_EQUAL(r.all.serves[0].what.to.value(), 33u);
}

CAF_TEST(requests for blocks are cut to what is final) {
  lone_replica r{2};
  for (std::uint64_t n = 1; n <= 3; ++n)
    r.commit_fully(n, std::to_string(n));
  r.hear(1, fetch_blocks{seq(2), seq(huge)});
  r.hear(1, fetch_blocks{seq(4), seq(huge)});
  r.hear(1, fetch_blocks{seq(3), seq(2)});
  r.hear(1, fetch_blocks{seq(0), seq(2)});
  CAF_REQUIRE_EQUAL(r.all.serves.size(), 1u);
  CAF_CHECK_EQUAL(r.all.serves[0].to.value(), 1u);
  CAF_CHECK_EQUAL(r.all.serves[0].what.from.value(), 2u);
  CAF_CHECK_EQUAL(r.all.serves[0].what.to.value(), 3u);
}
