// What clients and gateways say to each other over an authenticated link.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "messages/bytes.hpp"
#include "messages/consensus.hpp"
#include "messages/error.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

// -- client to gateway -------------------------------------------------------------------------

/// Submissions to admit. Every replica gets the same bytes.
struct submit {
  std::vector<signed_submission> submissions;

  friend bool operator==(const submit&, const submit&) = default;
};

/// Wants execution reports from `from` on, those of the past included. Sent after every connect.
struct resume {
  report_number from;

  friend bool operator==(const resume&, const resume&) = default;
};

enum class query_kind : std::uint8_t {
  book = 1,    ///< levels of one instrument, best first
  account = 2, ///< balances and open orders; own accounts only
  trades = 3,  ///< latest trades of one instrument
  status = 4, ///< JSON: who leads, progress, counters, phase times; subject 1: the state digest too
  receipt = 5,  ///< proof of one execution report
  timeline = 6, ///< JSON: when recent blocks passed each phase here
};

struct query {
  std::uint64_t id = 0; ///< chosen by the client, repeated in the answer
  query_kind kind = query_kind::book;
  std::uint32_t subject = 0; ///< instrument or account; for receipts unused
  std::uint32_t limit = 0;   ///< most levels, trades or blocks wanted; 0 for the default
  /// Answer as of this executed sequence number, waiting for it if it is near; 0 for now.
  sequence_number at;
  report_number report; ///< receipts: which of the client's reports

  friend bool operator==(const query&, const query&) = default;
};

using client_message = std::variant<submit, resume, query>;

// -- gateway to client -------------------------------------------------------------------------

/// First answer to an authenticated client: where its streams stand.
struct welcome {
  replica_id replica;
  sequence_number executed;
  std::vector<submission_number> next; ///< by stream: the next number that will execute
  report_number next_report;           ///< the number that its next report will have

  friend bool operator==(const welcome&, const welcome&) = default;
};

/// The client's reports of one block, or a part of them, and the replica's signature over the
/// block's results.
struct results {
  results_statement what;
  replica_signature by; ///< purpose::results
  client_reports reports;
  std::vector<submission_number> next; ///< the client's streams after the block
  bool more = false;                   ///< further reports of this block follow, see in_parts

  friend bool operator==(const results&, const results&) = default;
};

/// A submission that was not admitted here. Not an execution: others may admit it.
struct refused {
  stream_id stream;
  submission_number number;
  error why; ///< busy, bad_signature, malformed, too_large, duplicate, outside_window, ...

  friend bool operator==(const refused&, const refused&) = default;
};

struct answer {
  std::uint64_t id = 0;
  sequence_number at; ///< the state it is true of
  /// not_found, not_authorised, malformed, outside_window, pruned, too_large, busy, unreachable
  std::optional<error> problem;
  bytes body; ///< JSON (status, timeline) or the encoded view of that kind

  friend bool operator==(const answer&, const answer&) = default;
};

/// The client resumed further back than what is kept here.
struct gone {
  report_number first; ///< of its reports that are still here; they go on with it

  friend bool operator==(const gone&, const gone&) = default;
};

using gateway_message = std::variant<welcome, results, refused, answer, gone>;

// -- views that answers carry ------------------------------------------------------------------

struct book_level {
  messages::price price;
  messages::quantity quantity; ///< all open lots
  std::uint32_t orders = 0;

  friend bool operator==(const book_level&, const book_level&) = default;
};

struct book_view {
  instrument_id instrument;
  std::vector<book_level> bids; ///< highest first
  std::vector<book_level> asks; ///< lowest first

  friend bool operator==(const book_view&, const book_view&) = default;
};

struct balance {
  asset_id asset;
  amount free;
  amount held;

  friend bool operator==(const balance&, const balance&) = default;
};

struct open_order {
  order_id order;
  client_order_id client_order;
  instrument_id instrument;
  messages::side side = side::buy;
  messages::price price;
  messages::quantity quantity;
  messages::quantity leaves;

  friend bool operator==(const open_order&, const open_order&) = default;
};

struct account_view {
  account_id account;
  std::vector<balance> balances;
  std::vector<open_order> orders; ///< by order id

  friend bool operator==(const account_view&, const account_view&) = default;
};

struct trade {
  trade_id id;
  block_time time;
  messages::price price;
  messages::quantity quantity;
  messages::side taker_side = side::buy;

  friend bool operator==(const trade&, const trade&) = default;
};

struct trades_view {
  instrument_id instrument;
  std::vector<trade> trades; ///< newest first

  friend bool operator==(const trades_view&, const trades_view&) = default;
};

/// What one replica contributes to a receipt: the report, its path, and its own signature.
/// f+1 of them with one `what` prove the report to whoever has the genesis file.
struct receipt_share {
  bytes report;             ///< the leaf: encode(report)
  std::uint32_t index = 0;  ///< of the leaf
  std::uint32_t count = 0;  ///< of leaves
  std::vector<digest> path; ///< see merkle.hpp
  results_statement what;
  replica_signature by; ///< purpose::results

  friend bool operator==(const receipt_share&, const receipt_share&) = default;
};

/// A receipt file: one report, one path, f+1 signatures.
struct receipt {
  digest cluster;
  bytes report;
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::vector<digest> path;
  results_statement what;
  std::vector<replica_signature> signatures;

  friend bool operator==(const receipt&, const receipt&) = default;
};

struct client_limits {
  std::uint32_t max_message_bytes = 1024 * 1024;
  std::uint32_t max_submissions = 1024; ///< in one submit
};

/// Bounds of what a client takes from a gateway: f of these may lie.
inline constexpr std::uint32_t max_gateway_message_bytes = 4 * 1024 * 1024;
/// ... of the levels, balances, orders or trades of one view together.
inline constexpr std::uint32_t max_view_entries = 256 * 1024;
/// ... of the signatures of a receipt.
inline constexpr std::uint32_t max_receipt_signatures = 1024;
/// The detail of an error is cut to this many bytes when it is encoded.
inline constexpr std::uint32_t max_error_detail_bytes = 1024;

/// Reports of one block in one message, of any number; more go into the next. A part has as many
/// whole reports as fit, and one at least, counted from the block's first for this client: so all
/// honest replicas cut alike, and the parts can be compared as bytes.
inline constexpr std::size_t max_results_bytes = 1024 * 1024;
std::vector<results> in_parts(results whole, std::size_t max_bytes = max_results_bytes);

bytes encode(const client_message& m);
bytes encode(const gateway_message& m);
/// Errors of all that follow: malformed, too_large. A valid decode says nothing about signatures.
expected<client_message> decode_client_message(byte_view encoded, const client_limits& limits);
expected<gateway_message> decode_gateway_message(byte_view encoded);

bytes encode(const book_view& v);
bytes encode(const account_view& v);
bytes encode(const trades_view& v);
bytes encode(const receipt_share& s);
bytes encode(const receipt& r);
expected<book_view> decode_book_view(byte_view encoded);
expected<account_view> decode_account_view(byte_view encoded);
expected<trades_view> decode_trades_view(byte_view encoded);
expected<receipt_share> decode_receipt_share(byte_view encoded);
expected<receipt> decode_receipt(byte_view encoded);

} // namespace bourse::messages
