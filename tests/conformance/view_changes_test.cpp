// What the specification allows and refuses between views: C&L 4.4.
#define CAF_SUITE view_changes
#include "tests/suite.hpp"

#include "conformance/spec_cluster.hpp"
#include "tests/conformance/story.hpp"

using namespace bourse::test;

namespace {

const statement one = about(1, "one");
const statement two = about(2, "two");

} // namespace

#define ALLOWED(...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), "")
#define REFUSED(rule, ...) CAF_CHECK_EQUAL((__VA_ARGS__).refused(), rule)

CAF_TEST(wishes) {
  constexpr auto next = "a replica wishes for the next view, or for what f+1 others wish";
  ALLOWED(story{}.says(wish{view(1)}));
  REFUSED(next, story{}.says(wish{view(2)}));
  REFUSED(next, story{}.hears(0, wish{view(2)}).says(wish{view(2)}));
  ALLOWED(story{}.hears(0, wish{view(5)}).hears(1, wish{view(5)}).says(wish{view(5)}));
  REFUSED("a wish is never taken back", story{}.says(wish{view(1)}).says(wish{view(0)}));
}

CAF_TEST(a view is entered when a quorum wishes for it) {
  constexpr auto entered = "a view is entered when 2f+1 wish for it, or by its NEW-VIEW";
  ALLOWED(story{}.wishes(1).says(changes(hero, 1)));
  REFUSED(entered, story{}.says(wish{view(1)}).says(changes(hero, 1)));
  REFUSED(entered, story{}.hears(0, wish{view(1)}).says(wish{view(1)}).says(changes(hero, 1)));
  // VIEW-CHANGEs are wishes as well.
  ALLOWED(story{}
              .hears(0, changes(0, 1))
              .hears(3, changes(3, 1))
              .says(wish{view(1)})
              .says(changes(hero, 1)));
}

CAF_TEST(who has left a view votes in it no more) {
  constexpr auto left = "nobody votes in a view that it has left";
  REFUSED(left, story{}.wishes(1).says(changes(hero, 1)).accepts(one));
  REFUSED(left, story{}
                    .commits_to(one)
                    .wishes(1)
                    .says(changes(hero, 1, {certificate(one, {hero, 1})}))
                    .says(commits(hero, one)));
  REFUSED("the view that a VIEW-CHANGE or a vote named was durable before",
          story{}.wishes(1).says(changes(hero, 1)).restarts(started{}));
}

CAF_TEST(a view change holds all that was prepared) {
  constexpr auto all = "P of a VIEW-CHANGE has the newest certificate of all that was prepared";
  constexpr auto nothing_else = "P of a VIEW-CHANGE has what was prepared, and nothing else";
  auto cert = certificate(one, {hero, 1});
  auto prepared = [] {
    return story{}.commits_to(one).wishes(1);
  };
  ALLOWED(prepared().says(changes(hero, 1, {cert})));
  REFUSED(all, prepared().says(changes(hero, 1)));
  REFUSED(nothing_else,
          prepared().says(changes(hero, 1, {certificate(one, {1, 3}), certificate(two, {1, 3})})));
  REFUSED(nothing_else, story{}.wishes(1).says(changes(hero, 1, {certificate(one, {1, 3})})));
  REFUSED("a VIEW-CHANGE is its sender's, and all of it is valid",
          prepared().says(changes(hero, 1, {certificate(one, {1})})));
  REFUSED("a VIEW-CHANGE is its sender's, and all of it is valid",
          prepared().says(changes(1, 1, {cert})));
  REFUSED("C of a VIEW-CHANGE is a stable checkpoint that is known",
          prepared().says(changes(hero, 1, {}, proof(4, "state"))));
}

CAF_TEST(a view begins with a NEW VIEW that follows from its view changes) {
  constexpr auto begins_with = "a view above 0 begins with its NEW-VIEW";
  constexpr auto names = "only what the NEW-VIEW names is proposed in the slots that it names";
  auto cert = certificate(two, {1, 3});
  std::vector<view_change> from{changes(0, 1), changes(1, 1, {cert}), changes(3, 1)};
  std::vector<statement> follows{nothing(1, 1), about(2, "two", 1)};
  auto v1 = begins(1, from, follows);
  auto fresh = about(3, "three", 1);
  ALLOWED(story{}.hears(1, v1).accepts(fresh));
  ALLOWED(story{}.hears(1, v1).says(prepares(hero, follows[0])).says(prepares(hero, follows[1])));
  REFUSED(begins_with, story{}.accepts(fresh));
  REFUSED(names, story{}.hears(1, v1).accepts(about(2, "another", 1)));
  REFUSED(names, story{}.hears(1, v1).accepts(about(1, "not null", 1)));
  // Those that are not valid begin nothing.
  REFUSED(begins_with, story{}.hears(1, begins(1, from, {follows[0]})).accepts(fresh));
  REFUSED(begins_with,
          story{}.hears(1, begins(1, from, {follows[0], about(2, "x", 1)})).accepts(fresh));
  REFUSED(begins_with, story{}.hears(1, begins(1, {from[0], from[1]}, follows)).accepts(fresh));
  REFUSED(begins_with,
          story{}.hears(1, begins(1, {from[0], from[1], from[1]}, follows)).accepts(fresh));
  auto of_another = v1;
  of_another.by = by(3, purpose::new_view, hash(v1.body).view());
  REFUSED(begins_with, story{}.hears(3, of_another).accepts(fresh));
  REFUSED("only a valid NEW-VIEW that was heard is passed on", story{}.says(v1));
  ALLOWED(story{}.hears(1, v1).says(v1));
}

