// One of four replicas lies to a node that fetches a state, or blocks.
#define CAF_SUITE state_liars
#include "tests/suite.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "storage/base.hpp"
#include "tests/actors/ticker.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

constexpr std::size_t laggard = 2;
constexpr std::size_t villain = 1;
constexpr std::uint64_t after_blocks = 64;
constexpr std::uint64_t spacing = after_blocks / 2;

/// The state of a replica's own checkpoint, if it is stable.
struct whole_state {
  state_offer offer;
  std::map<std::uint64_t, bytes> pages;
  state_tree tree;

  std::uint64_t number() const {
    return offer.stable.what.sequence.value();
  }
};

std::optional<whole_state> state_of(cluster& c, std::size_t i) {
  auto store = storage::open_memory_store(c.disk(i));
  auto own = storage::load_checkpoint(*store);
  auto stable = storage::load_stable(*store);
  CAF_REQUIRE(own && stable);
  if (!*own || !*stable || (*stable)->what.sequence != (*own)->sequence)
    return std::nullopt;
  whole_state out;
  auto ok = storage::load_pages(*store, [&](market::page_key key, byte_view content) {
    out.pages[key.packed()] = bytes{content};
    out.tree.set(key.packed(), content);
    return expected<void>{};
  });
  CAF_REQUIRE(ok.has_value());
  out.offer = {**stable, (*own)->chain, out.tree.root()};
  return out;
}

/// Blocks until there is a stable state at a multiple of the spacing, or at another number.
whole_state grow_to_state(cluster& c, ticker& t, bool at_multiple, std::uint64_t above = 0) {
  for (int i = 0; i < 100; ++i) {
    t.blocks(1);
    c.universe().run(50);
    if (auto s = state_of(c, villain);
        s && s->number() > above && (s->number() % spacing == 0) == at_multiple)
      return std::move(*s);
  }
  CAF_FAIL("no such state");
}

/// The states that a node has begun to write and that are not its own yet.
std::size_t states_staged(cluster& c, std::size_t i) {
  auto store = storage::open_memory_store(c.disk(i));
  auto own = storage::load_checkpoint(*store);
  auto staged = storage::list_base_pages(*store);
  CAF_REQUIRE(own && staged);
  auto executed = *own ? (*own)->sequence : sequence_number{0};
  return static_cast<std::size_t>(
      std::ranges::count_if(*staged, [&](sequence_number of) { return of > executed; }));
}

enum class lie { wrong_pages, wrong_nodes, silence, drip, not_there, no_pages };

/// Stands in for one replica in all that concerns states; in the rest that one is honest. The
/// answers of the honest come late: they have to read all of their state before the first.
class liar {
public:
  liar(cluster& c, lie kind, whole_state state) : c_(c), kind_(kind), state_(std::move(state)) {
    c.watch_links([this](std::size_t from, std::size_t to, channel on, byte_view m) {
      return to == laggard ? passes(from, on, m)
                           : from != laggard || to != villain || on != channel::state || !hears(m);
    });
  }
  void have(whole_state state) {
    state_ = std::move(state);
  }
  void honest_after(std::uint64_t ms) {
    honest_after_ms_ = ms;
  }
  /// What it says when it is asked what it has; its state otherwise.
  std::function<state_offer(const state_offer&)> forge;

  std::uint64_t asked = 0;
  std::set<sequence_number> targets; ///< it was asked about

private:
  bool passes(std::size_t from, channel on, byte_view message) {
    if (on != channel::state && on != channel::consensus)
      return true;
    auto m = decode_peer_message(message, {});
    CAF_REQUIRE(m);
    if (std::get_if<committed_block>(&*m)) // it would catch up by blocks while it waits
      return c_.renewals(laggard) > 0;
    if (!std::get_if<state_offer>(&*m) && !std::get_if<state_nodes>(&*m)
        && !std::get_if<state_pages>(&*m))
      return true;
    if (from == villain)
      return false;
    if (std::get_if<state_offer>(&*m) && honest_after_ms_ > 0) {
      say(from, *m, honest_after_ms_);
      return false;
    }
    return true;
  }

  /// True if it answers instead.
  bool hears(byte_view message) {
    auto m = decode_peer_message(message, {});
    CAF_REQUIRE(m);
    if (std::get_if<fetch_state>(&*m)) {
      say(villain, forge ? forge(state_.offer) : state_.offer, 0);
      return true;
    }
    if (auto* q = std::get_if<fetch_state_nodes>(&*m))
      answer(*q);
    else if (auto* q = std::get_if<fetch_state_pages>(&*m))
      answer(*q);
    else
      return false;
    ++asked;
    return true;
  }

  bool has(sequence_number target) const {
    return target == state_.offer.stable.what.sequence;
  }

  void answer(const fetch_state_nodes& q) {
    targets.insert(q.target);
    state_nodes a{q.id, {}};
    if (has(q.target) && kind_ != lie::not_there)
      for (auto path : q.paths)
        if (kind_ != lie::drip || a.nodes.empty())
          a.nodes.push_back({path, state_.tree.children(path)});
    if (kind_ == lie::wrong_nodes && !a.nodes.empty())
      a.nodes.back().children.back().value = hash("wrong");
    reply(a);
  }

