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
constexpr std::size_t max_encoded_report = 1024;

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
  if (auto ok = codec::parse(parsed, encoded, max_encoded_report, "report"); !ok)
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
  encoded = encoded.substr(0, codec::max_prefix + max_encoded_report);
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

} // namespace bourse::messages
