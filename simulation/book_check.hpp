// The books once more, from nothing but what the exchange reported: a second opinion on matching
// that shares no code with it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "simulation/block_story.hpp"
#include "simulation/known_order.hpp"
#include "simulation/money_check.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

/// Follows requests, execution reports and settlements of block after block, in the order in which
/// things happened, also within a block. Every order is as it was asked for, by who may ask; every
/// trade is with the best order that stands in the book then, at its price, within the limit and
/// the time in force of both, and never within an account; who takes goes on as long as it can.
/// After each block the best prices are those of the books, and the money is where it belongs
/// (money_check).
class book_check {
public:
  /// `r` and `out` outlive it.
  book_check(const market::rules& r, violations& out);

  void executed(const market::block_input& input, const market::block_result& result,
                const std::vector<report>& reports, const market::exchange& exchange);

  /// All levels of all books, which costs what they hold; best ones are compared at every block.
  void compare_books(const market::exchange& exchange);

private:
  /// Best first.
  struct in_line {
    std::int64_t price = 0; ///< of purchases negative
    std::uint64_t rank = 0;
    std::uint64_t id = 0;

    friend auto operator<=>(const in_line&, const in_line&) = default;
  };
  using queue = std::set<in_line>;

  void opened(const report& r, const asked& by, std::uint32_t position);
  void accepted(const report& r, const asked& by, std::uint32_t position);
  void replaced(const report& r, const asked& by, std::uint32_t position);
  void refused(const report& r, const asked& by);
  void check_rights(const asked& a);
  void trade(const block_story::trade& t);
  void check_trade(const settlement& s, const known_order& maker, const known_order& taker);
  void fill(known_order& o, const settlement& s, const report* told, role as);
  void ended(const report& r, const asked* by, const happening& h);
  void done(const report& r, const asked& by);
  void check_end(const report& r, const known_order& o);
  void fire_switches();
  void arm_switches(const block_story& story);
  /// The order that came last has done all that it will do at once.
  void settled_down();

  queue& queue_of(instrument_id i, side s) {
    return queues_[2 * i.value() + (s == side::sell ? 1 : 0)];
  }
  static in_line line_of(const known_order& o);
  void enqueue(const known_order& o);
  void dequeue(const known_order& o);
  /// The order that would be traded against that one next; null: none whose price it agrees to.
  const known_order* next_for(const known_order& taker);
  using name = std::tuple<account_id, instrument_id, client_order_id>;
  static name name_of(const known_order& o) {
    return {o.asked.account, o.asked.instrument, o.asked.client_order};
  }
  const known_order* named(const name& n) const;
  /// Why a refusal would be right, or may be.
  bool may_cross(const place& p);
  bool may_fail_to_fill(const place& p);
  bool may_be_named(const name& n) const;
  bool may_be_unknown(const name& n, std::optional<side> s) const;
  void compare_best(const market::exchange& exchange);

  const market::rules& rules_;
  violations& out_;
  money_check money_;
  std::uint64_t block_ = 0;
  std::map<std::uint64_t, known_order> open_; ///< by order id
  std::vector<queue> queues_;                 ///< by instrument and side: the orders that may rest
  std::map<name, std::uint64_t> names_;       ///< the ids of the same
  std::uint64_t coming_ = 0;                  ///< the order that came last; 0: it is gone
  std::vector<known_order> gone_; ///< in this block, and perhaps somewhat later than is thought
  std::uint64_t time_ = 0;
  std::map<account_id, std::uint64_t> armed_; ///< dead-man's switches: when they are due
  std::set<account_id> fired_;                ///< as this block began
};

} // namespace bourse::simulation
