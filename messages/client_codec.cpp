#include <algorithm>

#include "messages/client.hpp"
#include "messages/client.pb.h"
#include "messages/codec.hpp"

namespace bourse::messages {

namespace {

using codec::read;
using codec::read_enum;
using codec::read_unsigned;
using codec::write;

/// What 16 numbers take at most, packed.
constexpr std::size_t max_next_bytes = max_streams * 10;

// -- client to gateway -------------------------------------------------------------------------

struct client_writer {
  wire::ClientMessage& to;

  void operator()(const submit& m) {
    auto& list = *to.mutable_submit()->mutable_submissions();
    list.Reserve(static_cast<int>(m.submissions.size()));
    for (const auto& s : m.submissions)
      write(s, *list.Add());
  }
  void operator()(const resume& m) {
    to.mutable_resume()->set_from(m.from.value());
  }
  void operator()(const query& m) {
    auto& out = *to.mutable_query();
    out.set_id(m.id);
    out.set_kind(static_cast<wire::QueryKind>(m.kind));
    out.set_subject(m.subject);
    out.set_limit(m.limit);
    out.set_at(m.at.value());
    out.set_report(m.report.value());
  }
};

bool take(submit& to, wire::Submit& from) {
  to.submissions.resize(static_cast<std::size_t>(from.submissions_size()));
  for (std::size_t i = 0; i < to.submissions.size(); ++i)
    if (!codec::take(to.submissions[i], *from.mutable_submissions(static_cast<int>(i))))
      return false;
  return true;
}

bool take(resume& to, wire::Resume& from) {
  to.from = report_number{from.from()};
  return true;
}

bool take(query& to, wire::Query& from) {
  to.id = from.id();
  to.subject = from.subject();
  to.limit = from.limit();
  to.at = sequence_number{from.at()};
  to.report = report_number{from.report()};
  return read_enum(to.kind, from.kind(), query_kind::book, query_kind::timeline);
}

bool take(client_message& to, wire::ClientMessage& from) {
  switch (from.kind_case()) {
    case wire::ClientMessage::kSubmit:
      return take(to.emplace<submit>(), *from.mutable_submit());
    case wire::ClientMessage::kResume:
      return take(to.emplace<resume>(), *from.mutable_resume());
    case wire::ClientMessage::kQuery:
      return take(to.emplace<query>(), *from.mutable_query());
    case wire::ClientMessage::KIND_NOT_SET:
      break;
  }
  return false;
}

// -- gateway to client -------------------------------------------------------------------------

template <class Repeated>
void write_next(const std::vector<submission_number>& from, Repeated& to) {
  for (auto n : from)
    to.Add(n.value());
}

template <class Repeated>
bool read_next(std::vector<submission_number>& to, const Repeated& from) {
  if (static_cast<std::size_t>(from.size()) > max_streams)
    return false;
  to.clear();
  for (auto n : from)
    to.push_back(submission_number{n});
  return true;
}

void write(const error& from, wire::Error& to) {
  to.set_code(static_cast<std::uint32_t>(from.code));
  auto size = std::min<std::size_t>(from.detail.size(), max_error_detail_bytes);
  to.mutable_detail()->assign(from.detail, 0, size);
}

bool take(error& to, wire::Error& from) {
  if (from.code() < static_cast<std::uint32_t>(errc::malformed)
      || from.code() > static_cast<std::uint32_t>(errc::pruned)
      || from.detail().size() > max_error_detail_bytes)
    return false;
  to.code = static_cast<errc>(from.code());
  to.detail = std::move(*from.mutable_detail());
  return true;
}

struct gateway_writer {
  wire::GatewayMessage& to;

