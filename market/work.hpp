// What the clearing house hands to a matcher for one block, and what comes back. This is the seam
// between them: a matcher knows one instrument's orders, the clearing house all balances.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "messages/report.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::market {

using namespace messages;

/// Where a request stands: who asked, in which submission, and its place in the block.
struct origin {
  client_id client;
  stream_id stream;
  submission_number submission;
  std::uint16_t index = 0; ///< in the submission
  /// In the block, over all submissions: gives the order id. The first request has 1; 0 is what
  /// happens before all requests (expiry, dead-man's switches).
  std::uint32_t position = 0;
};

/// A checked new order with the funds reserved for it.
struct place_work {
  origin from;
  place order;
  /// What the clearing house has set aside (quote for buys, base units for sells)...
  amount reserved;
  /// ... and by how much that is short of the order's hold. The order is accepted if and only if
  /// the account's earlier releases in this instrument and block cover it.
  amount shortfall;
};

struct replace_work {
  origin from;
  replace change;
  /// Set aside as if the new order were wholly new (of `change.side`); what is not needed at match
  /// time is released.
  amount reserved;
  amount shortfall;
};

struct cancel_work {
  origin from;
  cancel target;
};

/// For cancel-all: every matcher concerned gets one. Also used when a dead-man's switch fires, then
/// `why` is reason::dead_man and the work stands before all requests of the block.
struct cancel_all_work {
  origin from;
  account_id account;
  messages::reason why = reason::none;
};

using work_item = std::variant<place_work, replace_work, cancel_work, cancel_all_work>;

/// One block's work for one matcher, in block order.
struct work {
  sequence_number sequence;
  block_time time;
  std::vector<work_item> items;
};

/// A change of what an order's account holds: `to_free` goes from held to free. Negative: more is
/// held, and was taken from what the same account released earlier in this block.
struct release {
  account_id account;
  asset_id asset;
  amount to_free;
};

/// One trade, before settlement.
struct fill {
  account_id buyer;
  account_id seller;
  order_id maker_order;
  order_id taker_order;
  messages::price price;
  messages::quantity quantity;
  messages::side taker_side = side::buy;
  amount notional;   ///< in quote units: leaves the buyer's hold for the seller
  amount base;       ///< in base units: leaves the seller's hold for the buyer
  amount buyer_fee;  ///< leaves the buyer's hold
  amount seller_fee; ///< comes off the seller's proceeds
};

/// A report in the making: `number` and `trade` are set by the clearing house. `position` orders
/// reports of different matchers within the block; reports of one matcher are in order already.
/// Reports about a resting order carry the position of the request that caused them.
struct draft_report {
  messages::report content;
  std::uint32_t position = 0;
  /// Fills only: index into outcome::fills.
  std::uint32_t fill = 0;
};

/// What one matcher did with one block's work.
struct outcome {
  instrument_id instrument;
  std::vector<draft_report> reports;         ///< ascending by position
  std::vector<market::fill> fills;           ///< in the order of their happening
  std::vector<std::uint32_t> fill_positions; ///< by fill: position of the taker's request
  std::vector<release> releases;
  /// Change of open orders by account, for the limit on them.
  std::vector<std::pair<account_id, std::int32_t>> open_order_changes;
};

} // namespace bourse::market
