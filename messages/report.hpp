// What the exchange answers: execution reports, their proof, and records of settlement.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

enum class report_kind : std::uint8_t {
  accepted = 1,  ///< the order is in the market; fills may follow
  fill = 2,      ///< one trade; `leaves` 0 means that the order is done
  cancelled = 3, ///< by request
  expired = 4,   ///< by time in force, self-trade prevention, or the dead-man's switch; see reason
  replaced = 5,
  rejected = 6, ///< the request changed nothing; see reason
  done = 7,     ///< a request without an order took effect: deposit, withdrawal, switch, cancel-all
};

enum class reason : std::uint8_t {
  none = 0,
  unknown_account,
  unknown_instrument,
  unknown_asset,
  not_authorised, ///< the client does not act for the account, or lacks the right
  bad_price,      ///< missing, or present where none belongs
  bad_quantity,
  bad_amount,
  bad_expiry,
  overflow, ///< price times quantity leaves the range of amounts
  insufficient_funds,
  duplicate_client_order,
  unknown_order,   ///< no open order of that name
  too_late,        ///< a replace to no more than what is already filled
  would_take,      ///< post-only
  would_not_fill,  ///< fill-or-kill
  no_liquidity,    ///< the unfilled rest of a market or immediate order
  spent,           ///< the rest of a market buy whose max_spend is used up
  self_trade,      ///< self-trade prevention
  end_of_life,     ///< good-till-block
  dead_man,        ///< the dead-man's switch fired
  not_a_reduction, ///< a liquidation that would not reduce what the account holds
  book_full,       ///< the genesis file's limit of open orders is reached
};

std::string_view to_string(report_kind kind);
std::string_view to_string(reason why);

/// Who made and who took in a fill.
enum class role : std::uint8_t { none = 0, maker = 1, taker = 2 };

/// One execution report. Fields that do not apply are 0.
struct report {
  report_number number; ///< per client, contiguous
  client_id client;     ///< who asked: the client whose submission placed the order
  account_id account;
  instrument_id instrument;
  report_kind kind = report_kind::rejected;
  messages::reason why = reason::none;
  order_id order;
  client_order_id client_order;
  messages::side side = side::buy;
  messages::role role = role::none;
  messages::price price;       ///< of the order; of the trade in a fill
  messages::quantity quantity; ///< of the order; of the trade in a fill
  messages::quantity leaves;   ///< lots still open after this report
  trade_id trade;              ///< fills only
  amount fee;                  ///< fills only: charged for this fill, in the quote asset
  /// The submission that caused it: stream and number; 0 when the order was a resting one, whose
  /// submission was answered before.
  stream_id stream;
  submission_number submission;
  std::uint16_t index = 0; ///< which request of that submission

  friend bool operator==(const report&, const report&) = default;
};

/// One leg of double-entry settlement: `amount` of `asset` from one account to another. Deposits
/// come from `outside`, withdrawals go there.
struct transfer {
  static constexpr account_id outside{0xffff'ffff};

  account_id from;
  account_id to;
  asset_id asset;
  messages::amount amount;

  friend bool operator==(const transfer&, const transfer&) = default;
};

/// A trade with the transfers that settle it: base to the buyer, quote to the seller, and fees.
struct settlement {
  trade_id trade; ///< 0 for a deposit or withdrawal
  instrument_id instrument;
  messages::price price;
  messages::quantity quantity;
  messages::side taker_side = side::buy;
  order_id maker_order;
  order_id taker_order;
  std::vector<transfer> transfers;

  friend bool operator==(const settlement&, const settlement&) = default;
};

/// All reports of one block for one client: consecutive numbers, in execution order. The bytes are
/// the same on every honest replica, so clients compare them.
struct client_reports {
  client_id client;
  report_number first;
  std::uint32_t count = 0;
  bytes encoded; ///< `count` reports, see encode(report)

  friend bool operator==(const client_reports&, const client_reports&) = default;
};

/// A leaf of the results tree: the exact bytes of one report.
bytes encode(const report& r);
expected<report> decode_report(byte_view encoded);
/// Reports in one piece, each behind its length. Returns the size of encode(r), which `out` then
/// ends with: so the leaf can be hashed in place. The inverse refuses more than `max_count`.
std::size_t append_report(bytes& out, const report& r);
expected<std::vector<report>> decode_reports(byte_view encoded, std::size_t max_count);
/// What the first of such reports takes, its length included; 0 if that is not there.
std::size_t first_report_bytes(byte_view encoded);

} // namespace bourse::messages
