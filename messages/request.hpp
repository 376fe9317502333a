// What a client may ask for, and the signed submission that carries it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

enum class side : std::uint8_t { buy = 1, sell = 2 };

enum class order_type : std::uint8_t {
  limit = 1,
  market = 2, ///< takes what there is at once; the rest is cancelled
};

/// How long a limit order lives. A market order is always immediate.
enum class time_in_force : std::uint8_t {
  good_till_cancel = 1,
  immediate_or_cancel = 2,
  fill_or_kill = 3,    ///< all at once or nothing; liquidity of the own account does not count
  post_only = 4,       ///< rejected if it would take
  good_till_block = 5, ///< expires before the first block after `expire_after`
};

/// What happens when an order would trade with one of its own account.
enum class self_trade : std::uint8_t { expire_taker = 1, expire_maker = 2, expire_both = 3 };

/// Priority lanes, best first (docs/PROTOCOL, "Blocks"). A submission's lane is the worst of its
/// requests'.
enum class lane : std::uint8_t { liquidation = 1, maker = 2, high_value = 3, ordinary = 4 };

/// A new order. `client_order` must not be 0 nor equal that of an open order of the account.
struct place {
  account_id account;
  instrument_id instrument;
  client_order_id client_order;
  messages::side side = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::good_till_cancel;
  self_trade stp = self_trade::expire_taker;
  /// Limit price in ticks; 0 for a market order.
  messages::price price;
  /// Lots, 1 or more.
  messages::quantity quantity;
  /// Market buys only: the most of the quote asset that the order may cost, fees included.
  amount max_spend;
  /// good_till_block only: the last block in which the order may trade.
  sequence_number expire_after;
  /// A sale of another account's holdings by a client with the liquidator's right; never rests.
  bool liquidation = false;

  friend bool operator==(const place&, const place&) = default;
};

struct cancel {
  account_id account;
  instrument_id instrument;
  client_order_id client_order;

  friend bool operator==(const cancel&, const cancel&) = default;
};

/// Gives an open order a new price and total quantity, under a new or the same client order id.
/// What was filled before counts toward `quantity`, judged at match time. Time priority is kept if
/// the price stays and what is left does not grow.
struct replace {
  account_id account;
  instrument_id instrument;
  client_order_id client_order;
  client_order_id new_client_order;
  messages::price price;
  messages::quantity quantity;
  /// Refuse instead of taking liquidity. Makes the request lane 2.
  bool post_only = false;
  /// That of the open order: funds are reserved before any book is looked at, and must be of the
  /// right asset. An open order of that name on the other side is reason::unknown_order.
  messages::side side = side::buy;

  friend bool operator==(const replace&, const replace&) = default;
};

/// Cancels all open orders of an account, in one instrument or in all.
struct cancel_all {
  account_id account;
  std::optional<instrument_id> instrument;

  friend bool operator==(const cancel_all&, const cancel_all&) = default;
};

/// Brings an asset into the exchange; needs the treasurer's right.
struct deposit {
  account_id account;
  asset_id asset;
  messages::amount amount;

  friend bool operator==(const deposit&, const deposit&) = default;
};

/// Takes a free balance out of the exchange; needs the treasurer's right.
struct withdraw {
  account_id account;
  asset_id asset;
  messages::amount amount;

  friend bool operator==(const withdraw&, const withdraw&) = default;
};

/// The dead-man's switch: cancels all of the account's orders at the first block whose time is
/// `timeout_ms` or more after this block's, unless renewed by another such request. 0 disarms.
struct dead_man_switch {
  account_id account;
  std::uint32_t timeout_ms = 0;

  friend bool operator==(const dead_man_switch&, const dead_man_switch&) = default;
};

using request
    = std::variant<place, cancel, replace, cancel_all, deposit, withdraw, dead_man_switch>;

/// What a client signs: one or more requests under one number of one of its streams.
struct submission {
  client_id client;
  stream_id stream;
  submission_number number;
  std::vector<request> requests;

  friend bool operator==(const submission&, const submission&) = default;
};

/// A submission as it travels and is stored: the exact bytes that the client signed, and the
/// signature (purpose::submission). Its name everywhere is the digest of `body`.
struct signed_submission {
  bytes body;
  messages::signature signature;

  friend bool operator==(const signed_submission&, const signed_submission&) = default;
};

/// A submission that this replica has decoded and whose signature it has checked. Made once per
/// replica, then shared by all that need it. `lane` is what the genesis file's rules give it.
struct verified_submission {
  signed_submission source;
  messages::digest digest; ///< hash(source.body)
  submission content;
  messages::lane lane = lane::ordinary;
};
using submission_ptr = std::shared_ptr<const verified_submission>;

/// Limits of a submission, part of the genesis file.
struct submission_limits {
  std::uint32_t max_requests = 256;
  std::uint32_t max_bytes = 32 * 1024;
};

/// Encodes for signing. Total for every domain value.
bytes encode(const submission& s);

/// Decodes what a client signed. Checks, in this order: size, wire format, number of requests, and
/// the bounds of every field that needs no state (ids within their types, enums known, prices and
/// quantities within max_price and max_quantity, stream below max_streams, number not 0). Rules of
/// the market (unknown instruments, funds) are not its business: those give execution reports.
/// Errors: malformed, too_large.
expected<submission> decode_submission(byte_view body, const submission_limits& limits);

/// Reads just the client, stream and number, for routing before the signature is checked.
struct submission_header {
  client_id client;
  stream_id stream;
  submission_number number;

  friend bool operator==(const submission_header&, const submission_header&) = default;
};
expected<submission_header> decode_submission_header(byte_view body);

} // namespace bourse::messages
