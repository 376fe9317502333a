#include <google/protobuf/io/coded_stream.h>

#include "messages/codec.hpp"
#include "messages/report.hpp"
#include "messages/report.pb.h"

namespace bourse::messages {

namespace {

using codec::read_enum;
using codec::read_signed;
using codec::read_unsigned;

using report_writer = codec::field_writer<18>;

/// Far above any report (18 fields of at most 12 bytes): what is longer holds something else.
constexpr std::size_t max_report_bytes = 1024;
/// Far above any settlement: a trade has a handful of transfers.
constexpr std::size_t max_settlement_bytes = std::size_t{64} * 1024;

void write(const report& r, report_writer& out) {
  out.number(wire::Report::kNumberFieldNumber, r.number);
  out.number(wire::Report::kClientFieldNumber, r.client);
  out.number(wire::Report::kAccountFieldNumber, r.account);
  out.number(wire::Report::kInstrumentFieldNumber, r.instrument);
  out.number(wire::Report::kKindFieldNumber, r.kind);
  out.number(wire::Report::kWhyFieldNumber, r.why);
  out.number(wire::Report::kOrderFieldNumber, r.order);
  out.number(wire::Report::kClientOrderFieldNumber, r.client_order);
  out.number(wire::Report::kSideFieldNumber, r.side);
  out.number(wire::Report::kRoleFieldNumber, r.role);
  out.number(wire::Report::kPriceFieldNumber, r.price);
  out.number(wire::Report::kQuantityFieldNumber, r.quantity);
  out.number(wire::Report::kLeavesFieldNumber, r.leaves);
  out.number(wire::Report::kTradeFieldNumber, r.trade);
  out.number(wire::Report::kFeeFieldNumber, r.fee);
  out.number(wire::Report::kStreamFieldNumber, r.stream);
  out.number(wire::Report::kSubmissionFieldNumber, r.submission);
  out.number(wire::Report::kIndexFieldNumber, std::uint64_t{r.index});
}

bool read(report& to, const wire::Report& from) {
  to.number = report_number{from.number()};
  to.client = client_id{from.client()};
  to.account = account_id{from.account()};
  to.order = order_id{from.order()};
  to.client_order = client_order_id{from.client_order()};
  to.trade = trade_id{from.trade()};
  to.fee = amount{from.fee()};
  to.submission = submission_number{from.submission()};
  to.index = static_cast<std::uint16_t>(from.index());
  // A request without an order has no side, so 0 is none here.
  return read_unsigned(to.instrument, from.instrument())
         && read_enum(to.kind, from.kind(), report_kind::accepted, report_kind::done)
         && read_enum(to.why, from.why(), reason::none, reason::book_full)
         && read_enum(to.side, from.side(), side{0}, side::sell)
         && read_enum(to.role, from.role(), role::none, role::taker)
         && read_signed(to.price, from.price()) && read_signed(to.quantity, from.quantity())
         && read_signed(to.leaves, from.leaves())
         && read_unsigned(to.stream, from.stream(), max_streams - 1)
         && from.index() <= std::numeric_limits<std::uint16_t>::max();
}

expected<void> parse_report(report& to, byte_view encoded, wire::Report& parsed) {
  if (auto ok = codec::parse(parsed, encoded, max_report_bytes, "report"); !ok)
    return ok;
  if (!read(to, parsed))
    return fail(errc::malformed, "report: field out of range");
  return {};
}

} // namespace

bytes encode(const report& r) {
  report_writer fields;
  write(r, fields);
  return bytes{fields.view()};
}

expected<report> decode_report(byte_view encoded) {
  wire::Report parsed;
  report out;
  if (auto ok = parse_report(out, encoded, parsed); !ok)
    return tl::unexpected{ok.error()};
  return out;
}

std::size_t append_report(bytes& out, const report& r) {
  report_writer fields;
  write(r, fields);
  auto content = fields.view();
  std::uint8_t prefix[codec::max_prefix];
  auto* end = codec::write_prefix(prefix, wire::Reports::kReportsFieldNumber, content.size());
  out.append(reinterpret_cast<const char*>(prefix), static_cast<std::size_t>(end - prefix));
  out.append(content);
  return content.size();
}

namespace {

using format = codec::pb::internal::WireFormatLite;
constexpr auto report_tag
    = format::MakeTag(wire::Reports::kReportsFieldNumber, format::WIRETYPE_LENGTH_DELIMITED);

} // namespace

std::size_t first_report_bytes(byte_view encoded) {
  encoded = encoded.substr(0, codec::max_prefix + max_report_bytes);
  codec::pb::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(encoded.data()),
                                     static_cast<int>(encoded.size())};
  std::uint32_t size = 0;
  if (in.ReadTag() != report_tag || !in.ReadVarint32(&size))
    return 0;
  auto begin = static_cast<std::size_t>(in.CurrentPosition());
  return size <= encoded.size() - begin ? begin + size : 0;
}

