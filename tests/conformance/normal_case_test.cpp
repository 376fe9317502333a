// What the specification allows and refuses in one view: C&L 4.2 and 4.3.
#define CAF_SUITE normal_case
#include "tests/suite.hpp"

#include "tests/conformance/story.hpp"

using namespace bourse::test;

namespace {

const statement one = about(1, "one");
const statement other = about(1, "other");

/// What the disk of a replica holds that has voted for block 1 in view 0.
started disk_with(std::vector<own_vote> votes, std::vector<prepared_certificate> prepared = {}) {
  started d;
  d.votes = std::move(votes);
  d.proposals = {one};
  d.prepared = std::move(prepared);
  return d;
}

} // namespace

#define ALLOWED(...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), "")
#define REFUSED(rule, ...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), rule)

CAF_TEST(a trace begins with a start) {
  spec_replica spec{hero_identity()};
  CAF_CHECK(spec.take(received{replica(0), proposes(one)}));
}

CAF_TEST(prepare) {
  constexpr auto answer = "a PREPARE answers a pre-prepare of the view's primary";
  ALLOWED(story{}.accepts(one));
  ALLOWED(story{}.hears(3, proposes(one)).says(prepares(hero, one))); // passed on by another
  ALLOWED(story{}.accepts(one).says(prepares(hero, one)));            // said again
  REFUSED(answer, story{}.says(prepares(hero, one)));
  REFUSED(answer, story{}.hears(0, proposes(other)).says(prepares(hero, one)));
  auto forged = proposes(one);
  forged.signature.data[0] ^= 1;
  REFUSED(answer, story{}.hears(0, forged).says(prepares(hero, one)));
  REFUSED("votes go over their voter's own link",
          story{}.hears(0, proposes(one)).says(prepares(3, one)));
  REFUSED("nothing is said above the high watermark", story{}.accepts(about(9, "nine")));
  ALLOWED(story{}.accepts(about(8, "eight")));
}

CAF_TEST(one vote in a slot) {
  constexpr auto once = "one digest is voted for in a view and sequence number, for ever";
  REFUSED(once, story{}.accepts(one).hears(0, proposes(other)).says(prepares(hero, other)));
  REFUSED(once, story{}
                    .accepts(one)
                    .hears(0, proposes(other))
                    .hears(1, prepares(1, other))
                    .hears(3, prepares(3, other))
                    .says(commits(hero, other)));
  REFUSED(once, story{}
                    .accepts(one)
                    .restarts(disk_with({{phase::prepare, one}}))
                    .hears(0, proposes(other))
                    .says(prepares(hero, other)));
}

CAF_TEST(commit) {
  constexpr auto needs = "a COMMIT needs the pre-prepare and 2f prepares of different backups";
  ALLOWED(story{}.commits_to(one));
  REFUSED(needs, story{}.accepts(one).says(commits(hero, one)));
  REFUSED(needs, story{}.accepts(one).hears(0, prepares(0, one)).says(commits(hero, one)));
  REFUSED(needs, story{}.accepts(one).hears(1, prepares(3, one)).says(commits(hero, one)));
  REFUSED(needs, story{}.accepts(one).hears(3, prepares(3, other)).says(commits(hero, one)));
  REFUSED(needs,
          story{}.hears(1, prepares(1, one)).hears(3, prepares(3, one)).says(commits(hero, one)));
  ALLOWED(story{}.accepts(one).hears(3, prepares(3, one)).says(commits(hero, one)));
}

CAF_TEST(the primary) {
  auto mine = about(1, "mine", 2);
  auto v2 = begins(2, {changes(0, 2), changes(1, 2), changes(3, 2)}, {});
  auto leads = [&] {
    return story{}
        .wishes(2)
        .hears(0, changes(0, 2))
        .hears(1, changes(1, 2))
        .hears(3, changes(3, 2));
  };
  ALLOWED(leads().says(v2).says(proposes(mine)));
  REFUSED("one digest is voted for in a view and sequence number, for ever",
          leads().says(v2).says(proposes(mine)).says(proposes(about(1, "second", 2))));
  REFUSED("the primary's pre-prepare stands for its prepare",
          leads().says(v2).says(proposes(mine)).says(prepares(hero, mine)));
  REFUSED("a view above 0 begins with its NEW-VIEW", leads().says(proposes(mine)));
  REFUSED("who is not the primary only passes on what the primary has proposed",
          story{}.says(proposes(one)));
  ALLOWED(story{}.hears(0, proposes(one)).says(proposes(one)));
}

