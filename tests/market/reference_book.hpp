// The matcher once more, as plainly as it can be put: all orders in one vector, looked through from
// end to end for everything; fill-or-kill tried out on a copy. Written from docs/PROTOCOL,
// "Execution", not from the matcher, so that the two check each other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "market/rules.hpp"
#include "market/work.hpp"
#include "messages/checked.hpp"
#include "messages/client.hpp"

namespace bourse::market {

class reference_book {
public:
  reference_book(instrument_id id, const rules& r)
      : id_(id), rules_(&r), on_(r.instruments[id.value()]) {}

  outcome run(const work& w) {
    now_ = w.sequence.value();
    out_ = {};
    out_.instrument = id_;
    pool_.clear();
    expire_old();
    for (const auto& item : w.items) {
      if (auto* p = std::get_if<place_work>(&item))
        run(*p);
      else if (auto* r = std::get_if<replace_work>(&item))
        run(*r);
      else if (auto* c = std::get_if<cancel_work>(&item))
        run(*c);
      else
        run(std::get<cancel_all_work>(item));
    }
    return out_;
  }

  book_view view() const {
    book_view v;
    v.instrument = id_;
    std::map<std::int64_t, book_level> bids;
    std::map<std::int64_t, book_level> asks;
    for (const auto& o : open_) {
      auto& l = o.side == side::buy ? bids[-o.price] : asks[o.price];
      l.price = price{o.price};
      l.quantity = quantity{l.quantity.value() + o.leaves};
      ++l.orders;
    }
    for (const auto& [key, l] : bids)
      v.bids.push_back(l);
    for (const auto& [key, l] : asks)
      v.asks.push_back(l);
    return v;
  }

  std::vector<open_order> open_orders(account_id account) const {
    std::vector<open_order> result;
    for (const auto& o : open_)
      if (o.account == account)
        result.push_back({order_id{o.id}, client_order_id{o.name}, id_, o.side, price{o.price},
                          quantity{o.quantity}, quantity{o.leaves}});
    std::sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.order < b.order; });
    return result;
  }

  /// What all open orders hold, by account and asset.
  std::map<std::pair<account_id, asset_id>, std::int64_t> held() const {
    std::map<std::pair<account_id, asset_id>, std::int64_t> result;
    for (const auto& o : open_)
      result[{o.account, asset_of(o.side)}] += o.held;
    return result;
  }

  std::size_t size() const {
    return open_.size();
  }

