// The open orders of one instrument in price-time priority. A data structure and no more: what may
// trade with what, and what it costs, is the matcher's to decide.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "market/holds.hpp"
#include "market/level_index.hpp"
#include "market/order_index.hpp"
#include "market/order_queue.hpp"
#include "market/slab.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::market {

constexpr side opposite(side s) {
  return s == side::buy ? side::sell : side::buy;
}

/// An open order: one cache line. Its price is its level's.
struct alignas(64) order {
  order_id id;
  client_order_id client_order;
  /// All lots, those already filled included, and what is left of them.
  messages::quantity quantity;
  messages::quantity leaves;
  account_id account;
  client_id client;
  messages::side side = side::buy;
  self_trade stp = self_trade::expire_taker;
  /// For the book's owner.
  std::uint32_t page = 0;

  std::int64_t filled() const {
    return quantity.value() - leaves.value();
  }

private:
  friend class order_book;
  level_slot level_ = no_level;
  queue_place place_ = nowhere; ///< in the level's queue, unless level_ is no_level
  std::uint32_t rarity_ = UINT32_MAX;
};
static_assert(sizeof(order) == 64);

/// What most orders have none of, and so do not carry.
struct order_rarity {
  /// Time priority in its level if that is not the order id: set when a replacement loses its
  /// place.
  std::uint64_t rank = 0;
  /// The last block in which it may trade.
  sequence_number expire_after{};
  market::traded traded{};

  friend bool operator==(const order_rarity&, const order_rarity&) = default;
};

/// All orders of one side at one price, in the order of their ranks.
struct level {
  messages::price price;
  /// Open lots of all its orders. They fit: each has a hold of at least as many units of one asset.
  std::int64_t quantity = 0;
  order_queue queue{};
  std::uint32_t orders = 0;
  messages::side side = side::buy;
};

/// Deterministic: how an instance came to its orders shows in nothing that it returns. Memory is
/// bounded by the most orders that were open at once. Account ids must be small: they are indices.
class order_book {
public:
  /// See order_index for what `seed` is.
  explicit order_book(std::uint64_t seed = 0);

  std::size_t size() const {
    return index_.size();
  }

  /// The account's open order of that name, or no_order.
  order_slot find(account_id account, client_order_id name) const;

  const order& operator[](order_slot slot) const {
    return orders_[slot];
  }
  price price_of(order_slot slot) const {
    return levels_[orders_[slot].level_].price;
  }
  const order_rarity& rarity_of(order_slot slot) const {
    static constexpr order_rarity nothing;
    auto rarity = orders_[slot].rarity_;
    return rarity == no_rarity ? nothing : rarities_[rarity];
  }
  std::uint64_t rank_of(order_slot slot) const {
    auto rank = rarity_of(slot).rank;
    return rank != 0 ? rank : orders_[slot].id.value();
  }

  /// Adds an order as the last of its level. Preconditions: its name is free for its account, it
  /// has leaves, and it does not cross.
  order_slot add(const order& o, price p, const order_rarity& rarity = {});
  /// Closes an order. The slot then reads as order id 0 until another order takes it.
  void erase(order_slot slot);
  /// A fill of less than what is left.
  void reduce(order_slot slot, quantity lots);
  /// New quantities in the same place, if it is in one.
  void resize(order_slot slot, quantity total, quantity leaves);
  /// Precondition: `name` is free.
  void rename(order_slot slot, client_order_id name);
  void set_rarity(order_slot slot, const order_rarity& rarity);
  void set_page(order_slot slot, std::uint32_t page) {
    orders_[slot].page = page;
  }

  /// Takes an order out of its level while it stays open, and puts it back as the last of another,
  /// with leaves that may differ.
  void unlist(order_slot slot);
  void list(order_slot slot, price p, quantity leaves);

  /// The best level of a side; nullptr if there is none.
  const level* best(side s) const {
    return best_[index_of(s)];
  }
  /// Open lots of one level, 0 if there is none.
  std::int64_t lots_at(side s, price p) const {
    auto found = levels_by_price_[index_of(s)].find(key_of(s, p));
    return found == no_level ? 0 : levels_[found].quantity;
  }
  /// Levels of a side, best first, until `f` returns false.
  template <class F>
  void for_each_level(side s, F f) const {
    levels_by_price_[index_of(s)].for_each([&](level_slot l) { return f(levels_[l]); });
  }
  /// The first order of a level.
  order_slot first(const level& l) const {
    return queues_.first(l.queue);
  }
  /// The next order of its level, or no_order.
  order_slot next(order_slot slot) const {
    return queues_.after(orders_[slot].place_);
  }

  /// The account's open orders, in no order that means anything.
  template <class F>
  void for_each_of(account_id account, F f) const {
    if (auto table = index_.table_of(account))
      table->for_each(f);
  }
  std::size_t size_of(account_id account) const {
    auto table = index_.table_of(account);
    return table ? table->size() : 0;
  }

  /// Puts every level in the order of ranks, after orders were added in another.
  void sort_levels();

  /// Memory is slow and a block says beforehand what it will touch: called some operations ahead,
  /// one after the other, these fetch the index entry of a name and the order behind it.
  void prefetch_entry(account_id account, client_order_id name) const {
    index_.prefetch(account, name);
  }
  order_slot prefetch_order(account_id account, client_order_id name) const;

private:
  static constexpr std::uint32_t no_rarity = UINT32_MAX;

  static std::size_t index_of(side s) {
    return s == side::sell;
  }
  /// Greater is better.
  static std::int64_t key_of(side s, price p) {
    return s == side::buy ? p.value() : -p.value();
  }
  level_slot level_at(side s, price p);
  void drop_level(level_slot l);
  void refresh_best(side s);
  void warm(const order_queue& q) const;

  slab<order> orders_;
  slab<order_rarity> rarities_;
  slab<level> levels_;
  queue_blocks queues_;
  order_index index_;
  std::array<level_index, 2> levels_by_price_;
  std::array<const level*, 2> best_{};
  /// Latest level by the lower bits of its price: a guess that is checked, and right for all
  /// prices near the touch.
  std::array<level_slot, 1024> recent_levels_;
};

} // namespace bourse::market
