// Pages of the fair order: what is restored from them goes on as the original does, and what can't
// be is refused.
#define CAF_SUITE ranking_pages
#include "tests/suite.hpp"

#include <map>
#include <memory>

#include "fairness/ranking.hpp"
#include "market/page_codec.hpp"
#include "tests/fairness/random_stamps.hpp"

using namespace bourse::fairness;
using bourse::market::page_key;
using bourse::market::page_kind;
using bourse::market::page_update;
using bourse::market::page_writer;

namespace {

using page_map = std::map<page_key, bytes>;

/// Brings `pages` up to date; false if a page is told of that changed nothing, or is not there.
bool take_pages(ranking& from, page_map& pages) {
  std::vector<page_update> updates;
  from.take_dirty_pages(updates);
  auto ok = true;
  for (auto& u : updates) {
    if (u.content.empty())
      ok = pages.erase(u.key) == 1 && ok;
    else
      pages[u.key] = u.content;
  }
  return ok;
}

expected<void> restore(ranking& into, const ranking& positions, const bourse::market::rules& r,
                       const page_map& pages) {
  for (std::uint32_t c = 0; c < r.clients.size(); ++c)
    for (std::uint8_t s = 0; s < max_streams; ++s)
      into.set_next(client_id{c}, stream_id{s}, positions.next(client_id{c}, stream_id{s}));
  for (auto& [key, content] : pages)
    if (auto done = into.restore(key, content); !done)
      return done;
  return into.finish_restore();
}

struct fixture {
  bourse::market::rules r = fair_rules();
  cluster_size size;
  body_shelf shelf;
  ranking original{r, size};
  page_map pages;

  submission_ptr stamp_by(std::initializer_list<std::uint16_t> replicas, submission_header about,
                          std::uint64_t time, std::uint64_t variant = 0) {
    auto s = shelf.put(submission_of(r, about, lane::ordinary, 1, variant));
    for (auto by : replicas) {
      stamp one{about, s->digest, stamp_time{time}};
      original.add(replica_id{by}, {&one, 1});
    }
    return s;
  }
  std::size_t run(std::uint64_t t) {
    auto bodies = shelf.get(original.begin(stamp_time{t}));
    return original.finish(bodies).size();
  }
  /// Takes pages of a state with a body that waits for its turn, one that a replica has seen, and
  /// one that is left over.
  void take_example() {
    r.blocks.max_requests = 1;
    stamp_by({0, 1}, header(0, 0, 2), 5);
    stamp_by({0, 2, 3}, header(0, 0, 2), 6, 1);
    stamp_by({3}, header(0, 0, 3), 7);
    stamp_by({0, 1, 2, 3}, header(1, 1, 1), 8);
    stamp_by({1, 2}, header(2, 0, 1), 9);
    CAF_REQUIRE_EQUAL(run(20), 1u);
    CAF_REQUIRE(take_pages(original, pages));
    CAF_REQUIRE_EQUAL(pages.size(), 4u);
  }
  bool accepts(const page_map& changed) {
    ranking copy{r, size};
    auto done = restore(copy, original, r, changed);
    CAF_CHECK(done || done.error().code == errc::corrupt);
    return done.has_value();
  }
  bool accepts(page_key key, bytes content) {
    auto changed = pages;
    changed[key] = std::move(content);
    return accepts(changed);
  }
};

} // namespace

