#include "messages/codec.hpp"
#include "messages/consensus.pb.h"
#include "messages/stamps.hpp"
#include "messages/stamps.pb.h"

namespace bourse::messages {

namespace {

/// Above what a report's fields take beside the elements of its lists.
constexpr std::size_t max_header_bytes = 128;
/// Of one element of each list: client, stream, number, delay and digest.
constexpr std::size_t max_stamp_bytes = 5 + 2 + 10 + 10 + digest::size;

template <class Repeated>
void reserve(Repeated& list, std::size_t n) {
  list.Reserve(static_cast<int>(n));
}

bool lists_match(const wire::StampReport& from, std::size_t stamps) {
  auto n = static_cast<int>(stamps);
  return from.clients_size() == n && from.streams_size() == n && from.numbers_size() == n
         && from.delays_size() == n && from.digests().size() == stamps * digest::size;
}

/// Precondition: the lists match.
bool read_stamps(std::vector<stamp>& to, const wire::StampReport& from) {
  byte_view digests = from.digests();
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < to.size(); ++i) {
    auto k = static_cast<int>(i);
    auto& s = to[i];
    auto delay = from.delays(k);
    if ((i != 0 && delay == 0) || delay > max_stamp_time.value() - time || from.numbers(k) == 0
        || !codec::read_unsigned(s.about.stream, from.streams(k), max_streams - 1))
      return false;
    time += delay;
    s.about.client = client_id{from.clients(k)};
    s.about.number = submission_number{from.numbers(k)};
    s.body.assign(digests.substr(i * digest::size, digest::size));
    s.time = stamp_time{time};
  }
  return true;
}

bool read(stamp_report& to, const wire::StampReport& from) {
  to.index = report_index{from.index()};
  to.boundary = stamp_time{from.boundary()};
  if (!codec::read_unsigned(to.replica, from.replica()) || to.index.value() == 0
      || !to.previous.assign(from.previous()) || to.boundary > max_stamp_time
      || !read_stamps(to.stamps, from))
    return false;
  return to.stamps.empty() || to.stamps.back().time <= to.boundary;
}

} // namespace

std::size_t max_report_bytes(std::uint32_t max_stamps) {
  return max_header_bytes + std::size_t{max_stamps} * max_stamp_bytes;
}

bytes encode(const stamp_report& r) {
  codec::scratch_arena arena;
  auto& out = arena.make<wire::StampReport>();
  out.set_replica(r.replica.value());
  out.set_index(r.index.value());
  out.mutable_previous()->assign(r.previous.view());
  out.set_boundary(r.boundary.value());
  reserve(*out.mutable_clients(), r.stamps.size());
  reserve(*out.mutable_streams(), r.stamps.size());
  reserve(*out.mutable_numbers(), r.stamps.size());
  reserve(*out.mutable_delays(), r.stamps.size());
  out.mutable_digests()->reserve(r.stamps.size() * digest::size);
  std::uint64_t before = 0;
  for (const auto& s : r.stamps) {
    out.add_clients(s.about.client.value());
    out.add_streams(s.about.stream.value());
    out.add_numbers(s.about.number.value());
    out.add_delays(s.time.value() - before);
    out.mutable_digests()->append(s.body.view());
    before = s.time.value();
  }
  return codec::serialize(out);
}

expected<stamp_report> decode_stamp_report(byte_view body, std::uint32_t max_stamps) {
  stamp_report out;
  {
    codec::scratch_arena arena;
    auto& parsed = arena.make<wire::StampReport>();
    // What is shorter than the most that so many stamps take has no more elements than that has
    // bytes, and Protobuf builds eight bytes from each of them at most.
    if (auto ok = codec::parse(parsed, body, max_report_bytes(max_stamps), "stamp report"); !ok)
      return tl::unexpected{ok.error()};
    auto count = static_cast<std::size_t>(parsed.numbers_size());
    if (count > max_stamps)
      return fail(errc::too_large, "stamp report: number of stamps");
    if (!lists_match(parsed, count))
      return fail(errc::malformed, "stamp report: lists of different lengths");
    out.stamps.resize(count);
    if (!read(out, parsed))
      return fail(errc::malformed, "stamp report: field out of range");
  }
  // One report, one encoding: see the same check of submissions.
  if (encode(out) != body)
    return fail(errc::malformed, "stamp report: not canonical");
  return out;
}

// -- peer messages -------------------------------------------------------------------------------

namespace codec {

namespace {

void write(const signed_report& from, wire::SignedReport& to) {
  to.set_body(from.body);
  to.mutable_signature()->assign(from.signature.view());
}

/// Takes the body out of `from`, so that it is not copied again.
bool take(signed_report& to, wire::SignedReport& from) {
  to.body = std::move(*from.mutable_body());
  return to.signature.assign(from.signature());
}

} // namespace

void write(const chain_head& from, wire::ChainHead& to) {
  to.set_replica(from.replica.value());
  to.set_index(from.index.value());
  to.mutable_report()->assign(from.report.view());
}

bool read(chain_head& to, const wire::ChainHead& from) {
  to.index = report_index{from.index()};
  return read_unsigned(to.replica, from.replica()) && to.report.assign(from.report());
}

void write(const stamp_reports& from, wire::PeerMessage& to) {
  auto& list = *to.mutable_stamp_reports()->mutable_reports();
  reserve(list, from.reports.size());
  for (const auto& r : from.reports)
    write(r, *list.Add());
}

void write(const fetch_reports& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_fetch_reports();
  out.set_sequence(from.sequence.value());
  for (const auto& r : from.reports)
    write(r, *out.add_reports());
}

bool reports_are_bounded(byte_view encoded, const peer_limits& limits) {
  auto reports = count_field(encoded, {wire::PeerMessage::kStampReportsFieldNumber,
                                       wire::StampReports::kReportsFieldNumber});
  auto asked = count_field(encoded, {wire::PeerMessage::kFetchReportsFieldNumber,
                                     wire::FetchReports::kReportsFieldNumber});
  return reports.count <= limits.max_reports && asked.count <= limits.max_reports;
}

expected<peer_message> take_reports(wire::StampReports& from) {
  stamp_reports m;
  m.reports.resize(static_cast<std::size_t>(from.reports_size()));
  for (std::size_t i = 0; i < m.reports.size(); ++i)
    if (!take(m.reports[i], *from.mutable_reports(static_cast<int>(i))))
      return fail(errc::malformed, "stamp reports: size of a signature");
  return m;
}

expected<peer_message> take_question(const wire::FetchReports& from) {
  fetch_reports m{sequence_number{from.sequence()}, {}};
  m.reports.resize(static_cast<std::size_t>(from.reports_size()));
  for (std::size_t i = 0; i < m.reports.size(); ++i)
    if (!read(m.reports[i], from.reports(static_cast<int>(i))))
      return fail(errc::malformed, "fetch reports: field out of range");
  return m;
}

} // namespace codec

} // namespace bourse::messages