  void answer(const fetch_state_pages& q) {
    state_pages a{q.id, {}};
    if (has(q.target) && kind_ != lie::not_there && kind_ != lie::no_pages)
      for (auto key : q.keys)
        if (kind_ != lie::drip || a.pages.empty())
          a.pages.push_back({key, state_.pages.at(key)});
    if (kind_ == lie::wrong_pages && !a.pages.empty())
      a.pages.back().content.back() ^= 1;
    reply(a);
  }

  void reply(const peer_message& a) {
    if (kind_ != lie::silence)
      say(villain, a, kind_ == lie::drip ? 2'900 : 0);
  }

  void say(std::size_t by, const peer_message& what, std::uint64_t after_ms) {
    bytes frame;
    append_message(frame, channel::state, encode(what));
    c_.universe().after(after_ms * 1'000'000 + 100'000, [this, by, frame]() mutable {
      if (c_.up(laggard))
        c_.inject(laggard, replica_id{static_cast<std::uint16_t>(by)}, std::move(frame));
    });
  }

  cluster& c_;
  lie kind_;
  whole_state state_;
  std::uint64_t honest_after_ms_ = 0;
};

cluster_options liar_options(std::uint64_t seed) {
  auto o = options_of(seed);
  o.node.transfer_after_blocks = after_blocks;
  return o;
}

struct outcome {
  std::uint64_t ms = 0; ///< until it has the state
  std::uint64_t lies = 0;
  std::uint64_t unanswered = 0;
  std::size_t most_staged = 0;
};

