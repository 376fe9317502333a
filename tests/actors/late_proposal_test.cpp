// A replica hears a proposal only after it has fetched the block and executed it.
#define CAF_SUITE late_proposal
#include "tests/suite.hpp"

#include "tests/actors/ticker.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

constexpr std::size_t laggard = 1;

/// Its slots above the stable checkpoint are empty, though it has executed what belongs there: the
/// blocks came when they were out of reach.
struct fixture {
  cluster c{options_of(test_seed("late proposal"))};
  ticker t{c};
  bool deaf = true;    // to what decides blocks
  bool unaware = true; // of stable checkpoints, so its window stays
  std::map<std::uint64_t, pre_prepare> proposals;
  std::uint64_t late = c.genesis().window + 2;

  fixture() {
    c.watch_links([this](std::size_t, std::size_t to, channel on, byte_view message) {
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
    CAF_REQUIRE(c.universe().run(
        20'000, [&] { return c.status(laggard)["stable"]["sequence"] == window; }));
    CAF_REQUIRE(proposals.contains(late));
    CAF_REQUIRE(c.executed(laggard) >= late);
  }
  ~fixture() {
    c.watch_links({});
    c.listen({});
  }
  void hears(const pre_prepare& m) {
    bytes frame;
    append_message(frame, channel::consensus, encode(peer_message{m}));
    c.inject(laggard, replica_id{0}, std::move(frame));
  }
  /// In the name of the primary: with fewer heads.
  pre_prepare another() {
    auto b = decode_block(*proposals.at(late).block);
    CAF_REQUIRE(b && b->heads.size() > 1);
    b->heads.pop_back();
    auto encoded = std::make_shared<const bytes>(encode(*b));
    pre_prepare m{{view_number{0}, b->sequence, hash(*encoded)}, {}, encoded};
    m.signature
        = replica_key(0).sign(purpose::pre_prepare, c.genesis().cluster(), signed_bytes(m.what));
    return m;
  }
  /// Runs for a second: whether the laggard votes for it.
  bool votes_for(const statement& what) {
    bool voted = false;
    c.listen([&](std::size_t from, channel on, byte_view message) {
      if (from != laggard || on != channel::consensus)
        return;
      auto m = decode_peer_message(message, {});
      const auto* p = m ? std::get_if<prepare>(&*m) : nullptr;
      voted |= p && p->what == what;
    });
    c.universe().run(1000);
    c.listen({});
    return voted;
  }
};

} // namespace

CAF_TEST(a proposal of a block that was fetched beyond the window and is executed) {
  fixture f;
  f.hears(f.proposals.at(f.late));
  f.c.universe().run(1000);
  f.deaf = false;
  f.t.blocks(3);
  CAF_CHECK(f.c.agree(20'000));
}

CAF_TEST(another block than was executed gets no vote) {
  fixture f;
  auto other = f.another();
  f.hears(other);
  CAF_CHECK(!f.votes_for(other.what));
  auto counted = f.c.status(laggard)["parts"]["consensus"];
  CAF_CHECK(counted["rejected_proposals"] > 0); // it was looked at
  f.deaf = false;
  f.t.blocks(3);
  CAF_CHECK(f.c.agree(20'000));
}