expected<std::vector<report>> decode_reports(byte_view encoded, std::size_t max_count) {
  // One report at a time into one reused message, which allocates nothing.
  if (encoded.size() > std::numeric_limits<int>::max())
    return fail(errc::too_large, "reports");
  std::vector<report> out;
  wire::Report parsed;
  codec::pb::io::CodedInputStream in{reinterpret_cast<const std::uint8_t*>(encoded.data()),
                                     static_cast<int>(encoded.size())};
  while (static_cast<std::size_t>(in.CurrentPosition()) < encoded.size()) {
    std::uint32_t size = 0;
    auto tag = in.ReadTag();
    if (tag != report_tag || !in.ReadVarint32(&size))
      return fail(errc::malformed, "reports: framing");
    auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (size > encoded.size() - begin)
      return fail(errc::malformed, "reports: length");
    if (out.size() == max_count)
      return fail(errc::too_large, "reports: number of reports");
    if (auto ok = parse_report(out.emplace_back(), encoded.substr(begin, size), parsed); !ok)
      return tl::unexpected{ok.error()};
    in.Skip(static_cast<int>(size));
  }
  return out;
}

bytes encode(const settlement& s) {
  wire::Settlement out;
  out.set_trade(s.trade.value());
  out.set_instrument(s.instrument.value());
  out.set_price(s.price.value());
  out.set_quantity(s.quantity.value());
  out.set_taker_side(static_cast<wire::Side>(s.taker_side));
  out.set_maker_order(s.maker_order.value());
  out.set_taker_order(s.taker_order.value());
  for (const auto& t : s.transfers) {
    auto& leg = *out.add_transfers();
    leg.set_from(t.from.value());
    leg.set_to(t.to.value());
    leg.set_asset(t.asset.value());
    leg.set_amount(t.amount.value());
  }
  return codec::serialize(out);
}

expected<settlement> decode_settlement(byte_view encoded) {
  wire::Settlement parsed;
  if (auto ok = codec::parse(parsed, encoded, max_settlement_bytes, "settlement"); !ok)
    return tl::unexpected{ok.error()};
  settlement out;
  out.trade = trade_id{parsed.trade()};
  out.maker_order = order_id{parsed.maker_order()};
  out.taker_order = order_id{parsed.taker_order()};
  auto ok = read_unsigned(out.instrument, parsed.instrument())
            && read_signed(out.price, parsed.price())
            && read_signed(out.quantity, parsed.quantity())
            && read_enum(out.taker_side, parsed.taker_side(), side{0}, side::sell);
  out.transfers.reserve(static_cast<std::size_t>(parsed.transfers_size()));
  for (const auto& leg : parsed.transfers()) {
    auto& t = out.transfers.emplace_back();
    t.from = account_id{leg.from()};
    t.to = account_id{leg.to()};
    t.amount = amount{leg.amount()};
    ok = ok && read_unsigned(t.asset, leg.asset());
  }
  if (!ok)
    return fail(errc::malformed, "settlement: field out of range");
  return out;
}

} // namespace bourse::messages
