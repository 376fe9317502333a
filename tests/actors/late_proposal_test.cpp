// A replica hears a proposal only after it has fetched the block and executed it.
#define CAF_SUITE late_proposal
#include "tests/suite.hpp"

#include "tests/actors/ticker.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

CAF_TEST(a proposal of a block that was fetched beyond the window and is executed) {
  constexpr std::size_t laggard = 1;
  cluster c{options_of(test_seed("late proposal"))};
  ticker t{c};
  bool deaf = true;    // to what decides blocks
  bool unaware = true; // of stable checkpoints, so its window stays
  std::map<std::uint64_t, pre_prepare> proposals;
  c.watch_links([&](std::size_t, std::size_t to, channel on, byte_view message) {
    if (to != laggard || on != channel::consensus)
      return true;
    auto m = decode_peer_message(message, {});
    CAF_REQUIRE(m);
    if (const auto* p = std::get_if<pre_prepare>(&*m))
      proposals.emplace(p->what.sequence.value(), *p);
    if (std::holds_alternative<bourse::messages::checkpoint>(*m))
      return !unaware;
    return !deaf || std::holds_alternative<committed_block>(*m)
           || std::holds_alternative<progress>(*m);
  });
  const auto window = c.genesis().window;
  while (c.executed(0) < window + 4)
    t.blocks(1);
  CAF_REQUIRE(c.universe().run(20'000, [&] { return c.executed(laggard) == c.executed(0); }));
  unaware = false;
  CAF_REQUIRE(
      c.universe().run(20'000, [&] { return c.status(laggard)["stable"]["sequence"] == window; }));
  // Its slots above the checkpoint are empty, for the blocks came when they were out of reach.
  auto late = proposals.find(window + 2);
  CAF_REQUIRE(late != proposals.end());
  CAF_REQUIRE(c.executed(laggard) >= late->first);
  bytes frame;
  append_message(frame, channel::consensus, encode(peer_message{late->second}));
  c.inject(laggard, replica_id{0}, std::move(frame));
  c.universe().run(1000);
  deaf = false;
  t.blocks(3);
  CAF_CHECK(c.agree(20'000));
  c.watch_links({});
}