  void operator()(const welcome& m) {
    auto& out = *to.mutable_welcome();
    out.set_replica(m.replica.value());
    out.set_executed(m.executed.value());
    write_next(m.next, *out.mutable_next());
    out.set_next_report(m.next_report.value());
  }
  void operator()(const results& m) {
    auto& out = *to.mutable_results();
    write(m.what, *out.mutable_what());
    write(m.by, *out.mutable_by());
    out.set_client(m.reports.client.value());
    out.set_first(m.reports.first.value());
    out.set_count(m.reports.count);
    out.set_reports(m.reports.encoded);
    write_next(m.next, *out.mutable_next());
    out.set_more(m.more);
  }
  void operator()(const refused& m) {
    auto& out = *to.mutable_refused();
    out.set_stream(m.stream.value());
    out.set_number(m.number.value());
    write(m.why, *out.mutable_why());
  }
  void operator()(const answer& m) {
    auto& out = *to.mutable_answer();
    out.set_id(m.id);
    out.set_at(m.at.value());
    if (m.problem)
      write(*m.problem, *out.mutable_problem());
    out.set_body(m.body);
  }
  void operator()(const gone& m) {
    to.mutable_gone()->set_first(m.first.value());
  }
};

bool take(welcome& to, wire::Welcome& from) {
  to.executed = sequence_number{from.executed()};
  to.next_report = report_number{from.next_report()};
  return read_unsigned(to.replica, from.replica()) && read_next(to.next, from.next());
}

bool take(results& to, wire::Results& from) {
  to.reports.client = client_id{from.client()};
  to.reports.first = report_number{from.first()};
  to.reports.count = from.count();
  to.reports.encoded = std::move(*from.mutable_reports());
  to.more = from.more();
  return read(to.what, from.what()) && read(to.by, from.by()) && read_next(to.next, from.next());
}

bool take(refused& to, wire::Refused& from) {
  to.number = submission_number{from.number()};
  return read_unsigned(to.stream, from.stream(), max_streams - 1)
         && take(to.why, *from.mutable_why());
}

bool take(answer& to, wire::Answer& from) {
  to.id = from.id();
  to.at = sequence_number{from.at()};
  to.body = std::move(*from.mutable_body());
  return !from.has_problem() || take(to.problem.emplace(), *from.mutable_problem());
}

bool take(gateway_message& to, wire::GatewayMessage& from) {
  switch (from.kind_case()) {
    case wire::GatewayMessage::kWelcome:
      return take(to.emplace<welcome>(), *from.mutable_welcome());
    case wire::GatewayMessage::kResults:
      return take(to.emplace<results>(), *from.mutable_results());
    case wire::GatewayMessage::kRefused:
      return take(to.emplace<refused>(), *from.mutable_refused());
    case wire::GatewayMessage::kAnswer:
      return take(to.emplace<answer>(), *from.mutable_answer());
    case wire::GatewayMessage::kGone:
      to = gone{report_number{from.gone().first()}};
      return true;
    case wire::GatewayMessage::KIND_NOT_SET:
      break;
  }
  return false;
}

/// The lists of numbers, which Protobuf would build before we see them.
bool next_is_bounded(byte_view encoded, int message_field, int next_field) {
  auto next = codec::count_field(encoded, {message_field, next_field});
  return next.count <= max_streams && next.bytes <= max_next_bytes;
}

} // namespace

bytes encode(const client_message& m) {
  wire::ClientMessage out;
  std::visit(client_writer{out}, m);
  return codec::serialize(out);
}

bytes encode(const gateway_message& m) {
  wire::GatewayMessage out;
  std::visit(gateway_writer{out}, m);
  return codec::serialize(out);
}

expected<client_message> decode_client_message(byte_view encoded, const client_limits& limits) {
  if (encoded.size() > limits.max_message_bytes)
    return fail(errc::too_large, "client message");
  auto submissions = codec::count_field(
      encoded, {wire::ClientMessage::kSubmitFieldNumber, wire::Submit::kSubmissionsFieldNumber});
  if (submissions.count > limits.max_submissions)
    return fail(errc::too_large, "client message: number of submissions");
  wire::ClientMessage parsed;
  if (auto ok = codec::parse(parsed, encoded, limits.max_message_bytes, "client message"); !ok)
    return tl::unexpected{ok.error()};
  client_message out;
  if (!take(out, parsed))
    return fail(errc::malformed, "client message: field out of range");
  return out;
}

expected<gateway_message> decode_gateway_message(byte_view encoded) {
  if (encoded.size() > max_gateway_message_bytes
      || !next_is_bounded(encoded, wire::GatewayMessage::kWelcomeFieldNumber,
                          wire::Welcome::kNextFieldNumber)
      || !next_is_bounded(encoded, wire::GatewayMessage::kResultsFieldNumber,
                          wire::Results::kNextFieldNumber))
    return fail(errc::too_large, "gateway message");
  wire::GatewayMessage parsed;
  if (auto ok = codec::parse(parsed, encoded, max_gateway_message_bytes, "gateway message"); !ok)
    return tl::unexpected{ok.error()};
  gateway_message out;
  if (!take(out, parsed))
    return fail(errc::malformed, "gateway message: field out of range");
  return out;
}

} // namespace bourse::messages