/// Starts the laggard, and runs until it has a state that it fetched, and the blocks after it.
outcome let_it_fetch(cluster& c, std::uint64_t most_ms) {
  outcome out;
  auto begun = c.universe().now();
  CAF_REQUIRE(c.start(laggard).has_value());
  auto elapsed = [&] {
    return (c.universe().now() - begun) / 1'000'000;
  };
  while (c.renewals(laggard) == 0 && elapsed() < most_ms) {
    c.universe().run(5, [&] { return c.renewals(laggard) > 0; });
    out.most_staged = std::max(out.most_staged, states_staged(c, laggard));
    if (c.renewals(laggard) > 0 || !c.up(laggard))
      break;
    auto s = c.status(laggard);
    if (!s.contains("parts") || !s["parts"].contains("transfer"))
      continue; // it is about to begin anew
    const auto& t = s["parts"]["transfer"];
    out.lies = std::max(out.lies, t.value("state_lies_total", std::uint64_t{0}));
    out.unanswered = std::max(out.unanswered, t.value("unanswered", std::uint64_t{0}));
  }
  out.ms = elapsed();
  CAF_REQUIRE(c.renewals(laggard) > 0);
  CAF_REQUIRE(c.agree(20'000));
  CAF_CHECK_EQUAL(c.renewals(laggard), 1u);
  return out;
}

/// The laggard is down, the others have gone on, and the liar has a state: that of the honest ones
/// or one that it is alone with.
struct scene {
  scene(const char* name, lie kind, bool alone) : c(liar_options(test_seed(name))), t(c) {
    t.blocks(10);
    c.crash(laggard);
    t.blocks(150);
    auto state = grow_to_state(c, t, !alone);
    them = std::make_unique<liar>(c, kind, std::move(state));
  }
  ~scene() {
    c.watch_links({});
  }
  cluster c;
  ticker t;
  std::unique_ptr<liar> them;
};

/// Takes the right state within `most_ms` although this one is lied about, and no more than two
/// states are on the disk meanwhile.
outcome fetched_beside(lie kind, bool alone, std::uint64_t most_ms) {
  scene s{"a lie", kind, alone};
  s.them->honest_after(alone ? 2'000 : 20);
  auto out = let_it_fetch(s.c, most_ms);
  CAF_MESSAGE("in " << out.ms << " ms, " << out.lies << " lies");
  CAF_CHECK(s.them->asked > 0);
  CAF_CHECK(out.most_staged <= 2);
  return out;
}

} // namespace

CAF_TEST(wrong pages and nodes are counted and cost a moment) {
  for (auto kind : {lie::wrong_pages, lie::wrong_nodes})
    for (bool alone : {false, true}) {
      auto out = fetched_beside(kind, alone, 4'000);
      CAF_CHECK(!alone || out.lies > 0);
    }
}

CAF_TEST(who is chosen and then says nothing is left) {
  for (bool alone : {false, true}) {
    auto out = fetched_beside(lie::silence, alone, 8'000);
    CAF_CHECK(out.unanswered > 0);
    CAF_CHECK_EQUAL(out.lies, 0u);
  }
}

CAF_TEST(who hands out its state bit by bit is left) {
  for (bool alone : {false, true})
    fetched_beside(lie::drip, alone, 8'000);
}

CAF_TEST(who does not have what it offered is left) {
  for (auto kind : {lie::not_there, lie::no_pages})
    for (bool alone : {false, true})
      fetched_beside(kind, alone, 8'000);
}

CAF_TEST(offers that are forged are counted and cost nothing) {
  auto renumbered = [](state_offer o, std::uint64_t n) {
    o.stable.what.sequence = sequence_number{n};
    o.stable.what.state = state_digest(o.stable.what.sequence, o.chain, o.pages);
    return o;
  };
  std::vector<std::function<state_offer(state_offer)>> forgeries{
      [](state_offer o) {
        o.stable.proof.pop_back();
        return o;
      },
      [](state_offer o) {
        o.stable.proof.back() = o.stable.proof.front();
        return o;
      },
      [](state_offer o) {
        o.pages = hash("pages of its own");
        return o;
      },
      [&](state_offer o) { return renumbered(o, 1'000'000); },
      [&](state_offer o) {
        o.pages = hash("pages of its own");
        return renumbered(o, o.stable.what.sequence.value() + 1);
      },
  };
  for (const auto& forgery : forgeries) {
    scene s{"forged offers", lie::wrong_pages, true};
    s.them->forge = forgery;
    s.them->honest_after(300);
    auto out = let_it_fetch(s.c, 2'000);
    CAF_MESSAGE("in " << out.ms << " ms, " << out.lies << " lies");
    CAF_CHECK(out.lies > 0);
    CAF_CHECK_EQUAL(s.them->asked, 0u);
    CAF_CHECK(out.most_staged <= 2);
  }
}

CAF_TEST(one target after the other does not fill the disk) {
  scene s{"many targets", lie::no_pages, true};
  s.them->honest_after(3'600'000); // so long is the liar alone
  CAF_REQUIRE(s.c.start(laggard).has_value());
  constexpr std::size_t rounds = 8;
  std::size_t most = 0;
  for (std::size_t round = 1; round <= rounds; ++round) {
    for (int i = 0; i < 300 && s.them->targets.size() < round; ++i) {
      s.c.universe().run(100);
      most = std::max(most, states_staged(s.c, laggard));
    }
    CAF_REQUIRE_EQUAL(s.them->targets.size(), round);
    s.c.universe().run(500);
    most = std::max(most, states_staged(s.c, laggard));
    auto last = s.them->targets.rbegin()->value();
    s.them->have(grow_to_state(s.c, s.t, false, last));
  }
  CAF_MESSAGE("of " << rounds << " targets " << most << " on the disk at most");
  CAF_CHECK_EQUAL(most, 2u);
  s.them->honest_after(0);
  CAF_REQUIRE(s.c.universe().run(60'000, [&] { return s.c.renewals(laggard) > 0; }));
  CAF_CHECK(s.c.agree(20'000));
}

CAF_TEST(wrong blocks and bodies cost a turn) {
  enum class wrong { block, certificate, signature, body };
  for (auto kind : {wrong::block, wrong::certificate, wrong::signature, wrong::body}) {
    cluster c{options_of(test_seed("wrong blocks"))};
    ticker t{c};
    t.blocks(10);
    c.crash(laggard);
    t.blocks(150);
    std::optional<std::size_t> who; // whoever is asked first
    std::uint64_t lies = 0;
    c.watch_links([&](std::size_t from, std::size_t to, channel on, byte_view message) {
      if (from != laggard && to != laggard)
        return true;
      auto m = decode_peer_message(message, {});
      if (!m)
        return true;
      auto asks = kind == wrong::body ? std::holds_alternative<fetch_bodies>(*m)
                                      : std::holds_alternative<fetch_blocks>(*m);
      if (from == laggard && asks && !who)
        who = to;
      if (to != laggard || from != who)
        return true;
      if (auto* b = std::get_if<committed_block>(&*m); b && kind != wrong::body) {
        if (kind == wrong::block)
          b->block = std::make_shared<const bytes>(*b->block + '!');
        else if (kind == wrong::certificate)
          b->certificate.commits.pop_back();
        else
          b->certificate.commits.front().signature.data[3] ^= 1;
      } else if (auto* b = std::get_if<bodies>(&*m); b && kind == wrong::body) {
        for (auto& s : b->submissions)
          s.body.back() ^= 1;
      } else {
        return true;
      }
      ++lies;
      bytes frame;
      append_message(frame, on, encode(*m));
      c.universe().after(100'000, [&c, from, frame] {
        if (c.up(laggard))
          c.inject(laggard, replica_id{static_cast<std::uint16_t>(from)}, frame);
      });
      return false;
    });
    CAF_REQUIRE(c.start(laggard).has_value());
    CAF_CHECK(c.agree(6'000));
    CAF_CHECK(lies > 0);
    const auto s = c.status(laggard)["parts"]["consensus"];
    auto counted = s.value("wrong_hashes", 0) + s.value("bad_certificates", 0);
    CAF_MESSAGE(lies << " lies, " << counted << " counted");
    CAF_CHECK(kind == wrong::body || counted > 0);
    c.watch_links({});
  }
}
