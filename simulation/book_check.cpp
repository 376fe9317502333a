#include "simulation/book_check.hpp"

#include <limits>

namespace bourse::simulation {

namespace {

constexpr auto everything = std::numeric_limits<std::size_t>::max();

/// A price that is better for whoever trades against that side.
bool better(side s, std::int64_t a, std::int64_t b) {
  return s == side::buy ? a > b : a < b;
}

} // namespace

book_check::book_check(const market::rules& r, violations& out) : rules_(r), out_(out) {
  for (const auto& a : r.accounts) {
    auto& row = balances_.emplace_back();
    for (const auto& b : a.balances)
      row.push_back(b.value());
    row.resize(r.assets.size());
  }
}

void book_check::executed(const market::block_result& result, const std::vector<report>& reports,
                          const market::exchange& exchange) {
  block_ = result.sequence.value();
  closed_.clear();
  for (const auto& r : reports)
    take(r);
  for (const auto& s : result.settlements) {
    if (s.trade.value() != 0)
      check_trade(s);
    settle(s);
  }
  for (std::size_t i = 0; i < rules_.instruments.size(); ++i) {
    instrument_id id{static_cast<std::uint16_t>(i)};
    const auto& bids = levels_[{id, side::buy}];
    const auto& asks = levels_[{id, side::sell}];
    if (!bids.empty() && !asks.empty() && bids.rbegin()->first >= asks.begin()->first)
      out_.add("book", "block {}: book {} is crossed", block_, i);
    auto best = exchange.book(id, 1);
    auto bid = best.bids.empty() ? 0 : best.bids.front().price.value();
    auto ask = best.asks.empty() ? 0 : best.asks.front().price.value();
    if (bid != (bids.empty() ? 0 : bids.rbegin()->first)
        || ask != (asks.empty() ? 0 : asks.begin()->first))
      out_.add("book", "block {}: best prices of book {} are not those of the reports", block_, i);
  }
  compare_balances(exchange);
}

// -- orders --------------------------------------------------------------------------------------

void book_check::take(const report& r) {
  if (r.order.value() == 0)
    return;
  if (r.kind == report_kind::accepted) {
    resting o{r.client,        r.account,          r.instrument, r.side, r.price.value(),
              r.price.value(), r.quantity.value(), block_,       block_, false};
    if (!open_.emplace(r.order.value(), o).second)
      out_.add("exactly-once", "block {}: order {} is accepted twice", block_, r.order.value());
    count(o, o.leaves);
    return;
  }
  auto it = open_.find(r.order.value());
  if (it == open_.end() || it->second.client != r.client)
    return; // refused from the start, or the copy for whoever asked for another client
  auto& o = it->second;
  o.touched = block_;
  if (r.kind == report_kind::fill) {
    if (r.leaves.value() != o.leaves - r.quantity.value() || r.quantity.value() <= 0)
      out_.add("book", "block {}: a fill of order {} leaves {} of {}", block_, r.order.value(),
               r.leaves.value(), o.leaves);
    count(o, -r.quantity.value());
    o.leaves -= r.quantity.value();
    if (o.leaves == 0)
      close(it);
  } else if (r.kind == report_kind::replaced) {
    replaced(r, o);
  } else if (r.kind == report_kind::cancelled || r.kind == report_kind::expired) {
    count(o, -o.leaves);
    close(it);
  }
}

void book_check::replaced(const report& r, resting& o) {
  count(o, -o.leaves);
  if (r.price.value() != o.price || r.leaves.value() > o.leaves) {
    o.block = block_;
    o.moved = true;
  }
  o.price = o.limit = r.price.value();
  o.leaves = r.leaves.value();
  count(o, o.leaves);
}

void book_check::close(orders::iterator o) {
  closed_.insert(*o);
  open_.erase(o);
}

void book_check::count(const resting& o, std::int64_t lots) {
  auto& side_levels = levels_[{o.instrument, o.side}];
  auto& level = side_levels[o.price];
  level += lots;
  if (level == 0)
    side_levels.erase(o.price);
}

const book_check::resting* book_check::find(order_id id) const {
  if (auto it = open_.find(id.value()); it != open_.end())
    return &it->second;
  auto it = closed_.find(id.value());
  return it == closed_.end() ? nullptr : &it->second;
}

// -- trades --------------------------------------------------------------------------------------

void book_check::check_trade(const settlement& s) {
  const auto* maker = find(s.maker_order);
  const auto* taker = find(s.taker_order);
  if (!maker || !taker)
    return out_.add("book", "block {}: trade {} of orders that are not open", block_,
                    s.trade.value());
  auto price = s.price.value();
  if (maker->price != price && maker->touched == block_ && !maker->moved)
    out_.add("book", "block {}: trade {} at {}, its maker stood at {}", block_, s.trade.value(),
             price, maker->price);
  if (taker->limit != 0 && better(taker->side, price, taker->limit) && !taker->moved)
    out_.add("book", "block {}: trade {} at {} is beyond its taker's limit {}", block_,
             s.trade.value(), price, taker->limit);
  if (maker->account == taker->account)
    out_.add("book", "block {}: trade {} of an account with itself", block_, s.trade.value());
  check_priority(s, *maker, *taker);
}

/// Whoever rested before this block and was left alone in it had no right to this trade.
void book_check::check_priority(const settlement& s, const resting& maker, const resting& taker) {
  for (const auto& [id, o] : open_) {
    if (o.instrument != maker.instrument || o.side != maker.side || o.touched == block_
        || o.account == taker.account)
      continue;
    // A maker that moved in this very block may have traded before.
    bool first = o.price == s.price.value() && !(maker.moved && maker.block == block_)
                 && (o.block < maker.block
                     || (o.block == maker.block && !o.moved && !maker.moved
                         && id < s.maker_order.value()));
    if (better(o.side, o.price, s.price.value()) || first)
      out_.add(
          "priority",
          "block {}: trade {} of order {} (in line since block {}{}) at {} passed over order {} "
          "(since {}{}) at {}",
          block_, s.trade.value(), s.maker_order.value(), maker.block, maker.moved ? ", moved" : "",
          s.price.value(), id, o.block, o.moved ? ", moved" : "", o.price);
  }
}

void book_check::settle(const settlement& s) {
  for (const auto& t : s.transfers) {
    auto asset = t.asset.value();
    if (t.from != transfer::outside)
      balances_[t.from.value()][asset] -= t.amount.value();
    if (t.to != transfer::outside)
      balances_[t.to.value()][asset] += t.amount.value();
  }
}

// -- comparing -----------------------------------------------------------------------------------

/// By account and asset: what open orders must hold. Exact for sales; for purchases, whose hold
/// depends on fees, only that there is one.
std::vector<std::vector<book_check::needed>> book_check::holds() const {
  std::vector<std::vector<needed>> out(balances_.size(), std::vector<needed>(rules_.assets.size()));
  for (const auto& [id, o] : open_) {
    const auto& i = rules_.instruments[o.instrument.value()];
    auto& account = out[o.account.value()];
    if (o.side == side::sell)
      account[i.base.value()].offered += o.leaves * i.lot_units;
    else
      account[i.quote.value()].bids = true;
  }
  return out;
}

void book_check::compare_balances(const market::exchange& exchange) {
  auto holds = this->holds();
  for (std::size_t a = 0; a < balances_.size(); ++a) {
    auto view = exchange.clearing().view(account_id{static_cast<std::uint32_t>(a)});
    for (const auto& b : view.balances) {
      auto has = b.free.value() + b.held.value();
      auto& settled = balances_[a][b.asset.value()];
      if (has != settled || b.free.value() < 0 || b.held.value() < 0)
        out_.add("conservation", "block {}: account {} has {} + {} of asset {}, settled is {}",
                 block_, a, b.free.value(), b.held.value(), b.asset.value(), settled);
      const auto& n = holds[a][b.asset.value()];
      if (n.bids ? b.held.value() <= n.offered : b.held.value() != n.offered)
        out_.add("holds", "block {}: {} of asset {} is held of account {}, its orders offer {}{}",
                 block_, b.held.value(), b.asset.value(), a, n.offered,
                 n.bids ? " and there are bids" : "");
    }
  }
}

void book_check::compare_books(const market::exchange& exchange) {
  for (std::size_t i = 0; i < rules_.instruments.size(); ++i) {
    instrument_id id{static_cast<std::uint16_t>(i)};
    auto book = exchange.book(id, everything);
    for (auto s : {side::buy, side::sell}) {
      std::map<std::int64_t, std::int64_t> found;
      for (const auto& l : s == side::buy ? book.bids : book.asks)
        found[l.price.value()] = l.quantity.value();
      if (found != levels_[{id, s}])
        out_.add("book", "block {}: {} levels of book {} are not those of the reports", block_,
                 s == side::buy ? "buying" : "selling", i);
    }
  }
}

} // namespace bourse::simulation
