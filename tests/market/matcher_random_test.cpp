// The matcher against a plain one, and against itself after its pages were restored.
#define CAF_SUITE matcher_random
#include "tests/suite.hpp"

#include <map>
#include <memory>
#include <utility>

#include "tests/market/comparison.hpp"
#include "tests/market/random_work.hpp"

using namespace bourse::market;

namespace {

/// A matcher from pages in an order of chance.
matcher restore(const rules& r, const page_map& pages, random_work& random) {
  matcher m{instrument_id{0}, r, random.below(1000)};
  std::vector<page_key> keys;
  for (const auto& [key, content] : pages)
    keys.push_back(key);
  for (auto i = keys.size(); i > 1; --i)
    std::swap(keys[i - 1], keys[random.below(i)]);
  for (const auto& key : keys)
    if (!m.restore(key, pages.at(key)))
      CAF_ERROR("a page was refused");
  return m;
}

} // namespace

CAF_TEST(the matcher does what a plain one does) {
  std::map<report_kind, int> kinds;
  std::map<reason, int> reasons;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    random_work random{seed};
    const auto& r = random.market();
    matcher m{instrument_id{0}, r, seed};
    reference_book plain{instrument_id{0}, r};
    sums held;
    int wrong = 0;
    for (int block = 0; block < 60 && wrong == 0; ++block) {
      auto w = random.next();
      auto got = m.run(w);
      auto expected = plain.run(w);
      for (const auto& d : expected.reports) {
        ++kinds[d.content.kind];
        ++reasons[d.content.why];
      }
      wrong += !same(got, expected) + differences(m, plain);
      book(held, w, got, r.instruments[0]);
      wrong += without_zeros(held) != without_zeros(plain.held());
      if (wrong != 0)
        CAF_ERROR("seed " << seed << ", block " << w.sequence.value());
    }
  }
  CAF_CHECK_EQUAL(kinds.size(), 6u); // all but done, which is the clearing house's
  // Everything that a matcher may say was said, but for overflow, which has tests of its own.
  for (auto why : {reason::none, reason::bad_expiry, reason::insufficient_funds,
                   reason::duplicate_client_order, reason::unknown_order, reason::too_late,
                   reason::would_take, reason::would_not_fill, reason::no_liquidity, reason::spent,
                   reason::self_trade, reason::end_of_life, reason::dead_man, reason::book_full}) {
    CAF_MESSAGE(to_string(why) << ": " << reasons[why]);
    CAF_CHECK(reasons[why] > 100);
  }
}

CAF_TEST(a restored matcher goes on as the original does) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    random_work random{seed};
    const auto& r = random.market();
    matcher original{instrument_id{0}, r};
    matcher lazy{instrument_id{0}, r}; // whose pages are asked for only at the end
    page_map pages;
    page_map copied_pages;
    auto copy = std::make_unique<matcher>(restore(r, pages, random));
    int wrong = 0;
    for (int block = 0; block < 80 && wrong == 0; ++block) {
      auto w = random.next();
      auto expected = original.run(w);
      wrong += !same(expected, copy->run(w)) + !same(expected, lazy.run(w));
      if (random.chance(60))
        continue;
      wrong += !take_pages(original, pages) + !take_pages(*copy, copied_pages);
      wrong += pages != copied_pages;
      wrong += !original.take_dirty_pages().empty();
      if (random.chance(30)) {
        copy = std::make_unique<matcher>(restore(r, pages, random));
        wrong += !copy->take_dirty_pages().empty();
        wrong += !(copy->view(1000) == original.view(1000));
      }
      if (wrong != 0)
        CAF_ERROR("seed " << seed << ", block " << w.sequence.value());
    }
    page_map all;
    take_pages(original, pages);
    take_pages(lazy, all);
    CAF_CHECK(all == pages);
  }
}
