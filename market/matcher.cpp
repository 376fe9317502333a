#include "market/matcher.hpp"

#include <algorithm>

#include "market/matching.hpp"
#include "market/request_checks.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

namespace {

/// How many items ahead memory is fetched: about what it takes to come.
constexpr std::size_t distance = 16;

bool rests(const place& p) {
  return may_rest(p) && !p.liquidation;
}

} // namespace

matcher::matcher(instrument_id id, const rules& r, std::uint64_t seed)
    : state_(std::make_unique<state>(id, r, seed)) {}

matcher::~matcher() = default;

matcher::matcher(matcher&&) noexcept = default;

outcome matcher::run(const work& w) {
  auto& s = *state_;
  BOURSE_ASSERT(w.sequence > s.now);
  s.now = w.sequence;
  if (s.unsorted)
    s.book.sort_levels();
  s.unsorted = false;
  s.out = {};
  s.out.instrument = s.id;
  s.out.reports.reserve(w.items.size() * 2);
  s.pool.begin(s.out.releases);
  s.expire();
  for (std::size_t i = 0; i < 2 * distance; ++i)
    s.prefetch_entry(w.items, i);
  for (std::size_t i = 0; i < distance; ++i)
    s.prefetch_order(w.items, i);
  for (std::size_t i = 0; i < w.items.size(); ++i) {
    s.prefetch_entry(w.items, i + 2 * distance);
    s.prefetch_order(w.items, i + distance);
    std::visit([&](auto& x) { s.run(x); }, w.items[i]);
  }
  s.pages.end_block();
  return std::move(s.out);
}

book_view matcher::view(std::size_t limit) const {
  auto side_of = [&](side s) {
    std::vector<book_level> levels;
    state_->book.for_each_level(s, [&](const level& l) {
      if (levels.size() >= limit)
        return false;
      levels.push_back({l.price, quantity{l.quantity}, l.orders});
      return true;
    });
    return levels;
  };
  return {state_->id, side_of(side::buy), side_of(side::sell)};
}

void matcher::append_open_orders(account_id account, std::vector<open_order>& to) const {
  auto& book = state_->book;
  auto first = static_cast<std::ptrdiff_t>(to.size());
  book.for_each_of(account, [&](order_slot slot) {
    auto& o = book[slot];
    to.push_back(
        {o.id, o.client_order, state_->id, o.side, book.price_of(slot), o.quantity, o.leaves});
  });
  std::sort(to.begin() + first, to.end(), [](auto& a, auto& b) { return a.order < b.order; });
}

std::size_t matcher::open_orders() const {
  return state_->book.size();
}

std::vector<page_update> matcher::take_dirty_pages() {
  return state_->pages.take_dirty(state_->book);
}

expected<void> matcher::restore(const page_key& key, byte_view content) {
  auto added = state_->pages.restore(state_->book, key, content);
  if (!added)
    return tl::unexpected(added.error());
  state_->unsorted = true;
  for (auto slot : *added)
    if (auto last = state_->book.rarity_of(slot).expire_after; last.value() != 0)
      state_->expiring.add(state_->book, slot, last);
  return {};
}

matcher::state::state(instrument_id the_id, const rules& the_rules, std::uint64_t seed)
    : id(the_id),
      market(the_rules),
      on(the_rules.instruments[the_id.value()]),
      book(seed),
      pages(the_id, the_rules),
      pool(the_rules.accounts.size(), on) {}

// -- requests ------------------------------------------------------------------------------------

void matcher::state::expire() {
  for (auto slot : expiring.take_due(book, now)) {
    report_passive(slot, report_kind::expired, reason::end_of_life, 0);
    close(slot);
  }
}

void matcher::state::prefetch_entry(const std::vector<work_item>& items, std::size_t i) const {
  if (i >= items.size())
    return;
  if (auto* p = std::get_if<place_work>(&items[i]))
    book.prefetch_entry(p->order.account, p->order.client_order);
  else if (auto* c = std::get_if<cancel_work>(&items[i]))
    book.prefetch_entry(c->target.account, c->target.client_order);
  else if (auto* r = std::get_if<replace_work>(&items[i]))
    book.prefetch_entry(r->change.account, r->change.client_order);
}

void matcher::state::prefetch_order(const std::vector<work_item>& items, std::size_t i) const {
  if (i >= items.size())
    return;
  if (auto* c = std::get_if<cancel_work>(&items[i]))
    book.prefetch_order(c->target.account, c->target.client_order);
  else if (auto* r = std::get_if<replace_work>(&items[i]))
    book.prefetch_order(r->change.account, r->change.client_order);
}

reason matcher::state::check(const place& p) const {
  if (book.find(p.account, p.client_order) != no_order)
    return reason::duplicate_client_order;
  if (p.tif == time_in_force::good_till_block && p.expire_after < now)
    return reason::bad_expiry;
  if (rests(p) && book.size() >= market.max_open_orders)
    return reason::book_full;
  if (p.type == order_type::limit && p.tif == time_in_force::post_only && crosses(p.side, p.price))
    return reason::would_take;
  return reason::none;
}