private:
  struct resting {
    std::uint64_t id = 0;
    std::uint64_t rank = 0;
    std::uint64_t name = 0;
    account_id account;
    client_id client;
    messages::side side = side::buy;
    self_trade stp = self_trade::expire_taker;
    bool market = false;
    std::int64_t price = 0;
    std::int64_t quantity = 0;
    std::int64_t leaves = 0;
    std::int64_t held = 0;
    int128 made = 0;  // notional traded as maker
    int128 taken = 0; // and as taker
    std::int64_t max_spend = 0;
    std::int64_t spent = 0;
    std::uint64_t expire_after = 0;
  };

  // -- money -------------------------------------------------------------------------------------

  asset_id asset_of(side s) const {
    return s == side::buy ? on_.quote : on_.base;
  }
  static int128 percent(int128 x, basis_points rate) {
    return x * rate.value() / 10'000;
  }
  int128 charged(const resting& o) const {
    return percent(o.made, on_.maker_fee) + percent(o.taken, on_.taker_fee);
  }
  /// Nothing: it leaves the range of amounts.
  std::optional<std::int64_t> hold_of(const resting& o) const {
    auto open = int128{o.price} * o.leaves * on_.tick_lot_units;
    if (!narrow(open + o.made + o.taken))
      return std::nullopt;
    if (o.side == side::sell)
      return narrow(int128{o.leaves} * on_.lot_units);
    auto rate = std::max(on_.maker_fee, on_.taker_fee);
    return narrow(open + percent(o.made + o.taken + open, rate) - charged(o));
  }
  void release(account_id a, asset_id asset, std::int64_t units, bool into_pool) {
    if (units == 0)
      return;
    out_.releases.push_back({a, asset, amount{units}});
    if (into_pool)
      pool_[{a, asset}] += units;
  }
  /// An order's hold becomes `units`; what that frees goes into the pool.
  void set_held(resting& o, std::int64_t units) {
    release(o.account, asset_of(o.side), o.held - units, true);
    o.held = units;
  }

  // -- the book ----------------------------------------------------------------------------------

  using iterator = std::vector<resting>::iterator;

  iterator find(account_id a, client_order_id name) {
    return std::find_if(open_.begin(), open_.end(),
                        [&](auto& o) { return o.account == a && o.name == name.value(); });
  }
  /// The best order that `taker` could trade with within its limit, its own included.
  iterator best_for(const resting& taker) {
    auto best = open_.end();
    for (auto i = open_.begin(); i != open_.end(); ++i) {
      if (i->side == taker.side || i->id == taker.id)
        continue;
      auto sign = taker.side == side::buy ? 1 : -1;
      if (!taker.market && sign * i->price > sign * taker.price)
        continue;
      if (best == open_.end() || sign * i->price < sign * best->price
          || (i->price == best->price && i->rank < best->rank))
        best = i;
    }
    return best;
  }
  void close(iterator i) {
    set_held(*i, 0);
    out_.open_order_changes.emplace_back(i->account, -1);
    open_.erase(i);
  }

  // -- reports -----------------------------------------------------------------------------------

  report& say(report_kind kind, reason why, std::uint32_t position, const origin* to = nullptr) {
    draft_report d;
    d.position = position;
    d.content.instrument = id_;
    d.content.kind = kind;
    d.content.why = why;
    if (to) {
      d.content.client = to->client;
      d.content.stream = to->stream;
      d.content.submission = to->submission;
      d.content.index = to->index;
    }
    out_.reports.push_back(d);
    return out_.reports.back().content;
  }
  report& say(const resting& o, report_kind kind, reason why, std::uint32_t position,
              const origin* to = nullptr) {
    auto& r = say(kind, why, position, to && to->client == o.client ? to : nullptr);
    r.client = o.client;
    r.account = o.account;
    r.order = order_id{o.id};
    r.client_order = client_order_id{o.name};
    r.side = o.side;
    r.price = price{o.price};
    r.quantity = quantity{o.quantity};
    r.leaves = quantity{o.leaves};
    return r;
  }
  /// To the order's client, and to who asked if that is another.
  void say_to_both(const resting& o, report_kind kind, const origin& from) {
    say(o, kind, reason::none, from.position, &from);
    if (from.client == o.client)
      return;
    auto& r = say(o, kind, reason::none, from.position);
    r.client = from.client;
    r.stream = from.stream;
    r.submission = from.submission;
    r.index = from.index;
  }

  // -- matching ----------------------------------------------------------------------------------

  /// Trades what can be traded; why it must not rest, if so. `from` is the request's.
  reason sweep(resting& taker, const origin& from) {
    while (taker.leaves > 0) {
      auto maker = best_for(taker);
      if (maker == open_.end())
        return reason::none;
      if (maker->account == taker.account) {
        if (taker.stp != self_trade::expire_taker) {
          say(*maker, report_kind::expired, reason::self_trade, from.position);
          close(maker);
        }
        if (taker.stp != self_trade::expire_maker)
          return reason::self_trade;
        continue;
      }
      auto lots = std::min(taker.leaves, maker->leaves);
      if (taker.market && taker.side == side::buy)
        while (lots > 0 && !affordable(taker, maker->price, lots))
          --lots;
      if (lots == 0)
        return reason::spent;
      if (!narrow(taker.made + taker.taken + int128{maker->price} * lots * on_.tick_lot_units))
        return reason::overflow;
      trade(taker, *maker, lots, from);
      if (maker->leaves == 0)
        close(maker);
    }
    return reason::none;
  }

  bool affordable(const resting& taker, std::int64_t price, std::int64_t lots) const {
    auto all = taker.taken + int128{price} * lots * on_.tick_lot_units;
    return all + percent(all, on_.taker_fee) <= taker.max_spend;
  }

  void trade(resting& taker, resting& maker, std::int64_t lots, const origin& from) {
    auto notional = static_cast<std::int64_t>(int128{maker.price} * lots * on_.tick_lot_units);
    auto base = lots * on_.lot_units;
    auto fee = [&](resting& o, int128& traded) {
      auto before = charged(o);
      traded += notional;
      return static_cast<std::int64_t>(charged(o) - before);
    };
    auto taker_fee = fee(taker, taker.taken);
    auto maker_fee = fee(maker, maker.made);
    for (auto* o : {&taker, &maker})
      o->leaves -= lots;
    auto& buyer = taker.side == side::buy ? taker : maker;
    auto& seller = taker.side == side::buy ? maker : taker;
    auto buyer_fee = taker.side == side::buy ? taker_fee : maker_fee;
    auto seller_fee = taker.side == side::buy ? maker_fee : taker_fee;

    fill f;
    f.buyer = buyer.account;
    f.seller = seller.account;
    f.maker_order = order_id{maker.id};
    f.taker_order = order_id{taker.id};
    f.price = price{maker.price};
    f.quantity = quantity{lots};
    f.taker_side = taker.side;
    f.notional = amount{notional};
    f.base = amount{base};
    f.buyer_fee = amount{buyer_fee};
    f.seller_fee = amount{seller_fee};
    out_.fills.push_back(f);
    out_.fill_positions.push_back(from.position);
    auto describe = [&](report& r, role as, std::int64_t charged) {
      r.role = as;
      r.price = f.price;
      r.quantity = f.quantity;
      r.fee = amount{charged};
      out_.reports.back().fill = static_cast<std::uint32_t>(out_.fills.size() - 1);
    };
    describe(say(taker, report_kind::fill, reason::none, from.position, &from), role::taker,
             taker_fee);
    describe(say(maker, report_kind::fill, reason::none, from.position), role::maker, maker_fee);

    seller.held -= base;
    buyer.held -= notional + buyer_fee;
    if (!buyer.market) // a market order holds all of max_spend to its end
      set_held(buyer, *hold_of(buyer));
  }

  /// Would it be filled to the end? Tried out on a copy.
  bool fills_completely(const resting& o, const origin& from) const {
    auto copy = *this;
    auto taker = o;
    copy.sweep(taker, from);
    return taker.leaves == 0;
  }

  // -- requests ----------------------------------------------------------------------------------

  void expire_old() {
    std::sort(open_.begin(), open_.end(), [](auto& a, auto& b) { return a.id < b.id; });
    for (auto i = open_.begin(); i != open_.end();) {
      if (i->expire_after == 0 || i->expire_after >= now_) {
        ++i;
        continue;
      }
      say(*i, report_kind::expired, reason::end_of_life, 0);
      auto at = i - open_.begin();
      close(i);
      i = open_.begin() + at;
    }
  }

  void run(const place_work& w) {
    const auto& p = w.order;
    resting o;
    o.id = o.rank = now_ << 16 | w.from.position;
    o.name = p.client_order.value();
    o.account = p.account;
    o.client = w.from.client;
    o.side = p.side;
    o.stp = p.stp;
    o.market = p.type == order_type::market;
    o.price = p.price.value();
    o.quantity = o.leaves = p.quantity.value();
    o.held = w.reserved.value() + w.shortfall.value();
    o.max_spend = p.max_spend.value();
    auto can_rest = !o.market && !p.liquidation && p.tif != time_in_force::immediate_or_cancel
                    && p.tif != time_in_force::fill_or_kill;
    if (p.tif == time_in_force::good_till_block)
      o.expire_after = p.expire_after.value();

    auto why = reason::none;
    if (find(p.account, p.client_order) != open_.end())
      why = reason::duplicate_client_order;
    else if (p.tif == time_in_force::good_till_block && o.expire_after < now_)
      why = reason::bad_expiry;
    else if (can_rest && open_.size() >= rules_->max_open_orders)
      why = reason::book_full;
    else if (p.tif == time_in_force::post_only && best_for(o) != open_.end())
      why = reason::would_take;
    else if (w.shortfall.value() > pool_[{p.account, asset_of(p.side)}])
      why = reason::insufficient_funds;
    else if (p.tif == time_in_force::fill_or_kill && !fills_completely(o, w.from))
      why = reason::would_not_fill;
    if (why != reason::none) {
      say(o, report_kind::rejected, why, w.from.position, &w.from).leaves = {};
      release(p.account, asset_of(p.side), w.reserved.value(), false);
      return;
    }
    release(p.account, asset_of(p.side), -w.shortfall.value(), true);
    say(o, report_kind::accepted, reason::none, w.from.position, &w.from);
    auto stopped = sweep(o, w.from);
    finish(o, stopped, can_rest, w.from, false);
  }

  /// After the sweep: it is done, expires, or rests.
  void finish(resting o, reason stopped, bool can_rest, const origin& from, bool was_open) {
    if (o.leaves > 0 && stopped == reason::none && !can_rest)
      stopped = reason::no_liquidity;
    if (o.leaves > 0 && stopped == reason::none && !hold_of(o))
      stopped = reason::overflow;
    if (o.leaves > 0 && stopped == reason::none) {
      set_held(o, *hold_of(o));
      open_.push_back(o);
      if (!was_open)
        out_.open_order_changes.emplace_back(o.account, 1);
      return;
    }
    if (o.leaves > 0)
      say(o, report_kind::expired, stopped, from.position, &from);
    set_held(o, 0);
    if (was_open)
      out_.open_order_changes.emplace_back(o.account, -1);
  }

  void run(const cancel_work& w) {
    auto i = find(w.target.account, w.target.client_order);
    if (i == open_.end()) {
      auto& r = say(report_kind::rejected, reason::unknown_order, w.from.position, &w.from);
      r.account = w.target.account;
      r.client_order = w.target.client_order;
      return;
    }
    say_to_both(*i, report_kind::cancelled, w.from);
    close(i);
  }

  void run(const cancel_all_work& w) {
    std::sort(open_.begin(), open_.end(), [](auto& a, auto& b) { return a.id < b.id; });
    auto by_switch = w.why == reason::dead_man;
    for (std::size_t i = 0; i < open_.size();) {
      if (open_[i].account != w.account) {
        ++i;
        continue;
      }
      say(open_[i], by_switch ? report_kind::expired : report_kind::cancelled, w.why,
          w.from.position, by_switch ? nullptr : &w.from);
      close(open_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void run(const replace_work& w) {
    const auto& c = w.change;
    auto asset = asset_of(c.side);
    auto reject = [&](reason why) {
      auto& r = say(report_kind::rejected, why, w.from.position, &w.from);
      r.account = c.account;
      r.client_order = c.new_client_order;
      r.side = c.side;
      r.price = c.price;
      r.quantity = c.quantity;
      release(c.account, asset, w.reserved.value(), false);
    };
    auto i = find(c.account, c.client_order);
    if (i == open_.end() || i->side != c.side)
      return reject(reason::unknown_order);
    auto named = find(c.account, c.new_client_order);
    if (named != open_.end() && named != i)
      return reject(reason::duplicate_client_order);
    auto o = *i;
    o.name = c.new_client_order.value();
    o.price = c.price.value();
    o.quantity = c.quantity.value();
    o.leaves = o.quantity - (i->quantity - i->leaves);
    if (o.leaves <= 0)
      return reject(reason::too_late);
    if (c.post_only && best_for(o) != open_.end())
      return reject(reason::would_take);
    auto hold = hold_of(o);
    if (!hold)
      return reject(reason::overflow);
    auto& pool = pool_[{c.account, asset}];
    if (*hold > o.held + w.reserved.value() + pool)
      return reject(reason::insufficient_funds);
    release(c.account, asset, o.held + w.reserved.value() - *hold, true);
    o.held = *hold;

    auto keeps_rank = o.price == i->price && o.leaves <= i->leaves;
    if (keeps_rank) {
      *i = o;
      return say_to_both(o, report_kind::replaced, w.from);
    }
    open_.erase(i);
    o.rank = now_ << 16 | w.from.position;
    say_to_both(o, report_kind::replaced, w.from);
    auto stopped = sweep(o, w.from);
    finish(o, stopped, true, w.from, true);
  }

  instrument_id id_;
  const rules* rules_;
  instrument on_;
  std::vector<resting> open_;
  std::map<std::pair<account_id, asset_id>, std::int64_t> pool_;
  std::uint64_t now_ = 0;
  outcome out_;
};

} // namespace bourse::market
