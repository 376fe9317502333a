// What holds of every market, whatever is asked of it. rapidcheck makes the requests, as a row of
// choices, and makes the row that breaks a property as short as it can; it prints its seed, which
// RC_PARAMS="seed=..." repeats.
#define CAF_SUITE properties
#include "tests/suite.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/fuzz/choices.hpp"
#include "tests/market/comparison.hpp"
#include "tests/market/exchange_checks.hpp"
#include "tests/market/random_blocks.hpp"
#include "tests/market/random_work.hpp"

// RC_ASSERT takes an expression apart and then evaluates all of it: && and || stand in parentheses.

using namespace bourse::market;
using bourse::fuzz::choices;

namespace {

using row = std::vector<std::uint8_t>;

row any_row() {
  auto byte = rc::gen::cast<std::uint8_t>(rc::gen::inRange(0, 256));
  return *rc::gen::scale(8.0, rc::gen::container<row>(byte));
}

/// Work for one book out of a row.
class chosen_work {
public:
  explicit chosen_work(const row& r)
      : choices_(r.data(), r.size()),
        work_(choices_.below(12), [this](std::uint64_t n) { return choices_.below(n); }) {}

  bool more() const {
    return !choices_.used_up();
  }
  work next() {
    return work_.next();
  }
  const rules& market() const {
    return work_.market();
  }

private:
  choices choices_;
  random_work work_;
};

bool crossed(const book_view& v) {
  return !v.bids.empty() && !v.asks.empty() && v.bids.front().price >= v.asks.front().price;
}

std::vector<open_order> all_orders(const matcher& m) {
  std::vector<open_order> all;
  for (std::uint32_t i = 0; i < 6; ++i)
    m.append_open_orders(account_id{i}, all);
  return all;
}

/// Each item a block of its own.
std::vector<work> one_by_one(const work& w, std::uint64_t& sequence) {
  std::vector<work> out;
  for (const auto& item : w.items)
    out.push_back({sequence_number{++sequence}, {}, {item}});
  return out;
}

/// Limit orders that only add or take, so that an order's id is its time.
place limit_order(choices& c, std::uint64_t name) {
  place p;
  p.account = account_id{static_cast<std::uint32_t>(c.below(4))};
  p.client_order = client_order_id{name};
  p.side = c.below(2) == 0 ? side::buy : side::sell;
  p.stp = self_trade::expire_taker;
  p.price = price{static_cast<std::int64_t>(95 + c.below(8))};
  p.quantity = quantity{static_cast<std::int64_t>(1 + c.below(9))};
  p.tif = c.below(3) == 0 ? time_in_force::immediate_or_cancel : time_in_force::good_till_cancel;
  return p;
}

bool within_limit(const place& taker, const open_order& o) {
  return taker.side == side::buy ? o.price <= taker.price : o.price >= taker.price;
}

/// The orders that `taker` has to trade with, best first.
std::vector<open_order> in_priority(const std::vector<open_order>& open, const place& taker) {
  std::vector<open_order> out;
  for (const auto& o : open)
    if (o.side != taker.side && within_limit(taker, o))
      out.push_back(o);
  auto sign = taker.side == side::buy ? 1 : -1;
  std::ranges::sort(out, {}, [&](const open_order& o) {
    return std::pair{sign * o.price.value(), o.order};
  });
  return out;
}

} // namespace

CAF_TEST(a book does what a plain one does) {
  CAF_CHECK(rc::check("same reports, trades and orders", [] {
    auto input = any_row();
    chosen_work chosen{input};
    matcher m{instrument_id{0}, chosen.market()};
    reference_book plain{instrument_id{0}, chosen.market()};
    sums held;
    while (chosen.more()) {
      auto w = chosen.next();
      auto done = m.run(w);
      RC_ASSERT(same(done, plain.run(w)));
      RC_ASSERT(differences(m, plain) == 0);
      book(held, w, done, chosen.market().instruments[0]);
      RC_ASSERT(without_zeros(held) == without_zeros(plain.held()));
    }
  }));
}

CAF_TEST(a book is never crossed) {
  CAF_CHECK(rc::check("not after any request", [] {
    auto input = any_row();
    chosen_work chosen{input};
    matcher m{instrument_id{0}, chosen.market()};
    std::uint64_t sequence = 0;
    while (chosen.more())
      for (const auto& w : one_by_one(chosen.next(), sequence)) {
        m.run(w);
        RC_ASSERT(!crossed(m.view(1)));
      }
  }));
}

