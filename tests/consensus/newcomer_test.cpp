#define CAF_SUITE newcomer
#include "tests/suite.hpp"

#include <deque>
#include <memory>

#include "consensus/backoff.hpp"
#include "consensus/newcomer.hpp"
#include "messages/splitmix64.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

constexpr std::uint32_t window = 64;
constexpr std::uint64_t silent_blocks = newcomer::windows * window;

stable_checkpoint stable_at(std::uint64_t n) {
  stable_checkpoint out{{seq(n), hash("state " + std::to_string(n))}, {}};
  for (std::uint16_t i = 0; n > 0 && i < 3; ++i)
    out.proof.push_back(
        {replica(i), stand_in{replica(i)}.sign(purpose::checkpoint, signed_bytes(out.what))});
  return out;
}

/// Four of them; messages arrive at once unless the link is cut.
struct world {
  struct node {
    explicit node(std::uint16_t i) : auth(replica(i)) {}
    stand_in auth;
    std::unique_ptr<newcomer> it;
    std::optional<silence> disk;
    std::uint64_t executed = 0;
    std::uint64_t stable = 0;
    bool up = false;
    int spoke = 0;
    std::vector<std::uint64_t> fills;
  };
  world() {
    for (std::uint16_t i = 0; i < 4; ++i)
      nodes.emplace_back(i);
  }

  /// From what its disk has; an empty one gets a mark.
  void start(std::size_t i, bool fresh) {
    auto& n = nodes[i];
    if (fresh) {
      n.disk = silence{++marks, {}};
      n.executed = n.stable = 0;
    }
    newcomer_options o;
    o.self = replica(i);
    o.size = {4};
    o.window = window;
    n.it = std::make_unique<newcomer>(o, n.auth, n.disk);
    n.up = true;
    position(i, n.executed, n.stable);
  }
  void position(std::size_t i, std::uint64_t executed, std::uint64_t stable) {
    nodes[i].executed = executed;
    nodes[i].stable = stable;
    nodes[i].it->on_position(seq(executed), stable_at(stable));
    carry_out(i);
  }
  void carry_out(std::size_t i) {
    auto e = nodes[i].it->take_effects();
    if (e.persist)
      nodes[i].disk = e.persist;
    if (e.speak) {
      nodes[i].disk.reset();
      ++nodes[i].spoke;
    }
    if (e.fill)
      nodes[i].fills.push_back(e.fill->value());
    for (auto& s : e.sends)
      if (s.to && nodes[s.to->value()].up && !(cut[i] || cut[s.to->value()]))
        network.push_back({i, s.to->value(), std::get<standing>(s.what)});
  }
  void run(std::uint64_t ms) {
    for (std::uint64_t end = now + ms * ns_per_ms; now < end; now += 5 * ns_per_ms) {
      for (std::size_t i = 0; i < 4; ++i)
        if (nodes[i].up) {
          nodes[i].it->on_tick(now);
          carry_out(i);
        }
      while (!network.empty()) {
        auto m = network.front();
        network.pop_front();
        if (!nodes[m.to].up)
          continue;
        nodes[m.to].it->on_message(now, replica(m.from), m.what);
        carry_out(m.to);
      }
    }
  }
  bool silent(std::size_t i) const {
    return nodes[i].it->silent();
  }

  struct message {
    std::size_t from;
    std::size_t to;
    standing what;
  };
  std::vector<node> nodes;
  std::array<bool, 4> cut{};
  std::deque<message> network;
  std::uint64_t now = ns_per_ms;
  std::uint64_t marks = 100;
};

} // namespace

CAF_TEST(four new ones begin at once) {
  world w;
  for (std::size_t i = 0; i < 4; ++i)
    w.start(i, true);
  w.run(30);
  for (std::size_t i = 0; i < 4; ++i) {
    CAF_CHECK(!w.silent(i));
    CAF_CHECK_EQUAL(w.nodes[i].spoke, 1);
    CAF_CHECK(!w.nodes[i].disk);
  }
}