CAF_TEST(the newest certificate wins) {
  auto old = certificate(about(1, "old", 0), {1, 3});
  auto newer = certificate(about(1, "newer", 1), {0, 3});
  std::vector<view_change> from{changes(0, 3, {newer}), changes(1, 3, {old}), changes(3, 3)};
  auto right = begins(3, from, {about(1, "newer", 3)});
  auto wrong = begins(3, from, {about(1, "old", 3)});
  auto first = about(2, "two", 3);
  ALLOWED(story{}.hears(3, right).accepts(first));
  REFUSED("a view above 0 begins with its NEW-VIEW", story{}.hears(3, wrong).accepts(first));
}

CAF_TEST(the primary makes its NEW VIEW of what it heard) {
  constexpr auto source = "a NEW-VIEW rests on VIEW-CHANGEs that were heard";
  auto cert = certificate(one, {1, 3});
  std::vector<view_change> from{changes(0, 2), changes(1, 2, {cert}), changes(3, 2)};
  auto v2 = begins(2, from, {about(1, "one", 2)});
  auto heard = [&](std::size_t count) {
    story s;
    s.wishes(2);
    for (std::size_t i = 0; i < count; ++i)
      s.hears(from[i].by.replica.value(), from[i]);
    return s;
  };
  ALLOWED(heard(3).says(v2));
  REFUSED(source, heard(2).says(v2));
  REFUSED("a NEW-VIEW is its primary's and follows from 2f+1 VIEW-CHANGEs",
          heard(3).says(begins(2, from, {})));
  REFUSED("one digest is voted for in a view and sequence number, for ever",
          heard(3).says(v2).says(proposes(about(1, "not one", 2))));
  // Its own VIEW-CHANGE, which it keeps to itself, is like those that leave.
  auto own = begins(2, {changes(0, 2), changes(1, 2), changes(hero, 2)}, {});
  std::vector<view_change> others{changes(0, 2), changes(1, 2)};
  auto committed = [&] {
    story s;
    s.commits_to(one).wishes(2);
    for (const auto& c : others)
      s.hears(c.by.replica.value(), c);
    return s;
  };
  REFUSED("P of a VIEW-CHANGE has the newest certificate of all that was prepared",
          committed().says(own));
  // One NEW-VIEW for a view.
  std::vector<view_change> again{changes(0, 2), changes(1, 2, {cert}), changes(hero, 2)};
  REFUSED("a view has one NEW-VIEW",
          heard(3).says(v2).says(begins(2, again, {about(1, "one", 2)})));
}

CAF_TEST(replicas are held against each other) {
  spec_cluster all;
  auto chain = chain_next(cluster_id(), one.digest);
  CAF_CHECK(!all.take(replica(0), executing{seq(1), one.digest, chain}));
  CAF_CHECK(!all.take(replica(1), executing{seq(1), one.digest, chain}));
  CAF_CHECK(all.take(replica(2), executing{seq(1), two.digest, chain}));
  CAF_CHECK(all.take(replica(2), executing{seq(1), one.digest, cluster_id()}));
  CAF_CHECK(!all.take(replica(0), said{{}, checkpoints(0, 4, "state")}));
  CAF_CHECK(!all.take(replica(1), said{{}, checkpoints(1, 4, "state")}));
  CAF_CHECK(all.take(replica(2), said{{}, checkpoints(2, 4, "other")}));
  CAF_CHECK(!all.take(replica(2), said{{}, checkpoints(0, 4, "other")})); // passed on
  CAF_CHECK(!all.take(replica(0), said{{}, commits(0, one)}));
  CAF_CHECK(all.take(replica(1), said{{}, commits(1, about(1, "other"))}));
  CAF_CHECK(!all.take(replica(1), said{{}, commits(1, about(1, "other", 1))}));
}
