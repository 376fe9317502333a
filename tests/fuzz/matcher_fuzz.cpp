// Orders for one book, and the same for a plain one (tests/market/reference_book.hpp): they must
// say and do the same, hold the same, and never be crossed; and a book restored from its pages must
// go on as the original does. The first byte picks the market, then come blocks of requests.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "messages/assert.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/market/comparison.hpp"
#include "tests/market/random_work.hpp"

using namespace bourse::market;

namespace {

constexpr int most_blocks = 100;

void check(const matcher& m, const reference_book& plain, sums held) {
  BOURSE_ASSERT(differences(m, plain) == 0);
  BOURSE_ASSERT(without_zeros(std::move(held)) == without_zeros(plain.held()));
  auto view = m.view(1);
  BOURSE_ASSERT(view.bids.empty() || view.asks.empty()
                || view.bids.front().price < view.asks.front().price);
}

std::unique_ptr<matcher> restored(const rules& r, const page_map& pages, std::uint64_t seed) {
  auto m = std::make_unique<matcher>(instrument_id{0}, r, seed);
  for (const auto& [key, content] : pages)
    BOURSE_ASSERT(m->restore(key, content));
  BOURSE_ASSERT(m->take_dirty_pages().empty());
  return m;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bourse::fuzz::choices c{data, size};
  random_work work{c.below(12), [&](std::uint64_t n) {
                     return c.below(n);
                   }};
  const auto& r = work.market();
  auto m = std::make_unique<matcher>(instrument_id{0}, r);
  reference_book plain{instrument_id{0}, r};
  sums held;
  page_map pages;
  for (int block = 0; block < most_blocks && !c.used_up(); ++block) {
    auto w = work.next();
    auto done = m->run(w);
    BOURSE_ASSERT(same(done, plain.run(w)));
    book(held, w, done, r.instruments[0]);
    check(*m, plain, held);
    switch (c.below(8)) {
      case 7:
        BOURSE_ASSERT(take_pages(*m, pages));
        m = restored(r, pages, c.below(256));
        break;
      case 6:
        BOURSE_ASSERT(take_pages(*m, pages));
        break;
      default:;
    }
  }
  return 0;
}
