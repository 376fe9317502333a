#include "market/matching.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::market {

// -- deciding ------------------------------------------------------------------------------------

bool matcher::state::crosses(side s, std::optional<messages::price> limit) const {
  auto best = book.best(opposite(s));
  if (!best)
    return false;
  return !limit || (s == side::buy ? best->price <= *limit : best->price >= *limit);
}

/// True if a fill-or-kill order would be filled to the end. Liquidity of its own account does not
/// count, and is an end where self-trade prevention would expire the taker.
bool matcher::state::can_fill_now(const place& p) const {
  auto wanted = p.quantity.value();
  bool stopped = false;
  book.for_each_level(opposite(p.side), [&](const level& l) {
    if (p.type == order_type::limit
        && (p.side == side::buy ? l.price > p.price : l.price < p.price))
      return false;
    for (auto slot = book.first(l); slot != no_order && wanted > 0; slot = book.next(slot)) {
      if (book[slot].account != p.account)
        wanted -= book[slot].leaves.value();
      else if (p.stp != self_trade::expire_maker) {
        stopped = true;
        break;
      }
    }
    return wanted > 0 && !stopped;
  });
  return wanted <= 0;
}

// -- matching ------------------------------------------------------------------------------------

reason matcher::state::take(incoming_order& o) {
  while (o.leaves.value() > 0 && crosses(o.side, o.limit)) {
    auto maker = book.first(*book.best(opposite(o.side)));
    if (book[maker].account == o.account) {
      if (o.stp != self_trade::expire_taker)
        expire_maker(maker, o.from);
      if (o.stp != self_trade::expire_maker)
        return reason::self_trade;
      continue;
    }
    auto lots = std::min(o.leaves.value(), book[maker].leaves.value());
    if (!o.limit && o.side == side::buy) {
      lots = std::min(lots, affordable(o, book.price_of(maker)));
      if (lots == 0)
        return reason::spent;
    }
    trade(o, maker, lots);
  }
  return reason::none;
}

std::int64_t matcher::state::affordable(const incoming_order& o, messages::price p) const {
  auto open = notional_within(o.max_spend, on.taker_fee) - o.traded.as_taker;
  return static_cast<std::int64_t>(open / (static_cast<int128>(p.value()) * on.tick_lot_units));
}

void matcher::state::trade(incoming_order& taker, order_slot maker, std::int64_t lots) {
  auto& m = book[maker];
  auto at = book.price_of(maker);
  auto rare = book.rarity_of(maker);
  // Both fit: the maker's hold covers them.
  auto notional = notional_of(on, at, quantity{lots}).value();
  auto base = sell_hold(on, quantity{lots}).value();

  auto before = rare.traded;
  rare.traded.as_maker += notional;
  auto maker_fee = static_cast<std::int64_t>(fees_charged(on, rare.traded) - fees_charged(on, before));
  before = taker.traded;
  taker.traded.as_taker += notional;
  auto taker_fee
    = static_cast<std::int64_t>(fees_charged(on, taker.traded) - fees_charged(on, before));
  taker.leaves = quantity{taker.leaves.value() - lots};
  quantity maker_leaves{m.leaves.value() - lots};

  fill f;
  bool taker_buys = taker.side == side::buy;
  f.buyer = taker_buys ? taker.account : m.account;
  f.seller = taker_buys ? m.account : taker.account;
  f.maker_order = m.id;
  f.taker_order = taker.id;
  f.price = at;
  f.quantity = quantity{lots};
  f.taker_side = taker.side;
  f.notional = amount{notional};
  f.base = amount{base};
  f.buyer_fee = amount{taker_buys ? taker_fee : maker_fee};
  f.seller_fee = amount{taker_buys ? maker_fee : taker_fee};
  auto index = static_cast<std::uint32_t>(out.fills.size());
  out.fills.push_back(f);
  out.fill_positions.push_back(taker.from.position);

  auto describe = [&](report& r, role as, std::int64_t fee, quantity leaves) {
    r.role = as;
    r.price = at;
    r.quantity = quantity{lots};
    r.leaves = leaves;
    r.fee = amount{fee};
    out.reports.back().fill = index;
  };
  describe(report_incoming(taker, report_kind::fill, reason::none), role::taker, taker_fee,
           taker.leaves);
  // The maker was answered before: its report names no submission.
  auto& maker_report = report_open(maker, report_kind::fill, reason::none, {});
  out.reports.back().position = taker.from.position;
  describe(maker_report, role::maker, maker_fee, maker_leaves);

  // Holds: what a buyer set aside for a worse price or fee comes free; a seller's falls by the lots.
  if (taker_buys) {
    auto left = taker.hold - notional - taker_fee;
    if (taker.limit) {
      auto needed = buy_hold(on, *taker.limit, taker.leaves, taker.traded).value();
      pool.give(taker.account, on.quote, left - needed, true);
      left = needed;
    }
    taker.hold = left;
  } else {
    taker.hold -= base;
    auto needed = maker_leaves.value() > 0 ? buy_hold(on, at, maker_leaves, rare.traded).value() : 0;
    pool.give(m.account, on.quote, hold_of_open(maker) - notional - maker_fee - needed, true);
  }
  if (maker_leaves.value() == 0) {
    count_open(m.account, -1);
    forget(maker);
    return;
  }
  pages.touched(book, maker);
  book.set_rarity(maker, rare);
  book.reduce(maker, quantity{lots});
}

