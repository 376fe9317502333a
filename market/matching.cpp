#include "market/matching.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::market {

// -- deciding ------------------------------------------------------------------------------------

bool matcher::state::crosses(side s, std::optional<messages::price> limit) const {
  auto best = book.best(opposite(s));
  return best && within(s, limit, best->price);
}

/// True if a fill-or-kill order would be filled to the end. Liquidity of its own account does not
/// count; and where self-trade prevention would expire the taker, none behind it does.
///
/// A killed order costs its account nothing, so whoever sends many must not make much work: the
/// levels say first whether there are lots enough at all, and then the least of two ways is gone,
/// along the orders that it would take or along the account's own.
bool matcher::state::can_fill_now(const incoming_order& o) const {
  auto wanted = o.leaves.value();
  book.for_each_level(opposite(o.side), [&](const level& l) {
    if (!within(o.side, o.limit, l.price))
      return false;
    wanted -= std::min(l.quantity, wanted);
    return wanted > 0;
  });
  if (wanted > 0)
    return false;
  auto known = can_fill_along(o, book.size_of(o.account));
  return known ? *known : can_fill_beside(o, own_in_way(o));
}

/// By the orders that it would take; nothing if those are more than `most`.
std::optional<bool> matcher::state::can_fill_along(const incoming_order& o,
                                                   std::size_t most) const {
  auto wanted = o.leaves.value();
  int128 notional = 0;
  bool over = false;
  book.for_each_level(opposite(o.side), [&](const level& l) {
    if (!within(o.side, o.limit, l.price))
      return false;
    for (auto slot = book.first(l); slot != no_order && wanted > 0; slot = book.next(slot)) {
      if (most-- == 0) {
        over = true;
        return false;
      }
      if (book[slot].account == o.account) {
        if (o.stp != self_trade::expire_maker)
          return false;
        continue;
      }
      auto lots = std::min(book[slot].leaves.value(), wanted);
      wanted -= lots;
      notional += int128{l.price.value()} * lots * on.tick_lot_units;
    }
    return wanted > 0;
  });
  if (over)
    return std::nullopt;
  return wanted == 0 && (!o.most_notional || notional <= *o.most_notional);
}

/// The account's orders that stand in the way, best first.
std::vector<order_slot> matcher::state::own_in_way(const incoming_order& o) const {
  std::vector<order_slot> own;
  book.for_each_of(o.account, [&](order_slot slot) {
    if (book[slot].side != o.side && within(o.side, o.limit, book.price_of(slot)))
      own.push_back(slot);
  });
  std::sort(own.begin(), own.end(), [&](auto a, auto b) {
    auto price_a = book.price_of(a);
    auto price_b = book.price_of(b);
    return price_a != price_b ? within(o.side, price_b, price_a)
                              : book.rank_of(a) < book.rank_of(b);
  });
  return own;
}

/// By levels less the account's own orders in them.
bool matcher::state::can_fill_beside(const incoming_order& o,
                                     const std::vector<order_slot>& own) const {
  bool stops_at_own = o.stp != self_trade::expire_maker;
  auto wanted = o.leaves.value();
  int128 notional = 0;
  auto next_own = own.begin();
  book.for_each_level(opposite(o.side), [&](const level& l) {
    if (!within(o.side, o.limit, l.price))
      return false;
    auto lots = l.quantity;
    auto has_own = next_own != own.end() && book.price_of(*next_own) == l.price;
    if (has_own && stops_at_own) {
      lots = 0;
      for (auto slot = book.first(l); slot != *next_own && lots < wanted; slot = book.next(slot))
        lots += book[slot].leaves.value();
    } else {
      for (; next_own != own.end() && book.price_of(*next_own) == l.price; ++next_own)
        lots -= book[*next_own].leaves.value();
    }
    lots = std::min(lots, wanted);
    wanted -= lots;
    notional += int128{l.price.value()} * lots * on.tick_lot_units;
    return wanted > 0 && !(has_own && stops_at_own);
  });
  return wanted == 0 && (!o.most_notional || notional <= *o.most_notional);
}

// -- matching ------------------------------------------------------------------------------------

reason matcher::state::take(incoming_order& o) {
  while (o.leaves.value() > 0) {
    auto best = book.best(opposite(o.side));
    if (!best || !within(o.side, o.limit, best->price))
      break;
    auto at = best->price;
    auto maker = book.first(*best);
    if (book[maker].account == o.account) {
      if (o.stp != self_trade::expire_taker) {
        report_passive(maker, report_kind::expired, reason::self_trade, o.from.position);
        close(maker);
      }
      if (o.stp != self_trade::expire_maker)
        return reason::self_trade;
      continue;
    }
    auto lots = std::min(o.leaves.value(), book[maker].leaves.value());
    if (o.most_notional) {
      lots = std::min(lots, affordable(o, at));
      if (lots == 0)
        return reason::spent;
    }
    // In range, since the maker's own was when it came to rest.
    auto notional = notional_of(on, at, quantity{lots}).value();
    // Only a sale can be traded for more than was thought of when it was let in.
    if (!narrow(int128{o.traded.as_maker} + o.traded.as_taker + notional))
      return reason::overflow;
    trade(o, maker, at, lots, notional);
  }
  return reason::none;
}