CAF_TEST(execution) {
  constexpr auto final
      = "a block is executed with 2f+1 commits, or with somebody's certificate of them";
  ALLOWED(story{}.finishes(1, "one").finishes(2, "two"));
  REFUSED(final, story{}.commits_to(one).hears(0, commits(0, one)).executes(1, "one"));
  REFUSED(final, story{}
                     .commits_to(one)
                     .hears(0, commits(0, one))
                     .hears(1, commits(1, other))
                     .executes(1, "one"));
  REFUSED("blocks are executed in order, without gaps",
          story{}.finishes(1, "one").executes(1, "one"));
  REFUSED("blocks are executed in order, without gaps",
          story{}
              .hears(0, committed_block{finality(about(2, "two"), {0, 1, 3}), nullptr})
              .executes(2, "two"));
  ALLOWED(story{}.hears(3, committed_block{finality(one, {0, 1, 3}), nullptr}).executes(1, "one"));
  REFUSED(final,
          story{}.hears(3, committed_block{finality(one, {0, 1}), nullptr}).executes(1, "one"));
  REFUSED(final,
          story{}.hears(3, committed_block{finality(one, {0, 1, 1}), nullptr}).executes(1, "one"));
  REFUSED("the chain goes on with the block's digest",
          story{}
              .hears(3, committed_block{finality(one, {0, 1, 3}), nullptr})
              .take(executing{seq(1), one.digest, hash("another chain")}));
  REFUSED("what was executed once is executed again alike",
          story{}
              .finishes(1, "one")
              .restarts(disk_with({{phase::prepare, one}, {phase::commit, one}},
                                  {certificate(one, {hero, 1})}))
              .hears(3, committed_block{finality(other, {0, 1, 3}), nullptr})
              .executes(1, "other"));
}

CAF_TEST(what is handed on) {
  constexpr auto only = "only what is final here is handed on as final";
  auto b = committed_block{finality(one, {0, 1, hero}), nullptr};
  ALLOWED(story{}.finishes(1, "one").says(b));
  REFUSED(only, story{}.commits_to(one).says(b));
  REFUSED("a final block is handed on with 2f+1 commits of different replicas",
          story{}.finishes(1, "one").says(committed_block{finality(one, {0, 1}), nullptr}));
  constexpr auto so = "PROGRESS says no more than is so";
  ALLOWED(story{}.finishes(1, "one").says(progress{view(0), seq(0), seq(1)}));
  REFUSED(so, story{}.finishes(1, "one").says(progress{view(0), seq(0), seq(2)}));
  REFUSED(so, story{}.says(progress{view(0), seq(4), seq(0)}));
  REFUSED(so, story{}.says(progress{view(1), seq(0), seq(0)}));
}

CAF_TEST(checkpoints) {
  auto four = [] {
    return story{}.finishes(1, "one").finishes(2, "two").finishes(3, "three").finishes(4, "four");
  };
  ALLOWED(four().says(checkpoints(hero, 4, "state")));
  REFUSED("a CHECKPOINT comes after its block was executed",
          story{}.finishes(1, "one").says(checkpoints(hero, 4, "state")));
  REFUSED("checkpoints are taken at multiples of the interval",
          four().says(checkpoints(hero, 3, "state")));
  REFUSED("one state is signed for a sequence number",
          four().says(checkpoints(hero, 4, "state")).says(checkpoints(hero, 4, "other")));
  REFUSED("only a checkpoint that was heard is passed on", four().says(checkpoints(1, 4, "state")));
  ALLOWED(four().hears(0, checkpoints(1, 4, "state")).says(checkpoints(1, 4, "state")));
  // 2f+1 equal ones make it stable: the window moves.
  auto nine = about(9, "nine");
  auto stable = [&](std::string_view third) {
    return four()
        .says(checkpoints(hero, 4, "state"))
        .hears(0, checkpoints(0, 4, "state"))
        .hears(1, checkpoints(1, 4, third));
  };
  ALLOWED(stable("state").accepts(nine));
  REFUSED("nothing is said above the high watermark", stable("other").accepts(nine));
}

