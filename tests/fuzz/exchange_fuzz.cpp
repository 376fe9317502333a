// Blocks of signed submissions for a whole market, good and bad ones, and for a second one whose
// books are plain (tests/market/reference_book.hpp): results must agree byte for byte, no asset may
// be lost or made, every balance must be what settlements and open orders say, and an exchange
// restored from its pages must go on as the original does. The first bytes pick the market.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "messages/assert.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/market/exchange_checks.hpp"
#include "tests/market/random_blocks.hpp"
#include "tests/market/reference_book.hpp"

using namespace bourse::market;

namespace {

constexpr int most_blocks = 100;

rules market_of(bourse::fuzz::choices& c) {
  constexpr std::int64_t little_money = 20'000;
  auto r = samples::tangled_rules(little_money);
  if (c.below(4) == 3) // amounts near the end of their range
    for (auto& a : r.accounts)
      for (auto& b : a.balances)
        b = amount{b.value() * 10'000'000'000'000};
  if (c.below(4) == 3)
    for (auto& i : r.instruments) {
      i.lot_units *= 1'000'000'000'000;
      i.tick_lot_units *= 1'000'000'000'000;
    }
  BOURSE_ASSERT(check_rules(r));
  return r;
}

/// The clearing house over plain books.
class plain_exchange {
public:
  explicit plain_exchange(const rules& r) : house_(r) {
    for (std::uint16_t i = 0; i < r.instruments.size(); ++i)
      books_.emplace_back(instrument_id{i}, r);
  }
  block_result execute(const block_input& block) {
    auto works = house_.begin(block);
    std::vector<outcome> outcomes;
    for (std::size_t i = 0; i < works.size(); ++i)
      outcomes.push_back(books_[i].run(works[i]));
    return house_.finish(std::move(outcomes));
  }
  const reference_book& book(std::size_t i) const {
    return books_[i];
  }

private:
  clearing_house house_;
  std::vector<reference_book> books_;
};

using page_map = std::map<page_key, bytes>;

void take_pages(exchange& x, page_map& pages) {
  for (auto& u : x.take_dirty_pages())
    if (u.content.empty())
      pages.erase(u.key);
    else
      pages[u.key] = std::move(u.content);
}

std::unique_ptr<exchange> restored(const rules& r, const page_map& pages, const digest& root) {
  auto x = std::make_unique<exchange>(r);
  for (const auto& [key, content] : pages)
    BOURSE_ASSERT(x->restore(key, content));
  BOURSE_ASSERT(x->page_root() == root);
  return x;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bourse::fuzz::choices c{data, size};
  auto r = market_of(c);
  samples::random_blocks blocks{r, [&](std::uint64_t n) {
                                  return c.below(n);
                                }};
  auto x = std::make_unique<exchange>(r);
  plain_exchange plain{r};
  double_entry books{r};
  page_map pages;
  for (int i = 0; i < most_blocks && !c.used_up(); ++i) {
    auto block = blocks.next();
    auto result = x->execute(block);
    BOURSE_ASSERT(same(result, plain.execute(block)));
    books.apply(result);
    BOURSE_ASSERT(wrong_balances(*x, books, r) == 0);
    for (std::uint16_t k = 0; k < r.instruments.size(); ++k)
      BOURSE_ASSERT(x->book(instrument_id{k}, 1000) == plain.book(k).view());
    if (c.below(8) == 7) {
      take_pages(*x, pages);
      x = restored(r, pages, x->page_root());
    }
  }
  return 0;
}
