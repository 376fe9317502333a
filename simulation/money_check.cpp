#include "simulation/money_check.hpp"

#include <algorithm>
#include <optional>

#include <fmt/ranges.h>

namespace bourse::simulation {

namespace {

using wide = __int128;

/// What an order with that notional is charged in one role: a fraction of a unit never.
std::int64_t fee_on(wide notional, basis_points rate) {
  return static_cast<std::int64_t>(notional * rate.value() / 10'000);
}

/// The fee of a fill: what is due now less what was charged before.
std::int64_t charge(std::int64_t& traded, std::int64_t notional, basis_points rate) {
  auto before = fee_on(traded, rate);
  traded += notional;
  return fee_on(traded, rate) - before;
}

std::int64_t cost(const market::instrument& i, std::int64_t price, std::int64_t lots) {
  return static_cast<std::int64_t>(wide{price} * lots * i.tick_lot_units);
}

std::string text_of(const std::vector<transfer>& all) {
  std::string out;
  for (const auto& t : all)
    out += fmt::format("{}{} of asset {} from {} to {}", out.empty() ? "" : ", ", t.amount.value(),
                       t.asset.value(), t.from.value(), t.to.value());
  return out.empty() ? "nothing" : out;
}

/// What a granted request moves into the exchange or out of it.
std::optional<transfer> move_of(const asked& a) {
  if (!a.what || a.answers == 0 || a.answer != report_kind::done)
    return std::nullopt;
  if (const auto* d = std::get_if<deposit>(a.what))
    return transfer{transfer::outside, d->account, d->asset, d->amount};
  if (const auto* w = std::get_if<withdraw>(a.what))
    return transfer{w->account, transfer::outside, w->asset, w->amount};
  return std::nullopt;
}

} // namespace

money_check::money_check(const market::rules& r, violations& out)
    : rules_(r), out_(out), supply_(r.assets.size()) {
  for (const auto& a : r.accounts) {
    auto& row = balances_.emplace_back();
    for (const auto& b : a.balances)
      row.push_back(b.value());
    row.resize(r.assets.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      supply_[i] += row[i];
  }
  holds_ = balances_;
  for (auto& row : holds_)
    std::fill(row.begin(), row.end(), 0);
}

void money_check::trade(const block_story::trade& t, known_order& maker, known_order& taker) {
  const auto& s = *t.settled;
  const auto& i = rules_.instruments[maker.asked.instrument.value()];
  auto notional = cost(i, s.price.value(), s.quantity.value());
  auto maker_fee = charge(maker.made, notional, i.maker_fee);
  auto taker_fee = charge(taker.taken, notional, i.taker_fee);
  bool taker_buys = taker.asked.side == side::buy;
  auto buyer = (taker_buys ? taker : maker).asked.account;
  auto seller = (taker_buys ? maker : taker).asked.account;

  std::vector<transfer> due;
  auto pay = [&](account_id from, account_id to, asset_id what, std::int64_t some) {
    if (some != 0)
      due.push_back({from, to, what, amount{some}});
  };
  pay(seller, buyer, i.base, s.quantity.value() * i.lot_units);
  pay(buyer, seller, i.quote, notional);
  pay(buyer, rules_.fee_account, i.quote, taker_buys ? taker_fee : maker_fee);
  pay(seller, rules_.fee_account, i.quote, taker_buys ? maker_fee : taker_fee);
  if (s.transfers != due)
    out_.add("settlement", "trade {} moves {}; due is {}", s.trade.value(), text_of(s.transfers),
             text_of(due));
  if (t.maker && t.maker->fee.value() != maker_fee)
    out_.add("settlement", "trade {}: its maker is told of a fee of {}, due is {}", s.trade.value(),
             t.maker->fee.value(), maker_fee);
  if (t.taker && t.taker->fee.value() != taker_fee)
    out_.add("settlement", "trade {}: its taker is told of a fee of {}, due is {}", s.trade.value(),
             t.taker->fee.value(), taker_fee);
  if (taker.asked.type == order_type::market && taker_buys
      && taker.taken + fee_on(taker.taken, i.taker_fee) > taker.asked.max_spend.value())
    out_.add("settlement", "trade {}: its taker spends more than {}", s.trade.value(),
             taker.asked.max_spend.value());
}

void money_check::settle(const block_story& story, const market::block_result& result) {
  block_ = result.sequence.value();
  auto request = story.requests().begin();
  auto next_move = [&] {
    std::optional<transfer> due;
    for (; request != story.requests().end() && !due; ++request)
      due = move_of(*request);
    return due;
  };
  auto move = [&](account_id a, asset_id of, std::int64_t by) {
    if (a.value() < balances_.size())
      balance(a, of) += by;
  };
  for (const auto& s : result.settlements) {
    if (s.trade.value() == 0) {
      auto due = next_move();
      if (!due || s.transfers != std::vector{*due})
        out_.add("settlement", "block {}: {} is moved, asked and granted was {}", block_,
                 text_of(s.transfers), text_of(due ? std::vector{*due} : std::vector<transfer>{}));
      if (due)
        supply_[due->asset.value()]
            += due->from == transfer::outside ? due->amount.value() : -due->amount.value();
    }
    for (const auto& t : s.transfers) {
      move(t.from, t.asset, -t.amount.value());
      move(t.to, t.asset, t.amount.value());
    }
  }
  if (auto due = next_move())
    out_.add("settlement", "block {}: granted and not moved is {}", block_, text_of({*due}));
}

void money_check::hold(const known_order& o) {
  const auto& i = rules_.instruments[o.asked.instrument.value()];
  auto& held = holds_[o.asked.account.value()];
  if (o.asked.side == side::sell) {
    held[i.base.value()] += o.leaves * i.lot_units;
    return;
  }
  auto open = cost(i, o.asked.price.value(), o.leaves);
  auto charged = fee_on(o.made, i.maker_fee) + fee_on(o.taken, i.taker_fee);
  held[i.quote.value()]
      += open + fee_on(wide{o.made} + o.taken + open, std::max(i.maker_fee, i.taker_fee)) - charged;
}

void money_check::compare(const market::exchange& exchange) {
  std::vector<wide> owned(rules_.assets.size());
  for (std::uint32_t a = 0; a < balances_.size(); ++a)
    for (const auto& b : exchange.clearing().view(account_id{a}).balances) {
      auto has = b.free.value() + b.held.value();
      auto settled = balance(account_id{a}, b.asset);
      owned[b.asset.value()] += has;
      if (has != settled || b.free.value() < 0 || b.held.value() < 0)
        out_.add("conservation", "block {}: account {} has {} + {} of asset {}, settled is {}",
                 block_, a, b.free.value(), b.held.value(), b.asset.value(), settled);
      auto& needed = holds_[a][b.asset.value()];
      if (b.held.value() != needed)
        out_.add("holds", "block {}: {} of asset {} is held of account {}, its orders need {}",
                 block_, b.held.value(), b.asset.value(), a, needed);
      needed = 0;
    }
  compare_supply(owned);
}

void money_check::compare_supply(const std::vector<wide>& owned) {
  for (std::size_t i = 0; i < owned.size(); ++i)
    if (owned[i] != supply_[i])
      out_.add("conservation", "block {}: accounts have {} more of asset {} than was brought",
               block_, static_cast<std::int64_t>(owned[i] - supply_[i]), i);
}

} // namespace bourse::simulation