CAF_TEST(three new ones begin after a while and two never) {
  world w;
  w.start(0, true);
  w.start(2, true);
  w.run(10'000);
  CAF_CHECK(w.silent(0) && w.silent(2));
  w.start(3, true);
  w.run(55'000);
  CAF_CHECK(w.silent(0) && w.silent(2) && w.silent(3)); // the fourth may come yet
  w.run(10'000);
  CAF_CHECK(!w.silent(0) && !w.silent(2) && !w.silent(3));
}

CAF_TEST(one whose answers were lost is a founder all the same) {
  world w;
  for (std::size_t i = 0; i < 4; ++i)
    w.start(i, true);
  // The others hear it and it hears nobody.
  for (std::size_t i = 0; i < 3; ++i)
    w.nodes[i].it->on_message(w.now, replica(3), standing{{}, w.nodes[3].disk->mark, 0, false});
  w.cut[3] = true;
  w.run(100);
  CAF_CHECK(!w.silent(0) && !w.silent(1) && !w.silent(2) && w.silent(3));
  for (std::size_t i = 0; i < 3; ++i)
    w.position(i, 40, 32);
  w.cut[3] = false;
  w.position(3, 40, 32);
  w.run(1'000);
  CAF_CHECK(!w.silent(3));
}

CAF_TEST(one that loses its disk is silent until no vote of its former self can matter) {
  world w;
  for (std::size_t i = 0; i < 4; ++i)
    w.start(i, true);
  w.run(30);
  for (std::size_t i = 0; i < 3; ++i)
    w.position(i, 170, 160);
  w.start(3, true); // another mark
  w.run(2'000);
  CAF_CHECK(w.silent(3));
  CAF_REQUIRE(w.nodes[3].disk);
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 160u + silent_blocks);
  w.position(3, 430, 160);
  CAF_CHECK(w.silent(3));
  w.position(3, 410, 416); // it has not reached that state itself
  CAF_CHECK(w.silent(3));
  w.position(3, 415, 448);
  CAF_CHECK(w.silent(3));
  w.position(3, 416, 448); // the newest may stay ahead of it for ever
  CAF_CHECK(!w.silent(3));
  CAF_CHECK(!w.nodes[3].disk);
}

CAF_TEST(those who take part owe a silent one blocks enough) {
  world w;
  for (std::size_t i = 0; i < 4; ++i)
    w.start(i, true);
  w.run(30);
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(w.nodes[i].fills.empty()); // who begins together owes nothing
  for (std::size_t i = 0; i < 3; ++i)
    w.position(i, 170, 160);
  w.start(3, true);
  w.run(29'000);
  for (std::size_t i = 0; i < 3; ++i) {
    CAF_REQUIRE_EQUAL(w.nodes[i].fills.size(), 1u); // however often it says that it is silent
    CAF_CHECK_EQUAL(w.nodes[i].fills[0], 160u + silent_blocks + 32);
    CAF_CHECK(w.nodes[i].fills[0] >= w.nodes[3].disk->until.value());
    w.position(i, 200, 192);
  }
  w.run(2'000);
  for (std::size_t i = 0; i < 3; ++i) {
    CAF_REQUIRE_EQUAL(w.nodes[i].fills.size(), 2u);
    CAF_CHECK_EQUAL(w.nodes[i].fills[1], 192u + silent_blocks + 32);
  }
  w.run(50'000);
  CAF_CHECK_EQUAL(w.nodes[0].fills.size(), 2u); // the next only after twice as long
  w.run(15'000);
  CAF_CHECK_EQUAL(w.nodes[0].fills.size(), 3u);
  w.position(3, 416, 416);
  w.run(3'700'000);
  CAF_CHECK(!w.silent(3));
  CAF_CHECK_EQUAL(w.nodes[0].fills.size(), 3u);
  w.start(3, true); // another disk, an hour after
  w.run(1'000);
  CAF_CHECK_EQUAL(w.nodes[0].fills.size(), 4u);
}

CAF_TEST(one that always says that it is silent gets little) {
  for (std::uint64_t every_s : {1, 61, 121, 3601}) { // it may also pause
    world w;
    w.start(0, false);
    w.position(0, 170, 160);
    for (std::uint64_t s = 0; s < 24 * 3600; s += every_s) {
      w.nodes[0].it->on_message(s * 1000 * ns_per_ms, replica(2), standing{{}, 1 + s, 0, false});
      w.carry_out(0);
    }
    CAF_CHECK(w.nodes[0].fills.size() <= 8 + 24);
  }
}

CAF_TEST(one that is silent itself owes nothing) {
  world w;
  w.start(2, true);
  w.start(3, true);
  w.run(40'000);
  CAF_CHECK(w.nodes[2].fills.empty() && w.nodes[3].fills.empty());
}

CAF_TEST(what it waits for survives a restart and does not move) {
  world w;
  for (std::size_t i = 0; i < 3; ++i) {
    w.start(i, false);
    w.position(i, 170, 160);
  }
  w.start(3, true);
  w.run(1'000);
  for (std::size_t i = 0; i < 3; ++i)
    w.position(i, 1000, 992);
  w.start(3, false);
  w.run(1'000);
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 160u + silent_blocks);
  w.position(3, 992, 992);
  CAF_CHECK(!w.silent(3));
}

CAF_TEST(three that lost their disks do not begin anew what the fourth can prove) {
  world w;
  w.start(0, false);
  w.position(0, 170, 160);
  for (std::size_t i = 1; i < 4; ++i)
    w.start(i, true);
  w.run(10'000);
  for (std::size_t i = 1; i < 4; ++i)
    CAF_CHECK(w.silent(i));
}

CAF_TEST(the word of all that it takes is waited for) {
  world w;
  for (std::size_t i = 0; i < 2; ++i) {
    w.start(i, false);
    w.position(i, 170, 160);
  }
  w.start(3, true);
  w.run(5'000);
  CAF_CHECK(w.silent(3));
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 0u);
  w.start(2, true); // silent as well: its word is nothing
  w.run(5'000);
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 0u);
  CAF_CHECK(w.silent(2) && w.silent(3));
}

CAF_TEST(liars neither shorten nor lengthen it) {
  world w;
  w.start(0, false);
  w.position(0, 170, 160);
  w.start(1, false);
  w.position(1, 130, 128);
  w.start(3, true);
  auto hear = [&](standing m) {
    w.nodes[3].it->on_message(w.now, replica(2), m);
    w.carry_out(3);
  };
  w.run(100);
  auto invented = stable_at(1'000'000);
  invented.proof[0].signature = {};
  hear({invented, 0, 0, false});
  w.run(100);
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 0u); // no answer at all
  hear({stable_at(0), 77, 0, false});                  // claims to be new
  w.run(5'000);
  CAF_CHECK(w.silent(3));
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 0u);
  hear({stable_at(0), 0, w.nodes[3].disk->mark,
        false}); // claims to have founded the cluster with it
  w.run(5'000);
  CAF_CHECK(w.silent(3));
  CAF_CHECK_EQUAL(w.nodes[3].disk->until.value(), 160u + silent_blocks);
}

CAF_TEST(whoever takes part answers and asks nothing) {
  world w;
  w.start(0, false);
  w.position(0, 170, 160);
  w.run(1'000);
  CAF_CHECK(w.network.empty());
  w.nodes[0].it->on_message(w.now, replica(1), standing{{}, 5, 0, true});
  auto e = w.nodes[0].it->take_effects();
  CAF_REQUIRE_EQUAL(e.sends.size(), 1u);
  auto m = std::get<standing>(e.sends[0].what);
  CAF_CHECK_EQUAL(m.silent, 0u);
  CAF_CHECK(!m.wants_answer);
  CAF_CHECK(m.stable == stable_at(160));
  w.nodes[0].it->on_message(w.now, replica(1), standing{{}, 5, 0, false});
  w.nodes[0].it->on_message(w.now, replica(0), standing{{}, 5, 0, true}); // itself
  w.nodes[0].it->on_message(w.now, replica(9), standing{{}, 5, 0, true});
  CAF_CHECK(w.nodes[0].it->take_effects().empty());
}

CAF_TEST(starts in any order with losses end in one cluster) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    splitmix64 random{seed};
    world w;
    std::vector<std::size_t> order{0, 1, 2, 3};
    for (std::size_t i = 3; i > 0; --i)
      std::swap(order[i], order[random.below(i + 1)]);
    for (auto i : order) {
      w.start(i, true);
      w.cut[i] = random.below(3) == 0;
      w.run(random.below(200));
    }
    for (int round = 0; round < 5; ++round) {
      w.cut[random.below(4)] = random.below(2) == 0;
      w.run(random.below(300));
    }
    w.cut = {};
    w.run(61'000);
    for (std::size_t i = 0; i < 4; ++i)
      if (w.silent(i) && w.nodes[i].disk->until.value() == 0)
        CAF_FAIL("seed " << seed << ": " << i << " waits for nothing");
    int speaking = 0;
    for (std::size_t i = 0; i < 4; ++i)
      speaking += w.silent(i) ? 0 : 1;
    if (speaking < 3)
      CAF_FAIL("seed " << seed << ": only " << speaking << " take part");
  }
  CAF_CHECK(true);
}
