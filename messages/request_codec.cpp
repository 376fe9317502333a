#include <google/protobuf/io/coded_stream.h>

#include "messages/codec.hpp"
#include "messages/request.hpp"
#include "messages/request.pb.h"

namespace bourse::messages {

namespace {

using codec::read_enum;
using codec::read_price;
using codec::read_quantity;
using codec::read_signed;
using codec::read_unsigned;

// -- encoding ----------------------------------------------------------------------------------

using request_writer = codec::field_writer<12>;

void write(const place& r, request_writer& out) {
  out.number(wire::Place::kAccountFieldNumber, r.account);
  out.number(wire::Place::kInstrumentFieldNumber, r.instrument);
  out.number(wire::Place::kClientOrderFieldNumber, r.client_order);
  out.number(wire::Place::kSideFieldNumber, r.side);
  out.number(wire::Place::kTypeFieldNumber, r.type);
  out.number(wire::Place::kTifFieldNumber, r.tif);
  out.number(wire::Place::kStpFieldNumber, r.stp);
  out.number(wire::Place::kPriceFieldNumber, r.price);
  out.number(wire::Place::kQuantityFieldNumber, r.quantity);
  out.number(wire::Place::kMaxSpendFieldNumber, r.max_spend);
  out.number(wire::Place::kExpireAfterFieldNumber, r.expire_after);
  out.number(wire::Place::kLiquidationFieldNumber, r.liquidation ? 1u : 0u);
}

void write(const cancel& r, request_writer& out) {
  out.number(wire::Cancel::kAccountFieldNumber, r.account);
  out.number(wire::Cancel::kInstrumentFieldNumber, r.instrument);
  out.number(wire::Cancel::kClientOrderFieldNumber, r.client_order);
}

void write(const replace& r, request_writer& out) {
  out.number(wire::Replace::kAccountFieldNumber, r.account);
  out.number(wire::Replace::kInstrumentFieldNumber, r.instrument);
  out.number(wire::Replace::kClientOrderFieldNumber, r.client_order);
  out.number(wire::Replace::kNewClientOrderFieldNumber, r.new_client_order);
  out.number(wire::Replace::kPriceFieldNumber, r.price);
  out.number(wire::Replace::kQuantityFieldNumber, r.quantity);
  out.number(wire::Replace::kPostOnlyFieldNumber, r.post_only ? 1u : 0u);
  out.number(wire::Replace::kSideFieldNumber, r.side);
}

void write(const cancel_all& r, request_writer& out) {
  out.number(wire::CancelAll::kAccountFieldNumber, r.account);
  if (r.instrument)
    out.present(wire::CancelAll::kInstrumentFieldNumber, r.instrument->value());
}

void write(const deposit& r, request_writer& out) {
  out.number(wire::Deposit::kAccountFieldNumber, r.account);
  out.number(wire::Deposit::kAssetFieldNumber, r.asset);
  out.number(wire::Deposit::kAmountFieldNumber, r.amount);
}

void write(const withdraw& r, request_writer& out) {
  out.number(wire::Withdraw::kAccountFieldNumber, r.account);
  out.number(wire::Withdraw::kAssetFieldNumber, r.asset);
  out.number(wire::Withdraw::kAmountFieldNumber, r.amount);
}

void write(const dead_man_switch& r, request_writer& out) {
  out.number(wire::DeadManSwitch::kAccountFieldNumber, r.account);
  out.number(wire::DeadManSwitch::kTimeoutMsFieldNumber, r.timeout_ms);
}

/// The field of wire::Request that each alternative of `request` travels in.
constexpr int kind_field(std::size_t alternative) {
  constexpr int fields[] = {
      wire::Request::kPlaceFieldNumber,         wire::Request::kCancelFieldNumber,
      wire::Request::kReplaceFieldNumber,       wire::Request::kCancelAllFieldNumber,
      wire::Request::kDepositFieldNumber,       wire::Request::kWithdrawFieldNumber,
      wire::Request::kDeadManSwitchFieldNumber,
  };
  static_assert(std::size(fields) == std::variant_size_v<request>);
  return fields[alternative];
}

void append_request(bytes& out, const request& r) {
  request_writer fields;
  std::visit([&](const auto& x) { write(x, fields); }, r);
  auto content = fields.view();

  std::uint8_t prefixes[2 * codec::max_prefix];
  std::uint8_t kind[codec::max_prefix];
  auto kind_size = static_cast<std::size_t>(
      codec::write_prefix(kind, kind_field(r.index()), content.size()) - kind);
  auto* end = codec::write_prefix(prefixes, wire::Submission::kRequestsFieldNumber,
                                  kind_size + content.size());
  std::memcpy(end, kind, kind_size);
  end += kind_size;

  out.append(reinterpret_cast<const char*>(prefixes), static_cast<std::size_t>(end - prefixes));
  out.append(content);
}

void append_submission(bytes& out, const submission& s) {
  codec::field_writer<3> header;
  header.number(wire::Submission::kClientFieldNumber, s.client);
  header.number(wire::Submission::kStreamFieldNumber, s.stream);
  header.number(wire::Submission::kNumberFieldNumber, s.number);
  out.append(header.view());
  for (const auto& r : s.requests)
    append_request(out, r);
}

// -- decoding ----------------------------------------------------------------------------------

bool read(place& to, const wire::Place& from) {
  to.account = account_id{from.account()};
  to.client_order = client_order_id{from.client_order()};
  to.expire_after = sequence_number{from.expire_after()};
  to.liquidation = from.liquidation();
  return read_unsigned(to.instrument, from.instrument())
         && read_enum(to.side, from.side(), side::buy, side::sell)
         && read_enum(to.type, from.type(), order_type::limit, order_type::market)
         && read_enum(to.tif, from.tif(), time_in_force::good_till_cancel,
                      time_in_force::good_till_block)
         && read_enum(to.stp, from.stp(), self_trade::expire_taker, self_trade::expire_both)
         && read_price(to.price, from.price()) && read_quantity(to.quantity, from.quantity())
         && read_signed(to.max_spend, from.max_spend());
}

bool read(cancel& to, const wire::Cancel& from) {
  to.account = account_id{from.account()};
  to.client_order = client_order_id{from.client_order()};
  return read_unsigned(to.instrument, from.instrument());
}

bool read(replace& to, const wire::Replace& from) {
  to.account = account_id{from.account()};
  to.client_order = client_order_id{from.client_order()};
  to.new_client_order = client_order_id{from.new_client_order()};
  to.post_only = from.post_only();
  return read_unsigned(to.instrument, from.instrument())
         && read_enum(to.side, from.side(), side::buy, side::sell)
         && read_price(to.price, from.price()) && read_quantity(to.quantity, from.quantity());
}

bool read(cancel_all& to, const wire::CancelAll& from) {
  to.account = account_id{from.account()};
  return !from.has_instrument() || read_unsigned(to.instrument.emplace(), from.instrument());
}

bool read(deposit& to, const wire::Deposit& from) {
  to.account = account_id{from.account()};
  return read_unsigned(to.asset, from.asset()) && read_signed(to.amount, from.amount());
}

bool read(withdraw& to, const wire::Withdraw& from) {
  to.account = account_id{from.account()};
  return read_unsigned(to.asset, from.asset()) && read_signed(to.amount, from.amount());
}

bool read(dead_man_switch& to, const wire::DeadManSwitch& from) {
  to.account = account_id{from.account()};
  to.timeout_ms = from.timeout_ms();
  return true;
}

bool read(request& to, const wire::Request& from) {
  switch (from.kind_case()) {
    case wire::Request::kPlace:
      return read(to.emplace<place>(), from.place());
    case wire::Request::kCancel:
      return read(to.emplace<cancel>(), from.cancel());
    case wire::Request::kReplace:
      return read(to.emplace<replace>(), from.replace());
    case wire::Request::kCancelAll:
      return read(to.emplace<cancel_all>(), from.cancel_all());
    case wire::Request::kDeposit:
      return read(to.emplace<deposit>(), from.deposit());
    case wire::Request::kWithdraw:
      return read(to.emplace<withdraw>(), from.withdraw());
    case wire::Request::kDeadManSwitch:
      return read(to.emplace<dead_man_switch>(), from.dead_man_switch());
    case wire::Request::KIND_NOT_SET:
      break;
  }
  return false;
}

/// True if `body` is what encode() gives. Anything else (unknown fields, a field twice, overlong
/// varints) is a way to say the same thing in other bytes, and different parsers might read it
/// differently, which replicas must never do.
bool is_canonical(byte_view body, const submission& s) {
  thread_local bytes again;
  again.clear();
  append_submission(again, s);
  return body == again;
}

} // namespace

bytes encode(const submission& s) {
  bytes out;
  constexpr std::size_t typical_request = 48;
  out.reserve(24 + s.requests.size() * typical_request);
  append_submission(out, s);
  return out;
}

expected<submission> decode_submission(byte_view body, const submission_limits& limits) {
  codec::scratch_arena arena;
  auto& parsed = arena.make<wire::Submission>();
  if (auto ok = codec::parse(parsed, body, limits.max_bytes, "submission"); !ok)
    return tl::unexpected{ok.error()};

  auto count = static_cast<std::size_t>(parsed.requests_size());
  if (count > limits.max_requests)
    return fail(errc::too_large, "submission: number of requests");
  submission out;
  out.client = client_id{parsed.client()};
  out.number = submission_number{parsed.number()};
  if (count == 0 || out.number.value() == 0
      || !read_unsigned(out.stream, parsed.stream(), max_streams - 1))
    return fail(errc::malformed, "submission: header");

  out.requests.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    if (!read(out.requests[i], parsed.requests(static_cast<int>(i))))
      return fail(errc::malformed, "submission: request " + std::to_string(i));
  if (!is_canonical(body, out))
    return fail(errc::malformed, "submission: not canonical");
  return out;
}

expected<submission_header> decode_submission_header(byte_view body) {
  using format = codec::pb::internal::WireFormatLite;
  constexpr auto client_tag
      = format::MakeTag(wire::Submission::kClientFieldNumber, format::WIRETYPE_VARINT);
  constexpr auto stream_tag
      = format::MakeTag(wire::Submission::kStreamFieldNumber, format::WIRETYPE_VARINT);
  constexpr auto number_tag
      = format::MakeTag(wire::Submission::kNumberFieldNumber, format::WIRETYPE_VARINT);

  // Canonical bodies have these three in front, in this order, each once or (if 0) not at all.
  constexpr std::size_t max_header = std::size_t{3} * 11;
  auto head = body.substr(0, max_header);
  codec::pb::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(head.data()),
                                     static_cast<int>(head.size())};
  std::uint64_t client = 0;
  std::uint64_t stream = 0;
  std::uint64_t number = 0;
  auto tag = in.ReadTag();
  auto read_field = [&](std::uint32_t wanted, std::uint64_t& value) {
    if (tag != wanted)
      return true;
    if (!in.ReadVarint64(&value))
      return false;
    tag = in.ReadTag();
    return true;
  };
  submission_header out;
  if (!read_field(client_tag, client) || !read_field(stream_tag, stream)
      || !read_field(number_tag, number) || number == 0 || !read_unsigned(out.client, client)
      || !read_unsigned(out.stream, stream, max_streams - 1))
    return fail(errc::malformed, "submission: header");
  out.number = submission_number{number};
  return out;
}

} // namespace bourse::messages
