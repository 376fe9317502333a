// The matcher against a plain one, and against itself after its pages were restored.
#define CAF_SUITE matcher_random
#include "tests/suite.hpp"

#include <map>
#include <memory>
#include <utility>

#include "tests/market/random_work.hpp"
#include "tests/market/reference_book.hpp"

using namespace bourse::market;

namespace {

using sums = std::map<std::pair<account_id, asset_id>, std::int64_t>;

sums without_zeros(sums x) {
  std::erase_if(x, [](auto& entry) { return entry.second == 0; });
  return x;
}

sums released(const outcome& o) {
  sums result;
  for (const auto& x : o.releases)
    result[{x.account, x.asset}] += x.to_free.value();
  return without_zeros(result);
}

std::map<account_id, int> opened(const outcome& o) {
  std::map<account_id, int> result;
  for (const auto& [account, n] : o.open_order_changes)
    result[account] += n;
  std::erase_if(result, [](auto& entry) { return entry.second == 0; });
  return result;
}

bool same(const draft_report& a, const draft_report& b) {
  return a.content == b.content && a.position == b.position
         && (a.content.kind != report_kind::fill || a.fill == b.fill);
}

bool same(const fill& a, const fill& b) {
  return a.buyer == b.buyer && a.seller == b.seller && a.maker_order == b.maker_order
         && a.taker_order == b.taker_order && a.price == b.price && a.quantity == b.quantity
         && a.taker_side == b.taker_side && a.notional == b.notional && a.base == b.base
         && a.buyer_fee == b.buyer_fee && a.seller_fee == b.seller_fee;
}

bool same(const outcome& a, const outcome& b) {
  auto all = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const auto& p, const auto& q) { return same(p, q); });
  };
  return a.instrument == b.instrument && all(a.reports, b.reports) && all(a.fills, b.fills)
         && a.fill_positions == b.fill_positions && released(a) == released(b)
         && opened(a) == opened(b);
}

std::vector<open_order> orders_of(const matcher& m, account_id account) {
  std::vector<open_order> result;
  m.append_open_orders(account, result);
  return result;
}

/// What accounts hold, by what was set aside for them, came free again, or was paid.
void book(sums& held, const work& w, const outcome& o, const instrument& on) {
  auto set_aside = [&](account_id account, side s, amount units) {
    held[{account, s == side::buy ? on.quote : on.base}] += units.value();
  };
  for (const auto& item : w.items) {
    if (auto* p = std::get_if<place_work>(&item))
      set_aside(p->order.account, p->order.side, p->reserved);
    else if (auto* r = std::get_if<replace_work>(&item))
      set_aside(r->change.account, r->change.side, r->reserved);
  }
  for (const auto& x : o.releases)
    held[{x.account, x.asset}] -= x.to_free.value();
  for (const auto& f : o.fills) {
    held[{f.buyer, on.quote}] -= f.notional.value() + f.buyer_fee.value();
    held[{f.seller, on.base}] -= f.base.value();
  }
}

/// Counts what differs between a matcher and the plain book.
int differences(const matcher& m, const reference_book& plain) {
  int result = !(m.view(1000) == plain.view()) + (m.open_orders() != plain.size());
  for (std::uint32_t i = 0; i < 6; ++i)
    result += orders_of(m, account_id{i}) != plain.open_orders(account_id{i});
  return result;
}

using page_map = std::map<page_key, bytes>;

/// Takes the changed pages into `pages`; false if they were not in order.
bool take_pages(matcher& m, page_map& pages) {
  auto updates = m.take_dirty_pages();
  for (std::size_t i = 0; i < updates.size(); ++i) {
    if (i > 0 && !(updates[i - 1].key < updates[i].key))
      return false;
    if (updates[i].content.empty())
      pages.erase(updates[i].key);
    else
      pages[updates[i].key] = updates[i].content;
  }
  return true;
}

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
