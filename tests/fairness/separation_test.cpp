// What the fair order promises, of runs in which f replicas do as they like.
#define CAF_SUITE separation
#include "tests/suite.hpp"

#include "tests/fairness/stamping_world.hpp"

using namespace bourse::fairness;

namespace {

using story = stamping_world::story;

/// The worst lane of what stood in o's stream up to it when a block began.
lane lane_at(const std::vector<const story*>& stream, const story& o, int block) {
  auto worst = o.body->lane;
  for (auto* s : stream)
    if (s->body->content.number < o.body->content.number && *s->block >= block)
      worst = std::max(worst, s->body->lane);
  return worst;
}

struct pairs {
  std::size_t separated = 0, flipped = 0, excused = 0;
};

pairs look_at_pairs(const stamping_world& w) {
  pairs result;
  std::map<std::pair<client_id, stream_id>, std::vector<const story*>> streams;
  for (auto& s : w.stories())
    streams[{s.body->content.client, s.body->content.stream}].push_back(&s);
  for (auto& o : w.stories()) {
    auto honest = w.size().n - w.size().f();
    if (o.equivocates
        || std::count(o.stamps.begin(), o.stamps.end(), stamping_world::no_stamp)
               > w.size().n - honest)
      continue;
    stamp_time latest;
    for (auto time : o.stamps)
      if (time != stamping_world::no_stamp)
        latest = std::max(latest, time);
    auto& stream = streams[{o.body->content.client, o.body->content.stream}];
    for (auto& later : w.stories()) {
      if (!later.block || *std::min_element(later.stamps.begin(), later.stamps.end()) <= latest
          || later.body->lane < o.body->lane)
        continue;
      auto is_behind = lane_at(stream, o, *later.block) > later.body->lane;
      ++result.separated;
      result.excused += is_behind;
      result.flipped += !is_behind && o.position > later.position;
    }
  }
  return result;
}

} // namespace

CAF_TEST(what honest replicas saw first executes first and nothing starves) {
  auto first = first_seed();
  CAF_MESSAGE("seeds from " << first);
  pairs all;
  std::size_t executed = 0, void_bodies = 0;
  for (auto seed = first; seed < first + 400; ++seed) {
    stamping_world w{seed};
    w.run(150);
    auto is_done = w.finish();
    for (auto& what : w.complaints())
      CAF_ERROR("seed " << seed << ": " << what);
    auto of_run = look_at_pairs(w);
    if (!is_done || of_run.flipped > 0)
      CAF_ERROR("seed " << seed << ": " << of_run.flipped << " pairs flipped, done " << is_done);
    CAF_REQUIRE(is_done && of_run.flipped == 0 && w.complaints().empty());
    all.separated += of_run.separated;
    all.excused += of_run.excused;
    for (auto& s : w.stories()) {
      executed += s.block.has_value();
      void_bodies += !s.block;
    }
  }
  CAF_MESSAGE(executed << " executed, " << void_bodies << " void, " << all.separated
                       << " separated pairs, of which " << all.excused
                       << " stood behind worse lanes");
  CAF_CHECK(all.separated > 100'000 && void_bodies > 1000);
}
