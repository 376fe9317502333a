#include "market/matcher.hpp"

#include <algorithm>

#include "market/matching.hpp"
#include "market/request_checks.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

matcher::matcher(instrument_id id, const rules& r) : state_(std::make_unique<state>(id, r)) {}

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
  for (auto& item : w.items)
    std::visit([&](auto& x) { s.run(x); }, item);
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
    to.push_back({o.id, o.client_order, state_->id, o.side, book.price_of(slot), o.quantity,
                  o.leaves});
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
  state_->unsorted = true;
  std::vector<order_slot> added;
  auto ok = state_->pages.restore(state_->book, key, content, added);
  for (auto slot : added)
    if (auto last = state_->book.rarity_of(slot).expire_after; last.value() != 0)
      state_->expiring[{last.value(), state_->book[slot].id.value()}] = slot;
  return ok;
}

matcher::state::state(instrument_id the_id, const rules& the_rules)
  : id(the_id), market(the_rules), on(the_rules.instruments[the_id.value()]), pages(the_id, the_rules),
    pool(the_rules.accounts.size(), on) {}

// -- requests ------------------------------------------------------------------------------------

void matcher::state::expire() {
  while (!expiring.empty() && expiring.begin()->first.first < now.value()) {
    // Orders of one last block go by order id, as the map has them; earlier blocks go first.
    auto slot = expiring.begin()->second;
    report_open(slot, report_kind::expired, reason::end_of_life, {});
    close(slot);
  }
}

reason matcher::state::check(const place& p) const {
  if (book.find(p.account, p.client_order) != no_order)
    return reason::duplicate_client_order;
  if (may_rest(p) && book.size() >= market.max_open_orders)
    return reason::book_full;
  auto limit = p.type == order_type::limit ? std::optional{p.price} : std::nullopt;
  if (p.tif == time_in_force::post_only && crosses(p.side, limit))
    return reason::would_take;
  if (p.tif == time_in_force::fill_or_kill && !can_fill_now(p))
    return reason::would_not_fill;
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
  o.max_spend = p.max_spend.value();
  o.from = w.from;

  auto held = held_asset(p.side);
  auto why = check(p);
  if (why == reason::none && !pool.covers(p.account, held, w.shortfall.value()))
    why = reason::insufficient_funds;
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
  else if (!may_rest(p) || p.liquidation)
    expire_rest(o, reason::no_liquidity);
  else
    rest(o, p.tif == time_in_force::good_till_block ? p.expire_after : sequence_number{});
}

void matcher::state::run(const cancel_work& w) {
  auto slot = book.find(w.target.account, w.target.client_order);
  if (slot == no_order) {
    auto& r = add_report(report_kind::rejected, reason::unknown_order, w.from.position);
    r.client = w.from.client;
    r.account = w.target.account;
    r.client_order = w.target.client_order;
    r.stream = w.from.stream;
    r.submission = w.from.submission;
    r.index = w.from.index;
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

void matcher::state::run(const replace_work& w) {
  auto& c = w.change;
  auto held = held_asset(c.side);
  auto reject = [&](reason why) {
    auto& r = add_report(report_kind::rejected, why, w.from.position);
    r.client = w.from.client;
    r.account = c.account;
    r.client_order = c.new_client_order;
    r.side = c.side;
    r.price = c.price;
    r.quantity = c.quantity;
    r.stream = w.from.stream;
    r.submission = w.from.submission;
    r.index = w.from.index;
    pool.give(c.account, held, w.reserved.value(), false);
  };

  auto slot = book.find(c.account, c.client_order);
  if (slot == no_order || book[slot].side != c.side)
    return reject(reason::unknown_order);
  if (c.new_client_order != c.client_order && book.find(c.account, c.new_client_order) != no_order)
    return reject(reason::duplicate_client_order);
  auto before = book[slot];
  auto rare = book.rarity_of(slot);
  quantity leaves{c.quantity.value() - before.filled()};
  if (leaves.value() <= 0)
    return reject(reason::too_late);
  bool keeps_place = c.price == book.price_of(slot) && leaves <= before.leaves;
  if (c.post_only && !keeps_place && crosses(c.side, c.price))
    return reject(reason::would_take);
  auto hold = limit_hold(on, c.side, c.price, leaves, rare.traded);
  if (!hold)
    return reject(reason::overflow);
  auto old_hold = hold_of_open(slot);
  auto more = *hold - old_hold;
  auto short_by = more - w.reserved.value();
  if (!pool.covers(c.account, held, short_by))
    return reject(reason::insufficient_funds);
  // What the change needs comes from what was set aside for it, then from earlier releases; what
  // it frees covers later orders, what was set aside for nothing does not.
  pool.take(c.account, held, short_by);
  pool.give(c.account, held, std::max<std::int64_t>(0, -more), true);
  pool.give(c.account, held, std::max<std::int64_t>(0, std::min(w.reserved.value(), -short_by)),
            false);
  replace_open(slot, w, leaves, keeps_place, *hold);
}

void matcher::state::replace_open(order_slot slot, const replace_work& w, quantity leaves,
                                  bool keeps_place, std::int64_t hold) {
  auto& c = w.change;
  auto rare = book.rarity_of(slot);
  pages.touched(book, slot);
  book.resize(slot, c.quantity, leaves);
  if (c.new_client_order != c.client_order)
    book.rename(slot, c.new_client_order);
  if (keeps_place) {
    report_open(slot, report_kind::replaced, reason::none, w.from);
    answer_asker(w.from);
    return;
  }
  auto& open = book[slot];
  incoming_order o;
  o.id = open.id;
  o.account = open.account;
  o.client = open.client;
  o.client_order = open.client_order;
  o.side = open.side;
  o.limit = c.price;
  o.quantity = c.quantity;
  o.leaves = leaves;
  o.stp = open.stp;
  o.traded = rare.traded;
  o.hold = hold;
  o.from = w.from;
  book.unlist(slot);
  report_incoming(o, report_kind::replaced, reason::none);
  answer_asker(w.from);
  auto stopped = take(o);
  if (o.leaves.value() > 0 && stopped == reason::none) {
    rare.rank = now.value() << 16 | w.from.position;
    rare.traded = o.traded;
    book.set_rarity(slot, rare);
    book.list(slot, c.price, o.leaves);
    return;
  }
  if (o.leaves.value() > 0)
    expire_rest(o, stopped);
  else
    pool.give(o.account, held_asset(o.side), o.hold, true);
  count_open(o.account, -1);
  forget(slot);
}

} // namespace bourse::market
