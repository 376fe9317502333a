// State pages: what they hold, when they change, and what is refused.
#define CAF_SUITE matcher_pages
#include "tests/suite.hpp"

#include "tests/market/random_work.hpp"

using namespace bourse::market;

namespace {

constexpr auto buy = side::buy;
constexpr auto sell = side::sell;

std::vector<std::uint64_t> indices(const std::vector<page_update>& updates) {
  std::vector<std::uint64_t> result;
  for (const auto& u : updates)
    result.push_back(u.key.index);
  return result;
}

using index_list = std::vector<std::uint64_t>;

/// True if a fresh matcher refuses the page, as corrupt, and stays empty.
bool is_refused(const rules& r, const page_key& key, const bytes& content) {
  matcher m{instrument_id{0}, r};
  auto result = m.restore(key, content);
  return !result && result.error().code == errc::corrupt && m.open_orders() == 0
         && m.view(1).bids.empty() && m.view(1).asks.empty() && m.take_dirty_pages().empty();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(matcher_pages_tests, matcher_fixture)

CAF_TEST(a page is a range of order ids) {
  for (std::uint64_t i = 1; i <= 300; ++i)
    add(limit(1, i, buy, 1, 90));
  run();
  auto updates = m.take_dirty_pages();
  // Positions 1 to 300 of block 1 in ranges of 128.
  CAF_CHECK(indices(updates) == (index_list{512, 513, 514}));
  for (const auto& u : updates) {
    CAF_CHECK(u.key.kind == page_kind::orders);
    CAF_CHECK_EQUAL(u.key.instrument, 0u);
    CAF_CHECK(u.content.size() < 6000);
  }
  CAF_CHECK(m.take_dirty_pages().empty());
}

CAF_TEST(pages of late blocks stay their own) {
  sequence = (std::uint64_t{1} << 36) - 2;
  run(limit(1, 1, buy, 5, 90));
  auto u = m.take_dirty_pages().at(0);
  CAF_CHECK_EQUAL(u.key.index, ((std::uint64_t{1} << 36) - 1) << 9);
  CAF_CHECK(page_key::unpack(u.key.packed()) == u.key);
  matcher again{instrument_id{0}, r};
  CAF_CHECK(again.restore(u.key, u.content));
}

CAF_TEST(only pages with changes are given out) {
  run(limit(1, 1, buy, 5, 90));
  run(limit(1, 2, buy, 5, 89));
  run(limit(1, 3, buy, 5, 88));
  m.take_dirty_pages();
  run(limit(2, 1, sell, 2, 90)); // a fill of the first
  CAF_CHECK(indices(m.take_dirty_pages()) == (index_list{512}));
  auto smaller = change(1, 2, buy, 4, 89);
  add(smaller).run();
  CAF_CHECK(indices(m.take_dirty_pages()) == (index_list{1024}));
  add(change(1, 3, buy, 4, 88)).cancel(1, 3).run();
  auto updates = m.take_dirty_pages();
  CAF_CHECK(indices(updates) == (index_list{1536}));
  CAF_CHECK(updates.at(0).content.empty()); // it is gone
  run();
  CAF_CHECK(m.take_dirty_pages().empty());
}

CAF_TEST(an order that came and went leaves no trace) {
  run(limit(1, 1, buy, 5, 90));
  cancel(1, 1).run();
  CAF_CHECK(m.take_dirty_pages().empty());
  add(limit(1, 1, buy, 5, 90)).cancel(1, 1).add(limit(1, 1, buy, 5, 90)).run();
  auto updates = m.take_dirty_pages();
  CAF_CHECK_EQUAL(updates.size(), 1u);
  matcher again{instrument_id{0}, r};
  CAF_REQUIRE(again.restore(updates[0].key, updates[0].content));
  CAF_CHECK_EQUAL(again.open_orders(), 1u);
  CAF_CHECK(again.take_dirty_pages().empty());
}

CAF_TEST(a page says everything of its orders) {
  add(limit(1, 1, buy, 5, 90)).add(limit(2, 7, buy, 9, 90)).run();
  auto x = limit(3, 1, sell, 4, 95);
  x.tif = time_in_force::good_till_block;
  x.expire_after = sequence_number{9};
  x.stp = self_trade::expire_both;
  add(x).add(limit(4, 1, sell, 2, 90)).run(); // 2 of account 1's 5
  add(change(1, 1, buy, 6, 90, 12)).run();    // behind account 2's
  matcher again{instrument_id{0}, r};
  for (const auto& u : m.take_dirty_pages())
    CAF_REQUIRE(again.restore(u.key, u.content));
  CAF_CHECK(again.view(10) == m.view(10));
  for (std::uint32_t account = 0; account < 6; ++account) {
    std::vector<open_order> restored;
    again.append_open_orders(account_id{account}, restored);
    CAF_CHECK(restored == orders(account));
  }
  work w;
  w.sequence = sequence_number{10};
  add(limit(5, 1, sell, 11, 90)).run(); // the original's block 4
  auto o = hold_of(r.instruments[0], limit(5, 1, sell, 11, 90)).value();
  w.items.emplace_back(
      place_work{{client_id{5}, {}, {}, 0, 1}, limit(5, 1, sell, 11, 90), amount{o}, amount{0}});
  auto got = again.run(w);
  CAF_REQUIRE_EQUAL(got.fills.size(), 2u);
  CAF_CHECK_EQUAL(got.reports.at(0).content.why, reason::end_of_life);
  CAF_CHECK_EQUAL(got.fills[0].buyer.value(), 2u); // ranks, not ids
  CAF_CHECK_EQUAL(got.fills[1].buyer_fee, last.fills.at(1).buyer_fee);
}

CAF_TEST(pages of others and unknown versions are refused) {
  run(limit(1, 1, buy, 5, 90));
  auto u = m.take_dirty_pages().at(0);
  CAF_CHECK(!is_refused(r, u.key, u.content));
  auto key = u.key;
  key.kind = page_kind::accounts;
  CAF_CHECK(is_refused(r, key, u.content));
  key = u.key;
  key.instrument = 1;
  CAF_CHECK(is_refused(r, key, u.content));
  key = u.key;
  key.index = std::uint64_t{1} << page_key::index_bits;
  CAF_CHECK(is_refused(r, key, u.content));
  key.index = 3; // of block 0
  CAF_CHECK(is_refused(r, key, u.content));
  auto content = u.content;
  content[0] = 2;
  CAF_CHECK(is_refused(r, u.key, content));
  CAF_CHECK(is_refused(r, u.key, {}));
  auto few = r;
  few.accounts.resize(1);
  CAF_CHECK(is_refused(few, u.key, u.content));
  few = r;
  few.clients.resize(1);
  CAF_CHECK(is_refused(few, u.key, u.content));
}

CAF_TEST(orders that cannot stand together are refused and nothing of the page stays) {
  run(limit(1, 1, buy, 5, 90));
  auto first = m.take_dirty_pages().at(0);
  CAF_CHECK(m.restore(first.key, first.content).error().code == errc::corrupt); // twice
  // A block in which the one before was never made.
  matcher other{instrument_id{0}, r};
  work w;
  w.sequence = sequence_number{2};
  auto put = [&](const place& p, std::uint32_t position) {
    auto hold = hold_of(r.instruments[0], p).value();
    w.items.emplace_back(
        place_work{{client_id{1}, {}, {}, 0, position}, p, amount{hold}, amount{0}});
  };
  put(limit(3, 1, buy, 5, 80), 1);
  put(limit(2, 1, sell, 5, 90), 2); // meets the first page's buy
  other.run(w);
  auto second = other.take_dirty_pages().at(0);
  CAF_CHECK(m.restore(second.key, second.content).error().code == errc::corrupt);
  CAF_CHECK_EQUAL(m.open_orders(), 1u);
  CAF_CHECK(orders(3).empty());
  CAF_CHECK(levels(buy) == (std::vector<std::pair<std::int64_t, std::int64_t>>{{90, 5}}));
}

CAF_TEST(levels whose lots leave the range are refused) {
  r.instruments[0].tick_lot_units = r.instruments[0].lot_units = 1;
  for (std::uint64_t i = 1; i <= 127; ++i)
    add(limit(1, i, buy, max_quantity, 1));
  run();
  auto full = m.take_dirty_pages();
  CAF_REQUIRE_EQUAL(full.size(), 1u);
  matcher again{instrument_id{0}, r};
  CAF_REQUIRE(again.restore(full[0].key, full[0].content));
  matcher other{instrument_id{0}, r};
  work w;
  w.sequence = sequence_number{2};
  auto p = limit(2, 1, buy, max_quantity, 1);
  auto hold = hold_of(r.instruments[0], p).value();
  w.items.emplace_back(place_work{{client_id{1}, {}, {}, 0, 1}, p, amount{hold}, amount{0}});
  other.run(w);
  auto more = other.take_dirty_pages().at(0);
  CAF_CHECK(again.restore(more.key, more.content).error().code == errc::corrupt);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(damaged pages are refused or harmless) {
  int accepted = 0;
  int broken = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    random_work random{seed};
    const auto& r = random.market();
    matcher m{instrument_id{0}, r};
    for (int block = 0; block < 10; ++block)
      m.run(random.next());
    for (const auto& u : m.take_dirty_pages()) {
      for (std::size_t size = 0; size < u.content.size(); ++size)
        broken += !is_refused(r, u.key, u.content.substr(0, size));
      broken += !is_refused(r, u.key, u.content + '\0');
      for (int i = 0; i < 200; ++i) {
        auto content = u.content;
        auto at = random.below(content.size());
        content[at] = static_cast<char>(content[at] ^ (1 << random.below(8)));
        matcher damaged{instrument_id{0}, r};
        if (!damaged.restore(u.key, content)) {
          broken += damaged.open_orders() != 0;
          continue;
        }
        // Another state, but a state: it goes on, and all of it can be cancelled.
        ++accepted;
        work w;
        w.sequence = sequence_number{1000};
        for (std::uint32_t account = 0; account < 6; ++account)
          w.items.emplace_back(cancel_all_work{origin{}, account_id{account}});
        damaged.run(w);
        broken += damaged.open_orders() != 0;
      }
    }
  }
  CAF_CHECK_EQUAL(broken, 0);
  CAF_CHECK(accepted > 0);
}