void matcher::state::expire_maker(order_slot maker, const origin& because) {
  report_open(maker, report_kind::expired, reason::self_trade, {});
  out.reports.back().position = because.position;
  close(maker);
}

void matcher::state::expire_rest(const incoming_order& o, reason why) {
  report_incoming(o, report_kind::expired, why);
  pool.give(o.account, held_asset(o.side), o.hold, true);
}

void matcher::state::rest(const incoming_order& o, sequence_number expire_after) {
  order open;
  open.id = o.id;
  open.client_order = o.client_order;
  open.quantity = o.quantity;
  open.leaves = o.leaves;
  open.account = o.account;
  open.client = o.client;
  open.side = o.side;
  open.stp = o.stp;
  auto slot = book.add(open, *o.limit, {0, expire_after, o.traded});
  pages.added(book, slot);
  count_open(o.account, 1);
  if (expire_after.value() != 0)
    expiring[{expire_after.value(), o.id.value()}] = slot;
}

// -- closing -------------------------------------------------------------------------------------

std::int64_t matcher::state::hold_of_open(order_slot slot) const {
  auto& o = book[slot];
  return limit_hold(on, o.side, book.price_of(slot), o.leaves, book.rarity_of(slot).traded).value();
}

void matcher::state::close(order_slot slot) {
  auto& o = book[slot];
  pool.give(o.account, held_asset(o.side), hold_of_open(slot), true);
  count_open(o.account, -1);
  forget(slot);
}

void matcher::state::forget(order_slot slot) {
  if (auto last = book.rarity_of(slot).expire_after; last.value() != 0)
    expiring.erase({last.value(), book[slot].id.value()});
  pages.erased(book, slot);
  book.erase(slot);
}

// -- reporting -----------------------------------------------------------------------------------

report& matcher::state::add_report(report_kind kind, reason why, std::uint32_t position) {
  auto& draft = out.reports.emplace_back();
  draft.position = position;
  draft.content.instrument = id;
  draft.content.kind = kind;
  draft.content.why = why;
  return draft.content;
}

report& matcher::state::report_open(order_slot slot, report_kind kind, reason why,
                                    const origin& cause) {
  auto& o = book[slot];
  auto& r = add_report(kind, why, cause.position);
  r.client = o.client;
  r.account = o.account;
  r.order = o.id;
  r.client_order = o.client_order;
  r.side = o.side;
  r.price = book.price_of(slot);
  r.quantity = o.quantity;
  r.leaves = o.leaves;
  if (cause.client == o.client && cause.submission.value() != 0) {
    r.stream = cause.stream;
    r.submission = cause.submission;
    r.index = cause.index;
  }
  return r;
}

report& matcher::state::report_incoming(const incoming_order& o, report_kind kind, reason why) {
  auto& r = add_report(kind, why, o.from.position);
  r.client = o.client;
  r.account = o.account;
  r.order = o.id;
  r.client_order = o.client_order;
  r.side = o.side;
  r.price = o.limit.value_or(messages::price{});
  r.quantity = o.quantity;
  r.leaves = o.leaves;
  if (o.client == o.from.client) {
    r.stream = o.from.stream;
    r.submission = o.from.submission;
    r.index = o.from.index;
  }
  return r;
}

void matcher::state::answer_asker(const origin& from) {
  auto copy = out.reports.back();
  auto& r = copy.content;
  if (r.client == from.client)
    return;
  r.client = from.client;
  r.stream = from.stream;
  r.submission = from.submission;
  r.index = from.index;
  out.reports.push_back(copy);
}

} // namespace bourse::market