void matcher::state::run(const place_work& w) {
  auto& p = w.order;
  incoming_order o;
  o.id = order_id{now.value() << 16 | w.from.position};
  o.account = p.account;
  o.client = w.from.client;
  o.client_order = p.client_order;
  o.side = p.side;
  if (p.type == order_type::limit)
    o.limit = p.price;
  o.quantity = o.leaves = p.quantity;
  o.stp = p.stp;
  o.hold = w.reserved.value() + w.shortfall.value();
  if (p.type == order_type::market && p.side == side::buy)
    o.most_notional = notional_within(p.max_spend.value(), on.taker_fee);
  o.from = w.from;
  BOURSE_ASSERT(hold_of(on, p) == o.hold);

  auto held = held_asset(p.side);
  auto why = check(p);
  if (why == reason::none && !pool.covers(p.account, held, w.shortfall.value()))
    why = reason::insufficient_funds;
  // The dearest question comes last, and only to who could pay.
  if (why == reason::none && p.tif == time_in_force::fill_or_kill && !can_fill_now(o))
    why = reason::would_not_fill;
  if (why != reason::none) {
    report_incoming(o, report_kind::rejected, why).leaves = quantity{};
    pool.give(p.account, held, w.reserved.value(), false);
    return;
  }
  pool.take(p.account, held, w.shortfall.value());
  report_incoming(o, report_kind::accepted, reason::none);

  auto stopped = take(o);
  if (o.leaves.value() == 0)
    pool.give(o.account, held, o.hold, true);
  else if (stopped != reason::none)
    expire_rest(o, stopped);
  else if (!rests(p))
    expire_rest(o, reason::no_liquidity);
  else if (!settle_hold(o))
    expire_rest(o, reason::overflow);
  else
    rest(o, p.tif == time_in_force::good_till_block ? p.expire_after : sequence_number{});
}

void matcher::state::run(const cancel_work& w) {
  auto slot = book.find(w.target.account, w.target.client_order);
  if (slot == no_order) {
    auto& r = add_report(report_kind::rejected, reason::unknown_order, w.from.position);
    address(r, w.from);
    r.account = w.target.account;
    r.client_order = w.target.client_order;
    return;
  }
  report_open(slot, report_kind::cancelled, reason::none, w.from);
  answer_asker(w.from);
  close(slot);
}

void matcher::state::run(const cancel_all_work& w) {
  std::vector<order_slot> slots;
  book.for_each_of(w.account, [&](order_slot slot) { slots.push_back(slot); });
  std::sort(slots.begin(), slots.end(), [&](auto a, auto b) { return book[a].id < book[b].id; });
  auto kind = w.why == reason::none ? report_kind::cancelled : report_kind::expired;
  for (auto slot : slots) {
    report_open(slot, kind, w.why, w.from);
    close(slot);
  }
}

void matcher::state::reject(const replace_work& w, reason why) {
  auto& c = w.change;
  auto& r = add_report(report_kind::rejected, why, w.from.position);
  address(r, w.from);
  r.account = c.account;
  r.client_order = c.new_client_order;
  r.side = c.side;
  r.price = c.price;
  r.quantity = c.quantity;
  pool.give(c.account, held_asset(c.side), w.reserved.value(), false);
}

void matcher::state::run(const replace_work& w) {
  auto& c = w.change;
  auto slot = book.find(c.account, c.client_order);
  if (slot == no_order || book[slot].side != c.side)
    return reject(w, reason::unknown_order);
  if (c.new_client_order != c.client_order && book.find(c.account, c.new_client_order) != no_order)
    return reject(w, reason::duplicate_client_order);
  quantity leaves{c.quantity.value() - book[slot].filled()};
  if (leaves.value() <= 0)
    return reject(w, reason::too_late);
  bool keeps_place = c.price == book.price_of(slot) && leaves <= book[slot].leaves;
  if (c.post_only && crosses(c.side, c.price))
    return reject(w, reason::would_take);
  auto hold = limit_hold(on, c.side, c.price, leaves, book.rarity_of(slot).traded);
  if (!hold)
    return reject(w, reason::overflow);

  // The old hold pays first, then what was set aside, then what came free earlier in the block. All
  // that is left of the first two comes free, and later orders may use it.
  auto held = held_asset(c.side);
  auto left = hold_of_open(slot) + w.reserved.value() - *hold;
  if (!pool.covers(c.account, held, -left))
    return reject(w, reason::insufficient_funds);
  pool.take(c.account, held, -left);
  pool.give(c.account, held, std::max<std::int64_t>(left, 0), true);

  pages.touched(book, slot);
  if (c.new_client_order != c.client_order)
    book.rename(slot, c.new_client_order);
  if (!keeps_place)
    book.unlist(slot);
  book.resize(slot, c.quantity, leaves);
  if (!keeps_place)
    return requeue(slot, w, *hold);
  report_open(slot, report_kind::replaced, reason::none, w.from);
  answer_asker(w.from);
}

void matcher::state::requeue(order_slot slot, const replace_work& w, std::int64_t hold) {
  const auto& open = book[slot];
  auto rare = book.rarity_of(slot);
  incoming_order o;
  o.id = open.id;
  o.account = open.account;
  o.client = open.client;
  o.client_order = open.client_order;
  o.side = open.side;
  o.limit = w.change.price;
  o.quantity = open.quantity;
  o.leaves = open.leaves;
  o.stp = open.stp;
  o.traded = rare.traded;
  o.hold = hold;
  o.from = w.from;
  report_incoming(o, report_kind::replaced, reason::none);
  answer_asker(w.from);

  auto stopped = take(o);
  auto done = o.leaves.value() == 0;
  if (!done && stopped == reason::none && !settle_hold(o))
    stopped = reason::overflow;
  if (!done && stopped == reason::none) {
    rare.rank = now.value() << 16 | w.from.position;
    rare.traded = o.traded;
    book.set_rarity(slot, rare);
    book.list(slot, w.change.price, o.leaves);
    return;
  }
  if (done)
    pool.give(o.account, held_asset(o.side), o.hold, true);
  else
    expire_rest(o, stopped);
  count_open(o.account, -1);
  forget(slot);
}

} // namespace bourse::market