CAF_TEST(the best price trades first and at one price the oldest) {
  CAF_CHECK(rc::check("price, then time", [] {
    auto input = any_row();
    choices c{input.data(), input.size()};
    auto r = one_instrument();
    matcher m{instrument_id{0}, r};
    std::uint64_t name = 0;
    std::vector<account_id> owners(1); // by name
    while (!c.used_up()) {
      auto p = limit_order(c, ++name);
      owners.push_back(p.account);
      auto queue = in_priority(all_orders(m), p);
      work w;
      w.sequence = sequence_number{name};
      w.items.emplace_back(place_work{
          {client_id{0}, {}, {}, 0, 1}, p, amount{hold_of(r.instruments[0], p).value()}, {}});
      auto done = m.run(w);
      auto lots = p.quantity.value();
      RC_ASSERT(done.fills.size() <= queue.size());
      for (std::size_t i = 0; i < done.fills.size(); ++i) {
        const auto& f = done.fills[i];
        auto most = std::min(lots, queue[i].leaves.value());
        RC_ASSERT((f.maker_order == queue[i].order && f.price == queue[i].price));
        RC_ASSERT(f.quantity == quantity{most});
        lots -= most;
      }
      // It stopped because it was done, because there was no more, or at an order of its own.
      auto stopped = done.fills.size();
      RC_ASSERT((lots == 0 || stopped == queue.size()
                 || owners[queue[stopped].client_order.value()] == p.account));
    }
  }));
}

CAF_TEST(a killed order changes nothing) {
  std::size_t killed = 0;
  CAF_CHECK(rc::check("fill or kill", [&] {
    auto input = any_row();
    chosen_work chosen{input};
    matcher m{instrument_id{0}, chosen.market()};
    std::uint64_t sequence = 0;
    while (chosen.more())
      for (auto& w : one_by_one(chosen.next(), sequence)) {
        auto* p = std::get_if<place_work>(&w.items[0]);
        if (p && p->order.type == order_type::limit)
          p->order.tif = time_in_force::fill_or_kill;
        auto before = all_orders(m);
        auto done = m.run(w);
        if (!p || done.reports.empty() || done.reports.back().content.why != reason::would_not_fill)
          continue;
        ++killed;
        // Orders whose last block is over may have gone before it came.
        std::erase_if(before, [&](const open_order& o) {
          return std::ranges::any_of(done.reports, [&](const auto& d) {
            return d.content.kind == report_kind::expired && d.content.order == o.order;
          });
        });
        RC_ASSERT((all_orders(m) == before && done.fills.empty()));
        sums back;
        for (const auto& x : done.releases)
          if (x.account == p->order.account)
            back[{x.account, x.asset}] += x.to_free.value();
        auto asset = p->order.side == side::buy ? quote : base;
        if (done.reports.size() == 1)
          RC_ASSERT((back[{p->order.account, asset}]) == p->reserved.value());
      }
  }));
  CAF_CHECK(killed > 100);
}

CAF_TEST(pages do not tell how a book came to be) {
  CAF_CHECK(rc::check("other orders came and went, pages were taken at other times", [] {
    auto input = any_row();
    chosen_work chosen{input};
    const auto& r = chosen.market();
    matcher plain{instrument_id{0}, r};
    matcher busy{instrument_id{0}, r, 7};
    page_map plain_pages;
    page_map busy_pages;
    std::uint64_t block = 0;
    while (chosen.more()) {
      auto w = chosen.next();
      plain.run(w);
      // Somebody else's orders, far from the touch, gone again within the block.
      auto position = 60'000u;
      for (std::uint64_t name = 100; name < 110; ++name) {
        place p;
        p.account = account_id{5};
        p.client_order = client_order_id{name};
        p.price = price{1};
        p.quantity = quantity{1};
        origin from{client_id{5}, {}, {}, 0, ++position};
        w.items.emplace_back(place_work{from, p, amount{hold_of(r.instruments[0], p).value()}, {}});
        from.position = ++position;
        w.items.emplace_back(cancel_work{from, {p.account, instrument_id{0}, p.client_order}});
      }
      busy.run(w);
      if (++block % 3 == 0)
        RC_ASSERT(take_pages(busy, busy_pages));
    }
    RC_ASSERT((take_pages(plain, plain_pages) && take_pages(busy, busy_pages)));
    RC_ASSERT(plain_pages == busy_pages);
  }));
}

CAF_TEST(no asset is lost or made) {
  constexpr std::int64_t little_money = 20'000;
  CAF_CHECK(rc::check("balances are what settlements and orders say", [&] {
    auto input = any_row();
    choices c{input.data(), input.size()};
    auto r = samples::tangled_rules(little_money);
    samples::random_blocks blocks{r, [&](std::uint64_t n) {
                                    return c.below(n);
                                  }};
    exchange x{r};
    double_entry books{r};
    while (!c.used_up()) {
      books.apply(x.execute(blocks.next()));
      RC_ASSERT(wrong_balances(x, books, r) == 0);
    }
  }));
}
