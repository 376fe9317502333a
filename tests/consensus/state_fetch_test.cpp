#define CAF_SUITE state_fetch
#include "tests/suite.hpp"

#include "consensus/state_fetch.hpp"
#include "messages/splitmix64.hpp"
#include "tests/consensus/state_givers.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

using phase = state_fetch::phase;

CAF_TEST(a state comes whole from honest replicas) {
  fetch_world w{sample_pages(1, 500)};
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000));
  CAF_CHECK(w.staged == w.pages);
  CAF_CHECK(w.fetch.counters().pages == w.pages.size());
  CAF_CHECK_EQUAL(w.fetch.counters().lies, 0u);
  for (std::uint16_t i = 1; i < 4; ++i) // all of them were asked
    CAF_CHECK(w.asked[i] > 0);
}

CAF_TEST(what is the same here is not fetched) {
  auto pages = sample_pages(2, 500);
  fetch_world w{pages};
  w.here = pages;
  auto changed = std::next(w.here.begin(), 100);
  auto gone = std::next(w.here.begin(), 200)->first;
  auto key = changed->first;
  changed->second = "older";
  w.here.erase(gone);
  w.here[~std::uint64_t{0}] = "a page that is no part of the state";
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000));
  CAF_CHECK(w.staged == pages);
  CAF_CHECK_EQUAL(w.fetch.counters().pages, 2u);
  CAF_CHECK(w.fetched == (std::set{key, gone}));
}

CAF_TEST(a state that is here already needs nothing) {
  fetch_world w{sample_pages(3, 50)};
  w.here = w.pages;
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000));
  CAF_CHECK(w.staged == w.pages);
  CAF_CHECK_EQUAL(w.asked[1] + w.asked[2] + w.asked[3], 0u);
}