std::int64_t matcher::state::affordable(const incoming_order& o, messages::price p) const {
  return (*o.most_notional - o.traded.as_taker) / (p.value() * on.tick_lot_units);
}

void matcher::state::trade(incoming_order& taker, order_slot maker, messages::price at,
                           std::int64_t lots, std::int64_t notional) {
  const auto& m = book[maker];
  auto rare = book.rarity_of(maker);
  auto base = sell_hold(on, quantity{lots}).value();
  auto fee_of = [&](std::int64_t& traded, basis_points rate) {
    auto before = fee_on(traded, rate);
    traded += notional;
    return static_cast<std::int64_t>(fee_on(traded, rate) - before);
  };
  auto maker_fee = fee_of(rare.traded.as_maker, on.maker_fee);
  auto taker_fee = fee_of(taker.traded.as_taker, on.taker_fee);
  auto taker_buys = taker.side == side::buy;
  taker.leaves = quantity{taker.leaves.value() - lots};
  quantity maker_leaves{m.leaves.value() - lots};

  auto& f = out.fills.emplace_back();
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
  out.fill_positions.push_back(taker.from.position);

  auto describe = [&](report& r, role as, std::int64_t fee, quantity leaves) {
    r.role = as;
    r.price = at;
    r.quantity = quantity{lots};
    r.leaves = leaves;
    r.fee = amount{fee};
    out.reports.back().fill = static_cast<std::uint32_t>(out.fills.size() - 1);
  };
  describe(report_incoming(taker, report_kind::fill, reason::none), role::taker, taker_fee,
           taker.leaves);
  describe(report_passive(maker, report_kind::fill, reason::none, taker.from.position), role::maker,
           maker_fee, maker_leaves);

  taker.hold -= taker_buys ? notional + taker_fee : base;
  if (maker_leaves.value() > 0) {
    // Filled at its own price, so what it holds has fallen by just what it paid.
    pages.touched(book, maker);
    book.set_rarity(maker, rare);
    book.reduce(maker, quantity{lots});
    return;
  }
  // It held for the larger of the two rates, and may not have been charged it.
  if (!taker_buys)
    pool.give(m.account, on.quote, buy_hold(on, at, {}, rare.traded).value(), true);
  count_open(m.account, -1);
  forget(maker);
}

bool matcher::state::settle_hold(incoming_order& o) {
  auto needed = limit_hold(on, o.side, *o.limit, o.leaves, o.traded);
  if (!needed)
    return false;
  // Fills at better prices or at the lower rate need less than was held.
  pool.give(o.account, held_asset(o.side), o.hold - *needed, true);
  o.hold = *needed;
  return true;
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
    expiring.add(book, slot, expire_after);
}

// -- closing -------------------------------------------------------------------------------------

std::int64_t matcher::state::hold_of_open(order_slot slot) const {
  const auto& o = book[slot];
  if (o.side == side::sell)
    return sell_hold(on, o.leaves).value();
  return buy_hold(on, book.price_of(slot), o.leaves, book.rarity_of(slot).traded).value();
}

void matcher::state::close(order_slot slot) {
  const auto& o = book[slot];
  pool.give(o.account, held_asset(o.side), hold_of_open(slot), true);
  count_open(o.account, -1);
  forget(slot);
}

void matcher::state::forget(order_slot slot) {
  if (book.rarity_of(slot).expire_after.value() != 0)
    expiring.closed(book);
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
  auto& r = report_passive(slot, kind, why, cause.position);
  if (cause.client == r.client)
    address(r, cause);
  return r;
}

report& matcher::state::report_passive(order_slot slot, report_kind kind, reason why,
                                       std::uint32_t position) {
  const auto& o = book[slot];
  auto& r = add_report(kind, why, position);
  r.client = o.client;
  r.account = o.account;
  r.order = o.id;
  r.client_order = o.client_order;
  r.side = o.side;
  r.price = book.price_of(slot);
  r.quantity = o.quantity;
  r.leaves = o.leaves;
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
  if (o.client == o.from.client)
    address(r, o.from);
  return r;
}

void matcher::state::answer_asker(const origin& from) {
  if (out.reports.back().content.client == from.client)
    return;
  auto copy = out.reports.back();
  address(copy.content, from);
  out.reports.push_back(copy);
}

} // namespace bourse::market