CAF_TEST(what is restored goes on as the original does) {
  auto first = first_seed();
  CAF_MESSAGE("seeds from " << first);
  std::size_t copies = 0, bodies_kept = 0;
  for (auto seed = first; seed < first + 250; ++seed) {
    random_stamps random{seed};
    auto& r = random.rules();
    ranking original{r, random.size(), seed};
    auto copy = std::make_unique<ranking>(r, random.size(), ~seed);
    page_map pages, of_copy;
    int wrong = 0;
    for (int i = 0; i < 60 && wrong == 0; ++i) {
      auto block = random.next_block([&](client_id c, stream_id s) {
        return c.value() < r.clients.size() ? original.next(c, s) : submission_number{1};
      });
      for (auto& [by, stamps] : block.reports) {
        original.add(by, stamps);
        copy->add(by, stamps);
      }
      auto names = original.begin(block.t);
      wrong += names != copy->begin(block.t);
      auto bodies = random.shelf().get(names);
      auto result = original.finish(bodies), same = copy->finish(bodies);
      wrong += !std::equal(result.begin(), result.end(), same.begin(), same.end(),
                           [](auto& a, auto& b) { return a->digest == b->digest; });
      wrong += original.left_over() != copy->left_over();
      for (auto id : random.size().everyone())
        wrong += original.open_stamps(id) != copy->open_stamps(id);
      if (random.chance(50))
        continue;
      wrong += !take_pages(original, pages) + !take_pages(*copy, of_copy);
      wrong += pages != of_copy;
      if (random.chance(50)) {
        copy = std::make_unique<ranking>(r, random.size(), seed + 1);
        wrong += !restore(*copy, original, r, pages);
        std::vector<page_update> none;
        copy->take_dirty_pages(none);
        wrong += !none.empty();
        ++copies;
      }
      for (auto& [key, content] : pages)
        bodies_kept += key.kind == page_kind::bodies;
    }
    if (wrong != 0)
      CAF_ERROR("seed " << seed);
    CAF_REQUIRE_EQUAL(wrong, 0);
  }
  CAF_MESSAGE(copies << " copies, " << bodies_kept << " pages of bodies");
  CAF_CHECK(copies > 1000 && bodies_kept > 10'000);
}

CAF_TEST_FIXTURE_SCOPE(ranking_pages_tests, fixture)

CAF_TEST(pages stand where the protocol says) {
  take_example();
  std::vector<page_key> keys;
  for (auto& [key, content] : pages)
    keys.push_back(key);
  // Both bodies under number 2 of the first stream stand on one page; the one that is left over is
  // client 2's.
  page_key two_bodies{page_kind::bodies, 0, 2};
  page_key body_left{page_kind::bodies, 0, std::uint64_t{2} << 28 | 1};
  page_key stamps{page_kind::fair_order, 0, 1}, stamps_left{page_kind::fair_order, 0, 1 + 2 * 16};
  CAF_CHECK((keys == std::vector{two_bodies, body_left, stamps, stamps_left}));
  CAF_CHECK(accepts(pages));
  CAF_CHECK_EQUAL(run(20), 1u);
  CAF_REQUIRE(take_pages(original, pages));
  CAF_CHECK(!pages.contains(body_left));
  CAF_CHECK(!pages.contains(stamps_left));
}

CAF_TEST(pages that came and went are not told of) {
  std::vector<page_update> updates;
  original.take_dirty_pages(updates);
  CAF_CHECK(updates.empty());
  stamp_by({0, 1}, header(0, 0, 1), 5);
  CAF_CHECK_EQUAL(run(10), 1u);
  original.take_dirty_pages(updates);
  CAF_CHECK(updates.empty());
}

CAF_TEST(numbers beyond the bits of a page) {
  auto far = (std::uint64_t{5} << 24) - 1;
  original.set_next(client_id{0}, stream_id{3}, submission_number{far});
  stamp_by({0, 1}, header(0, 3, far + 1), 5);
  stamp_by({0, 1}, header(0, 3, far + 2), 5);
  CAF_CHECK_EQUAL(run(10), 0u);
  take_pages(original, pages);
  CAF_CHECK(pages.contains({page_kind::bodies, 0, std::uint64_t{3} << 24}));
  CAF_CHECK(pages.contains({page_kind::bodies, 0, std::uint64_t{3} << 24 | 1}));
  CAF_CHECK(accepts(pages));
  stamp_by({0, 1}, header(0, 3, far), 5);
  CAF_CHECK_EQUAL(run(10), 3u);
  take_pages(original, pages);
  CAF_CHECK(pages.empty());
}

CAF_TEST(pages that cannot be are refused) {
  take_example();
  auto lacks = [&](const page_key& key) {
    auto fewer = pages;
    CAF_REQUIRE_EQUAL(fewer.erase(key), 1u);
    return fewer;
  };
  for (auto& [key, content] : pages) {
    CAF_MESSAGE("page " << static_cast<int>(key.kind) << ", " << key.index);
    CAF_CHECK(!accepts(lacks(key)));
    CAF_CHECK(!accepts(key, ""));
    CAF_CHECK(!accepts(key, content + '\0'));
    CAF_CHECK(!accepts(key, content + content.substr(1)));
    int accepted = 0;
    for (std::size_t i = 0; i < content.size(); ++i)
      accepted += accepts(key, content.substr(0, i));
    // Without its second number, which only one has stamped, a page is a page.
    CAF_CHECK_EQUAL(accepted, key.kind == page_kind::fair_order && key.index == 1 ? 1 : 0);
    auto moved = lacks(key);
    moved[{key.kind, 0, key.index + 1}] = content;
    CAF_CHECK(!accepts(moved));
  }
  CAF_CHECK(!accepts({page_kind::fair_order, 0, 0}, "x"));
  CAF_CHECK(!accepts({page_kind::fair_order, 1, 1}, "x"));
  CAF_CHECK(!accepts({page_kind::clients, 0, 1}, "x"));
  CAF_CHECK(!accepts({page_kind::fair_order, 0, 1 + 4 * 16}, "x"));
  CAF_CHECK(!accepts({page_kind::bodies, 0, std::uint64_t{4} << 28 | 1}, "x"));
  CAF_CHECK(!accepts({page_kind::fair_order, 0, std::uint64_t{1} << 45}, "x"));

  ranking copy{r, size};
  copy.set_next(client_id{1}, stream_id{1}, submission_number{2});
  CAF_REQUIRE(copy.restore(pages.begin()->first, pages.begin()->second));
  CAF_CHECK(!copy.restore(pages.begin()->first, pages.begin()->second)); // twice
}

CAF_TEST(stamps that cannot stand together are refused) {
  struct one_stamp {
    std::uint64_t time;
    std::uint16_t by;
  };
  auto page = [](std::uint64_t number, std::uint8_t left_over, std::uint8_t eligible,
                 std::vector<one_stamp> stamps) {
    page_writer out;
    out.put(std::uint8_t{1}).put(number).put(left_over).put(std::uint32_t{1});
    out.put_bytes(hash("x").view()).put(eligible).put(static_cast<std::uint16_t>(stamps.size()));
    for (auto& s : stamps)
      out.put(s.time).put(s.by);
    return out.take();
  };
  page_key key{page_kind::fair_order, 0, 1};
  CAF_CHECK(accepts(key, page(1, 0, 0, {{5, 2}})));
  CAF_CHECK(accepts(key, page(8, 0, 0, {{5, 2}, {5, 3}, {6, 1}})));
  CAF_CHECK(!accepts(key, page(0, 0, 0, {{5, 2}})));
  CAF_CHECK(!accepts(key, page(9, 0, 0, {{5, 2}}))); // too far
  CAF_CHECK(!accepts(key, page(1, 1, 0, {{5, 2}}))); // not ready
  CAF_CHECK(!accepts(key, page(1, 3, 0, {{5, 2}})));
  CAF_CHECK(!accepts(key, page(1, 0, 0, {})));
  CAF_CHECK(!accepts(key, page(1, 0, 0, {{5, 4}}))); // no such replica
  CAF_CHECK(!accepts(key, page(1, 0, 0, {{5, 2}, {6, 2}})));
  CAF_CHECK(!accepts(key, page(1, 0, 0, {{6, 2}, {5, 3}})));
  CAF_CHECK(!accepts(key, page(1, 0, 1, {{5, 2}})));         // eligible by one
  CAF_CHECK(!accepts(key, page(1, 0, 1, {{5, 2}, {6, 3}}))); // no body
  CAF_CHECK(!accepts(key, page(1, 0, 0, {{max_stamp_time.value() + 1, 2}})));
  // A replica stamps a body once, whatever number it names.
  pages[key] = page(1, 0, 0, {{5, 2}});
  CAF_CHECK(accepts({page_kind::fair_order, 0, 2}, page(1, 0, 0, {{5, 1}})));
  CAF_CHECK(!accepts({page_kind::fair_order, 0, 2}, page(1, 0, 0, {{5, 2}})));
  r.order.max_open_stamps = 1;
  CAF_CHECK(accepts(key, page(1, 0, 0, {{5, 1}, {5, 2}})));
  auto twice = page(1, 0, 0, {{5, 2}});
  twice += page(2, 0, 0, {{5, 2}}).substr(1);
  CAF_CHECK(!accepts(key, twice));
}

CAF_TEST(damaged pages are refused or as good as others) {
  take_example();
  splitmix64 random{first_seed()};
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto page = pages;
    auto at = std::next(page.begin(), static_cast<std::ptrdiff_t>(random.below(page.size())));
    for (auto flips = 1 + random.below(3); flips > 0; --flips)
      at->second[random.below(at->second.size())] ^= static_cast<char>(1 << random.below(8));
    ranking copy{r, size};
    auto done = restore(copy, original, r, page);
    if (!done) {
      CAF_REQUIRE(done.error().code == errc::corrupt);
      continue;
    }
    ++accepted;
    CAF_REQUIRE(copy.begin(stamp_time{20}).empty());
    CAF_REQUIRE_EQUAL(copy.finish({}).size(), 1u);
    std::vector<page_update> updates;
    copy.take_dirty_pages(updates);
  }
  CAF_CHECK(accepted > 100); // times and signatures
}

CAF_TEST_FIXTURE_SCOPE_END()