CAF_TEST(a proof is passed on until a later one is gone by) {
  auto hears_stable = [](story& s, std::uint64_t n) {
    for (std::uint16_t r : {0, 1, 3})
      s.hears(r, checkpoints(r, n, "state"));
  };
  story behind;
  for (std::uint64_t n = 1; n <= 16; ++n) {
    if (n % 4 == 0)
      hears_stable(behind, n);
    behind.finishes(n, "block " + std::to_string(n));
  }
  ALLOWED(story{behind}.says(checkpoints(1, 4, "state")));
  behind.says(progress{view(0), seq(16), seq(16)}).finishes(17, "block 17");
  REFUSED("only a checkpoint that was heard is passed on", behind.says(checkpoints(1, 4, "state")));
}

CAF_TEST(restarts) {
  constexpr auto durable = "a vote is durable before it leaves";
  ALLOWED(story{}.accepts(one).restarts(disk_with({{phase::prepare, one}})));
  REFUSED(durable, story{}.accepts(one).restarts(disk_with({})));
  REFUSED(durable, story{}.commits_to(one).restarts(
                       disk_with({{phase::prepare, one}}, {certificate(one, {hero, 1})})));
  REFUSED(
      "a prepared certificate is durable before its COMMIT leaves",
      story{}.commits_to(one).restarts(disk_with({{phase::prepare, one}, {phase::commit, one}})));
  REFUSED(
      "the disk holds no other vote than was said",
      story{}.accepts(one).restarts(disk_with({{phase::prepare, one}, {phase::prepare, other}})));
  // Written and not said before the crash: allowed if it might have been said.
  ALLOWED(story{}.hears(0, proposes(one)).restarts(disk_with({{phase::prepare, one}})));
  REFUSED("a PREPARE answers a pre-prepare of the view's primary",
          story{}.restarts(disk_with({{phase::prepare, one}})));
  REFUSED("the view on the disk is that of its votes, or a later one",
          story{}.restarts(disk_with({{phase::prepare, about(1, "one", 1)}})));
  auto ahead = disk_with({});
  ahead.executed = seq(1);
  REFUSED("the state on the disk was executed, or is a stable checkpoint's",
          story{}.restarts(ahead));
  ahead.executed = seq(4); // a state that was fetched
  ahead.stable = proof(4, "state");
  ALLOWED(story{}.restarts(ahead));
}

CAF_TEST(newcomers are silent) {
  constexpr auto quiet = "a replica with a new database says nothing";
  started anew;
  anew.chain = cluster_id();
  anew.silent = true;
  REFUSED(quiet, story{anew}.hears(0, proposes(one)).says(prepares(hero, one)));
  REFUSED(quiet, story{anew}.says(wish{view(1)}));
  REFUSED(quiet, story{anew}.wishes(1));
  REFUSED(quiet, story{anew}
                     .hears(0, wish{view(1)})
                     .hears(1, wish{view(1)})
                     .hears(3, wish{view(1)})
                     .says(changes(hero, 1)));
  ALLOWED(story{anew}.says(progress{}).says(fetch_blocks{seq(1), seq(2)}));
  ALLOWED(story{anew}.take(spoke{}).accepts(one));
  // What a former self has said binds it all the same.
  REFUSED("one digest is voted for in a view and sequence number, for ever",
          story{}
              .accepts(one)
              .take(anew)
              .take(spoke{})
              .hears(0, proposes(other))
              .says(prepares(hero, other)));
}
