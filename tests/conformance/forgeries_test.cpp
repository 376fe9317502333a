// What a liar invents in others' names teaches the abstract replica nothing: no rule is weaker for
// it afterwards.
#define CAF_SUITE forgeries
#include "tests/suite.hpp"

#include "tests/conformance/story.hpp"

using namespace bourse::test;

namespace {

const statement one = about(1, "one");
constexpr auto commit_needs = "a COMMIT needs the pre-prepare and 2f prepares of different backups";

/// Signed by replica 3 alone.
void spoil(std::vector<replica_signature>& all) {
  for (auto& s : all)
    if (s.replica != replica(3))
      s.signature.data[0] ^= 1;
}
stable_checkpoint forged_proof(std::uint64_t n) {
  auto c = proof(n, "invented");
  spoil(c.proof);
  return c;
}

} // namespace

#define ALLOWED(...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), "")
#define REFUSED(rule, ...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), rule)

CAF_TEST(a forged stable checkpoint moves no watermark) {
  auto lied_to = [](std::uint64_t n) {
    return story{}.hears(3, changes(3, 1, {}, forged_proof(n)));
  };
  REFUSED(commit_needs, lied_to(8).accepts(one).says(commits(hero, one)));
  REFUSED("a PREPARE answers a pre-prepare of the view's primary",
          lied_to(8).says(prepares(hero, one)));
  REFUSED("nothing is said above the high watermark", lied_to(8).accepts(about(9, "nine")));
  REFUSED("PROGRESS says no more than is so", lied_to(8).says(progress{view(0), seq(8), seq(0)}));
  REFUSED("C of a VIEW-CHANGE is a stable checkpoint that is known",
          lied_to(4).wishes(1).says(changes(hero, 1, {}, proof(4, "invented"))));
  // With all signatures it does.
  ALLOWED(story{}.hears(3, changes(3, 1, {}, proof(8, "state"))).accepts(about(9, "nine")));
}

CAF_TEST(checkpoints in the names of others count for nothing) {
  story s;
  for (std::uint16_t r : {0, 1, 3}) {
    auto k = checkpoints(r, 4, "invented");
    k.by.signature = checkpoints(3, 4, "invented").by.signature;
    s.hears(3, k);
  }
  REFUSED("nothing is said above the high watermark", s.accepts(about(9, "nine")));
}

CAF_TEST(a forged final block is not executed) {
  committed_block b{finality(one, {0, 1, 3}), nullptr};
  spoil(b.certificate.commits);
  REFUSED("a block is executed with 2f+1 commits, or with somebody's certificate of them",
          story{}.hears(3, b).executes(1, "one"));
  // Nor handed on: also when the block is final by other signatures.
  REFUSED("a final block is handed on with 2f+1 commits of different replicas",
          story{}.finishes(1, "one").says(b));
}

CAF_TEST(a forged NEW VIEW begins nothing) {
  std::vector<view_change> from{changes(0, 3), changes(1, 3), changes(3, 3)};
  for (auto& change : from)
    if (change.by.replica != replica(3))
      change.by.signature.data[0] ^= 1;
  auto v3 = begins(3, from, {}); // its primary's own signature is good
  auto first = about(1, "one", 3);
  REFUSED("a view above 0 begins with its NEW-VIEW", story{}.hears(3, v3).accepts(first));
  REFUSED("a replica wishes for the next view, or for what f+1 others wish",
          story{}.hears(3, v3).says(wish{view(4)}));
  REFUSED("a view is entered when 2f+1 wish for it, or by its NEW-VIEW",
          story{}.hears(3, v3).says(wish{view(1)}).says(changes(hero, 1)));
  REFUSED("only a valid NEW-VIEW that was heard is passed on", story{}.hears(3, v3).says(v3));
  ALLOWED(story{}
              .hears(3, begins(3, {changes(0, 3), changes(1, 3), changes(3, 3)}, {}))
              .accepts(first));
}

CAF_TEST(the own messages rest on no forgery) {
  auto cert = certificate(one, {hero, 1});
  auto bad = cert;
  bad.prepares.back().signature.data[0] ^= 1;
  REFUSED("a VIEW-CHANGE is its sender's, and all of it is valid",
          story{}.commits_to(one).wishes(1).says(changes(hero, 1, {bad})));
  std::vector<view_change> from{changes(0, 2), changes(1, 2), changes(3, 2, {bad})};
  story s;
  s.wishes(2);
  for (const auto& change : from)
    s.hears(change.by.replica.value(), change);
  REFUSED("a NEW-VIEW is its primary's and follows from 2f+1 VIEW-CHANGEs",
          s.says(begins(2, from, {about(1, "one", 2)})));
}

CAF_TEST(forged certificates on the disk prove nothing) {
  started disk;
  committed_block b{finality(one, {0, 1, 3}), nullptr};
  disk.committed = {b.certificate};
  ALLOWED(story{}.restarts(disk).executes(1, "one"));
  spoil(disk.committed.front().commits);
  REFUSED("a block is executed with 2f+1 commits, or with somebody's certificate of them",
          story{}.restarts(disk).executes(1, "one"));
}
