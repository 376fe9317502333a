// The state of one matcher and the steps of its work. Internal to matcher*.cpp.
#pragma once

#include <optional>
#include <vector>

#include "market/expiry_index.hpp"
#include "market/holds.hpp"
#include "market/matcher.hpp"
#include "market/order_book.hpp"
#include "market/order_pages.hpp"
#include "market/release_pool.hpp"

namespace bourse::market {

/// An order on its way: new, or taken out of the book by a replacement.
struct incoming_order {
  order_id id;
  account_id account;
  client_id client;
  client_order_id client_order;
  messages::side side = side::buy;
  /// No limit for a market order.
  std::optional<messages::price> limit;
  messages::quantity quantity;
  messages::quantity leaves;
  self_trade stp = self_trade::expire_taker;
  market::traded traded;
  /// What is held for it now: quote units for a buy, base units for a sell.
  std::int64_t hold = 0;
  /// Market buys: the most notional that leaves room for the fee.
  std::optional<std::int64_t> most_notional;
  origin from;
};

struct matcher::state {
  state(instrument_id the_id, const rules& the_rules, std::uint64_t seed);

  void expire();
  /// Look-ahead: fetches the entry of the name that an item is about, then the order behind it.
  void prefetch_entry(const std::vector<work_item>& items, std::size_t i) const;
  void prefetch_order(const std::vector<work_item>& items, std::size_t i) const;
  void run(const place_work& w);
  void run(const replace_work& w);
  void run(const cancel_work& w);
  void run(const cancel_all_work& w);

  /// An open order that was given a worse place, on its way back into the book.
  void requeue(order_slot slot, const replace_work& w, std::int64_t hold);
  void reject(const replace_work& w, reason why);

  // -- deciding ----------------------------------------------------------------------------------
  bool within(side s, std::optional<messages::price> limit, messages::price offered) const {
    return !limit || (s == side::buy ? offered <= *limit : offered >= *limit);
  }
  bool crosses(side s, std::optional<messages::price> limit) const;
  bool can_fill_now(const incoming_order& o) const;
  std::optional<bool> can_fill_along(const incoming_order& o, std::size_t most) const;
  bool can_fill_beside(const incoming_order& o, const std::vector<order_slot>& own) const;
  std::vector<order_slot> own_in_way(const incoming_order& o) const;
  reason check(const place& p) const;

  // -- matching ----------------------------------------------------------------------------------
  /// Trades with the other side until it is filled, out of its limit, or stopped for a reason.
  reason take(incoming_order& o);
  /// The most lots that a market buy can still pay for at `p`.
  std::int64_t affordable(const incoming_order& o, messages::price p) const;
  void trade(incoming_order& taker, order_slot maker, messages::price at, std::int64_t lots,
             std::int64_t notional);
  /// What its hold must be if it comes to rest; releases the rest of it. Nothing if it can't rest
  /// because its notional would leave the range of amounts.
  bool settle_hold(incoming_order& o);
  /// What was not filled of an order that doesn't rest.
  void expire_rest(const incoming_order& o, reason why);
  void rest(const incoming_order& o, sequence_number expire_after);

  // -- closing -----------------------------------------------------------------------------------
  std::int64_t hold_of_open(order_slot slot) const;
  /// Releases its hold and takes it out of the book.
  void close(order_slot slot);
  /// Takes it out of the book and all that knows of it.
  void forget(order_slot slot);

  // -- reporting ---------------------------------------------------------------------------------
  report& add_report(report_kind kind, reason why, std::uint32_t position);
  /// About an open order. It names the request that caused it if that is its own client's.
  report& report_open(order_slot slot, report_kind kind, reason why, const origin& cause);
  /// About an open order that did nothing itself: it names no request.
  report& report_passive(order_slot slot, report_kind kind, reason why, std::uint32_t position);
  /// Whoever asks is answered: if the last report is another client's of the same account, which
  /// placed the order, adds a copy for the one that asked.
  void answer_asker(const origin& from);
  report& report_incoming(const incoming_order& o, report_kind kind, reason why);
  /// To who asked, naming the request.
  void address(report& r, const origin& from) const {
    r.client = from.client;
    r.stream = from.stream;
    r.submission = from.submission;
    r.index = from.index;
  }
  void count_open(account_id account, int change) {
    out.open_order_changes.emplace_back(account, change);
  }
  asset_id held_asset(side s) const {
    return s == side::buy ? on.quote : on.base;
  }

  instrument_id id;
  const rules& market;
  const instrument& on;
  order_book book;
  order_pages pages;
  release_pool pool;
  expiry_index expiring;
  bool unsorted = false; ///< levels hold restored orders that are not in the order of their ranks
  sequence_number now{};
  outcome out;
};

} // namespace bourse::market
