#include "market/order_book.hpp"

#include <algorithm>

#include "market/prefetch.hpp"
#include "messages/assert.hpp"

namespace bourse::market {

order_book::order_book(std::uint64_t seed) : index_(seed) {
  recent_levels_.fill(no_level);
}

order_slot order_book::find(account_id account, client_order_id name) const {
  return index_.find(account, name, [&](order_slot slot) {
    const auto& o = orders_[slot];
    return o.client_order == name;
  });
}

order_slot order_book::add(const order& o, price p, const order_rarity& rarity) {
  auto slot = orders_.make(o);
  index_.insert(o.account, o.client_order, slot);
  list(slot, p, o.leaves);
  set_rarity(slot, rarity);
  return slot;
}

void order_book::erase(order_slot slot) {
  auto& o = orders_[slot];
  index_.erase(o.account, o.client_order, slot);
  if (o.rarity_ != no_rarity)
    rarities_.free(o.rarity_);
  if (o.level_ != no_level)
    unlist(slot);
  o.id = {};
  orders_.free(slot);
}

void order_book::reduce(order_slot slot, quantity lots) {
  auto& o = orders_[slot];
  o.leaves = quantity{o.leaves.value() - lots.value()};
  levels_[o.level_].quantity -= lots.value();
}

void order_book::resize(order_slot slot, quantity total, quantity leaves) {
  auto& o = orders_[slot];
  if (o.level_ != no_level)
    levels_[o.level_].quantity += leaves.value() - o.leaves.value();
  o.quantity = total;
  o.leaves = leaves;
}

void order_book::rename(order_slot slot, client_order_id name) {
  auto& o = orders_[slot];
  index_.erase(o.account, o.client_order, slot);
  o.client_order = name;
  index_.insert(o.account, o.client_order, slot);
}

void order_book::set_rarity(order_slot slot, const order_rarity& rarity) {
  auto& o = orders_[slot];
  if (o.rarity_ != no_rarity)
    rarities_[o.rarity_] = rarity;
  else if (rarity != order_rarity{})
    o.rarity_ = rarities_.make(rarity);
}

void order_book::list(order_slot slot, price p, quantity leaves) {
  auto& o = orders_[slot];
  o.leaves = leaves;
  o.level_ = level_at(o.side, p);
  auto& l = levels_[o.level_];
  o.place_ = queues_.push(l.queue, slot);
  l.quantity += leaves.value();
  ++l.orders;
}

void order_book::unlist(order_slot slot) {
  auto& o = orders_[slot];
  auto at = o.level_;
  auto& l = levels_[at];
  o.level_ = no_level;
  l.quantity -= o.leaves.value();
  auto was_first = queues_.first(l.queue) == slot;
  queues_.erase(l.queue, o.place_);
  if (--l.orders == 0)
    drop_level(at);
  else if (was_first)
    warm(l.queue);
}

/// The level of that price, made if there is none.
level_slot order_book::level_at(side s, price p) {
  auto& recent = recent_levels_[static_cast<std::uint64_t>(p.value()) % recent_levels_.size()];
  if (recent != no_level && levels_[recent].price == p && levels_[recent].side == s)
    return recent;
  auto& by_price = levels_by_price_[index_of(s)];
  auto found = by_price.find(key_of(s, p));
  if (found == no_level) {
    found = levels_.make(level{.price = p, .side = s});
    by_price.insert(key_of(s, p), found);
    refresh_best(s);
  }
  recent = found;
  return found;
}

void order_book::drop_level(level_slot at) {
  auto& l = levels_[at];
  levels_by_price_[index_of(l.side)].erase(key_of(l.side, l.price));
  l.price = price{}; // no guess may find it
  levels_.free(at);
  refresh_best(l.side);
}

void order_book::refresh_best(side s) {
  const auto& by_price = levels_by_price_[index_of(s)];
  best_[index_of(s)] = by_price.empty() ? nullptr : &levels_[by_price.best()];
}

/// Called with a level's queue when its first order is gone: fetches what trading those behind it
/// away will touch. The nearer one has been fetched when it was the farther one.
void order_book::warm(const order_queue& q) const {
  constexpr auto near = 3;
  constexpr auto far = 10;
  if (auto slot = queues_.behind_first(q, near); slot != no_order)
    index_.prefetch(orders_[slot].account, orders_[slot].client_order);
  if (auto slot = queues_.behind_first(q, far); slot != no_order)
    prefetch_line(&orders_[slot]);
}

void order_book::sort_levels() {
  std::vector<order_slot> slots;
  for (auto s : {side::buy, side::sell}) {
    levels_by_price_[index_of(s)].for_each([&](level_slot at) {
      auto& l = levels_[at];
      slots.clear();
      for (auto slot = first(l); slot != no_order; slot = next(slot))
        slots.push_back(slot);
      std::sort(slots.begin(), slots.end(),
                [&](auto a, auto b) { return rank_of(a) < rank_of(b); });
      for (auto slot : slots)
        queues_.erase(l.queue, orders_[slot].place_);
      for (auto slot : slots)
        orders_[slot].place_ = queues_.push(l.queue, slot);
      return true;
    });
  }
}

order_slot order_book::prefetch_order(account_id account, client_order_id name) const {
  auto slot = index_.find(account, name, [](order_slot) { return true; });
  if (slot != no_order)
    prefetch_line(&orders_[slot]);
  return slot;
}

} // namespace bourse::market