CAF_TEST(one liar of any kind costs time only) {
  for (auto lie : {lie::wrong_page, lie::wrong_node, lie::other_page, lie::no_answer,
                   lie::not_there, lie::half_an_answer, lie::drip}) {
    fetch_world w{sample_pages(4, 300)};
    w.lies[2] = lie;
    w.fetch.begin(w.now, sequence_number{0});
    CAF_MESSAGE("lie " << static_cast<int>(lie));
    CAF_REQUIRE(w.run(120'000));
    CAF_CHECK(w.staged == w.pages);
    auto wrong = lie == lie::wrong_page || lie == lie::wrong_node || lie == lie::other_page;
    CAF_CHECK_EQUAL(w.fetch.counters().lies > 0, wrong);
    CAF_CHECK_EQUAL(w.fetch.counters().silences > 0, lie == lie::no_answer);
  }
}

CAF_TEST(who leaves out some of an answer that is not large is asked no more for a while) {
  for (auto lie : {lie::half_an_answer, lie::drip, lie::not_there}) {
    fetch_world w{sample_pages(14, 2000)};
    w.lies[1] = lie;
    w.lies[2] = w.lies[3] = lie::mute;
    w.fetch.begin(w.now, sequence_number{0});
    w.run(20'000);
    CAF_MESSAGE("lie " << static_cast<int>(lie));
    CAF_MESSAGE("asked " << w.asked[1]);
    CAF_CHECK(w.asked[1] > 0);
    CAF_CHECK(w.asked[1] <= 12); // a second, two, four, eight ... between the questions
  }
}

CAF_TEST(what is left out for its size is asked for at once) {
  // Of 64 that are asked for at once the half is more than half a megabyte.
  fetch_world w{sample_pages(15, 500, 18'000)};
  w.lies[1] = lie::half_the_pages;
  w.lies[2] = w.lies[3] = lie::mute;
  w.fetch.begin(w.now, sequence_number{0});
  CAF_CHECK(w.run(10'000, [&] { return w.fetch.counters().pages >= 400; }));
}

CAF_TEST(one liar that is alone with the newest state does not hold the fetch up) {
  auto pages = sample_pages(16, 2000);
  for (auto lie : {lie::drip, lie::slow, lie::not_there, lie::no_answer, lie::mute})
    for (std::uint64_t honest_ms : {1, 700, 4'000, 9'000}) { // they must look at all of it first
      fetch_world w{pages};
      auto newer = pages;
      newer[7] = "newer";
      w.give(3, newer, 2000);
      w.lies[3] = lie;
      w.offers_after_ms = {1, honest_ms, honest_ms + 300, 1};
      w.fetch.begin(w.now, sequence_number{0});
      CAF_MESSAGE("lie " << static_cast<int>(lie) << ", honest after " << honest_ms);
      CAF_REQUIRE(w.run(16'000));
      CAF_CHECK(w.staged == pages);
      CAF_CHECK(w.fetch.target() == sequence_number{1000});
    }
}

CAF_TEST(where no two replicas have the same state a slow one is left for another) {
  auto pages = sample_pages(17, 2000);
  fetch_world w{pages};
  for (std::uint16_t i = 1; i < 4; ++i) {
    auto other = pages;
    other[i] = "of " + std::to_string(i);
    w.give(i, other, 1000u * i);
  }
  w.lies[3] = lie::slow;
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(16'000));
  CAF_CHECK(w.fetch.target() == sequence_number{2000});
  CAF_CHECK_EQUAL(w.fetch.counters().targets, 2u);
}

CAF_TEST(a state that f+1 offer is kept to) {
  auto pages = sample_pages(18, 2000);
  fetch_world w{pages};
  auto newer = pages;
  newer[7] = "newer";
  w.give(3, newer, 2000);
  w.lies[1] = lie::slow;
  w.offers_after_ms = {1, 1, 1, 400};
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(60'000));
  CAF_CHECK(w.fetch.target() == sequence_number{1000});
  CAF_CHECK_EQUAL(w.fetch.counters().targets, 1u);
}

CAF_TEST(offers without proof are lies) {
  auto spoil = std::vector<std::function<void(state_offer&)>>{
      [](state_offer& o) { o.stable.proof.pop_back(); },
      [](state_offer& o) { o.stable.proof[1] = o.stable.proof[0]; },
      [](state_offer& o) { o.stable.what.sequence = sequence_number{9999}; },
      [](state_offer& o) { o.pages = hash("other pages"); },
      [](state_offer& o) { o.chain = hash("another log"); },
      [](state_offer& o) {
        // All its own, but for the signatures.
        o.pages = hash("invented");
        o.stable.what.sequence = sequence_number{9999};
        o.stable.what.state = state_digest(o.stable.what.sequence, o.chain, o.pages);
      },
  };
  for (std::size_t i = 0; i < spoil.size(); ++i) {
    fetch_world w{sample_pages(5, 20)};
    auto bad = w.offer;
    spoil[i](bad);
    w.fetch.begin(w.now, sequence_number{0});
    w.fetch.on_message(w.now, replica(1), bad);
    CAF_MESSAGE("spoilt in way " << i);
    CAF_CHECK_EQUAL(w.fetch.counters().lies, 1u);
    CAF_REQUIRE(w.run(10'000));
    CAF_CHECK(w.staged == w.pages);
    CAF_CHECK(w.fetch.target() == w.offer.stable.what.sequence);
  }
}

CAF_TEST(offers that are not ahead begin nothing) {
  fetch_world w{sample_pages(6, 20)};
  w.fetch.begin(w.now, w.offer.stable.what.sequence);
  CAF_CHECK(!w.run(5'000));
  CAF_CHECK(w.fetch.where() == phase::looking);
  w.fetch.stop();
  CAF_CHECK(w.fetch.where() == phase::idle);
}

CAF_TEST(the newest state that f+1 offer is taken) {
  fetch_world w{sample_pages(7, 20)};
  auto newer = make_offer(w.pages, 2000);
  w.fetch.begin(w.now, sequence_number{0});
  w.fetch.take_effects();
  w.fetch.on_message(w.now, replica(3), newer); // true, but one liar may be alone with it
  CAF_CHECK(!w.fetch.take_effects().chosen);
  w.fetch.on_message(w.now, replica(1), w.offer);
  CAF_CHECK(!w.fetch.take_effects().chosen);
  w.fetch.on_message(w.now, replica(2), w.offer);
  auto chosen = w.fetch.take_effects().chosen;
  CAF_REQUIRE(chosen);
  CAF_CHECK(chosen->stable.what.sequence == w.offer.stable.what.sequence);
}

CAF_TEST(one that nobody else offers is taken after a moment) {
  fetch_world w{sample_pages(8, 20)};
  w.fetch.begin(w.now, sequence_number{0});
  w.fetch.take_effects();
  w.fetch.on_message(w.now, replica(3), w.offer);
  CAF_CHECK(!w.fetch.take_effects().chosen);
  w.now += 600 * ns_per_ms;
  w.fetch.on_tick(w.now);
  CAF_CHECK(w.fetch.take_effects().chosen.has_value());
}

CAF_TEST(a state that is given out no more is given up for a newer one and no work is lost) {
  auto pages = sample_pages(9, 400);
  fetch_world w{pages};
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000, [&] { return w.fetched.size() >= 200; }));
  auto before = w.fetched.size();
  auto changed = std::next(pages.begin(), 5)->first;
  pages[changed] = "newer";
  w.give(pages, 2000);
  CAF_REQUIRE(w.run(10'000));
  CAF_CHECK(w.staged == pages);
  CAF_CHECK(w.fetch.target() == sequence_number{2000});
  CAF_CHECK_EQUAL(w.fetch.counters().targets, 2u);
  // What had come before was there, but for what changed.
  CAF_CHECK(w.fetch.counters().pages <= pages.size() - before + 1);
}

CAF_TEST(an interrupted one goes on where it was) {
  fetch_world w{sample_pages(10, 400)};
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000, [&] { return w.fetched.size() >= 100; }));
  auto before = w.fetched.size();
  w.restart();
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000));
  CAF_CHECK(w.staged == w.pages);
  CAF_CHECK(w.fetch.counters().pages <= w.pages.size() - before);
}

CAF_TEST(when all fall silent others are looked for) {
  fetch_world w{sample_pages(11, 300)};
  w.lies[3] = lie::mute;
  w.fetch.begin(w.now, sequence_number{0});
  CAF_REQUIRE(w.run(10'000, [&] { return !w.fetched.empty(); }));
  w.lies[1] = w.lies[2] = lie::mute;
  w.lies[3] = lie::none;
  CAF_REQUIRE(w.run(60'000));
  CAF_CHECK(w.staged == w.pages);
  CAF_CHECK(w.fetch.counters().silences >= 2);
}

CAF_TEST(a slow disk holds the network back) {
  fetch_world w{sample_pages(12, 400, 1000)};
  w.options.most_unstaged = 50'000;
  w.restart();
  w.disk_writes = false;
  w.fetch.begin(w.now, sequence_number{0});
  CAF_CHECK(!w.run(5'000));
  // At most one question to each of three on top of the bound.
  CAF_CHECK(w.unwritten <= 50'000 + 3 * 64 * 1100);
  CAF_CHECK(w.fetch.counters().pages < w.pages.size());
  CAF_CHECK_EQUAL(w.fetch.counters().targets, 1u);
  w.disk_writes = true;
  CAF_REQUIRE(w.run(60'000));
  CAF_CHECK(w.staged == w.pages);
}

CAF_TEST(answers that nobody asked for are ignored) {
  fetch_world w{sample_pages(13, 30)};
  w.fetch.on_message(w.now, replica(1), w.offer);
  CAF_CHECK(w.fetch.where() == phase::idle);
  w.fetch.begin(w.now, sequence_number{0});
  w.fetch.on_message(w.now, replica(1), state_pages{1, {{7, "x"}}});
  w.fetch.on_message(w.now, replica(1), state_nodes{1, {{{}, {{1, hash("x")}}}}});
  w.fetch.on_message(w.now, replica(0), w.offer); // itself
  w.fetch.on_message(w.now, replica(77), w.offer);
  CAF_REQUIRE(w.run(10'000));
  w.fetch.on_message(w.now, replica(1), state_pages{1, {{7, "x"}}});
  CAF_CHECK(w.staged == w.pages);
  CAF_CHECK_EQUAL(w.fetch.counters().lies, 0u);
}

CAF_TEST(random faults end in the right state) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    splitmix64 random{seed};
    fetch_world w{sample_pages(seed, 50 + random.below(300))};
    w.here = sample_pages(seed, 30 + random.below(100));
    auto liar = static_cast<std::uint16_t>(1 + random.below(3));
    bool done = false;
    w.fetch.begin(w.now, sequence_number{0});
    for (int round = 0; round < 30 && !done; ++round) {
      w.lies[liar] = static_cast<lie>(random.below(8));
      done = w.run(random.below(300));
      if (done)
        break;
      if (random.below(4) == 0) {
        w.restart();
        w.fetch.begin(w.now, sequence_number{0});
      }
      if (random.below(6) == 0) {
        auto pages = w.pages;
        pages[random.next()] = std::to_string(seed);
        pages.erase(pages.begin());
        w.give(pages, 2000 + static_cast<std::uint64_t>(round));
      }
    }
    if (!done)
      done = w.run(300'000);
    if (!done || w.staged != w.pages)
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(true);
}
