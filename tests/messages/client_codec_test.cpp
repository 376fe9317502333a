#define CAF_SUITE client_codec
#include "tests/suite.hpp"

#include "messages/client.hpp"

#include "messages/client.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

auto decode_client = [](byte_view encoded) {
  return decode_client_message(encoded, {});
};

template <class Change>
std::string_view changed(const client_message& m, Change change) {
  wire::ClientMessage w;
  w.ParseFromString(encode(m));
  change(w);
  return outcome(decode_client(w.SerializeAsString()));
}

template <class Change>
std::string_view changed(const gateway_message& m, Change change) {
  wire::GatewayMessage w;
  w.ParseFromString(encode(m));
  change(w);
  return outcome(decode_gateway_message(w.SerializeAsString()));
}

refused refusal() {
  return {stream_id{1}, submission_number{2}, {errc::busy, "later"}};
}

} // namespace

CAF_TEST(messages come out as they went in) {
  check_round_trips(random_client_message, decode_client);
  check_round_trips(random_gateway_message, decode_gateway_message);
}

CAF_TEST(hostile messages are survived) {
  check_hostile_bytes(random_client_message, decode_client);
  check_hostile_bytes(random_gateway_message, decode_gateway_message);
}

CAF_TEST(the encoding of a submission under way is fixed) {
  signed_submission s;
  s.body = "body";
  s.signature.data.fill(0xee);
  std::string fill;
  for (int i = 0; i < 64; ++i)
    fill += "ee";
  CAF_CHECK_EQUAL(to_hex(encode(client_message{submit{{s}}})), "0a4a"
                                                               "0a48"
                                                               "0a04626f6479"
                                                               "1240"
                                                                   + fill);
}

CAF_TEST(messages of no kind are malformed) {
  CAF_CHECK_EQUAL(outcome(decode_client("")), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message("")), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_client(from_hex("fa0100"))), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(from_hex("fa0100"))), "malformed");
}

CAF_TEST(what clients send is bounded) {
  client_limits limits;
  limits.max_submissions = 2;
  limits.max_message_bytes = 500;
  auto limited = [&](std::size_t count, std::size_t body) {
    submit m{std::vector<signed_submission>(count)};
    for (auto& s : m.submissions)
      s.body = bytes(body, 'x');
    return outcome(decode_client_message(encode(client_message{m}), limits));
  };
  CAF_CHECK_EQUAL(limited(2, 10), "ok");
  CAF_CHECK_EQUAL(limited(3, 10), "too_large");
  CAF_CHECK_EQUAL(limited(1, 500), "too_large");
  auto piece = encode(client_message{submit{std::vector<signed_submission>(2)}});
  CAF_CHECK_EQUAL(outcome(decode_client_message(piece + piece, limits)), "too_large");
}

CAF_TEST(signatures of submissions have their exact size) {
  for (std::size_t size : {0, 63, 65})
    CAF_CHECK_EQUAL(changed(client_message{submit{{signed_submission{}}}},
                            [&](auto& m) {
                              m.mutable_submit()->mutable_submissions(0)->set_signature(
                                  bytes(size, 'x'));
                            }),
                    "malformed");
}

CAF_TEST(queries are of known kinds) {
  for (int kind = -1; kind < 10; ++kind)
    CAF_CHECK_EQUAL(changed(client_message{query{}},
                            [&](auto& m) { m.mutable_query()->set_kind(wire::QueryKind(kind)); }),
                    kind >= 1 && kind <= 6 ? "ok" : "malformed");
}

CAF_TEST(what gateways send is within its bounds) {
  CAF_CHECK_EQUAL(changed(gateway_message{refusal()}, [](auto&) {}), "ok");
  CAF_CHECK_EQUAL(
      changed(gateway_message{refusal()}, [](auto& m) { m.mutable_refused()->set_stream(16); }),
      "malformed");
  CAF_CHECK_EQUAL(
      changed(gateway_message{refusal()}, [](auto& m) { m.mutable_refused()->clear_why(); }),
      "malformed");
  for (std::uint32_t code : {0u, 21u, 257u, ~0u})
    CAF_CHECK_EQUAL(changed(gateway_message{refusal()},
                            [&](auto& m) { m.mutable_refused()->mutable_why()->set_code(code); }),
                    "malformed");
  CAF_CHECK_EQUAL(
      changed(gateway_message{refusal()},
              [](auto& m) { m.mutable_refused()->mutable_why()->set_detail(bytes(1025, 'x')); }),
      "malformed");
  CAF_CHECK_EQUAL(
      changed(gateway_message{welcome{}}, [](auto& m) { m.mutable_welcome()->set_replica(65536); }),
      "malformed");
  CAF_CHECK_EQUAL(changed(gateway_message{results{}},
                          [](auto& m) { m.mutable_results()->mutable_what()->clear_block(); }),
                  "malformed");
  CAF_CHECK_EQUAL(
      changed(gateway_message{results{}}, [](auto& m) { m.mutable_results()->clear_by(); }),
      "malformed");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(bytes(max_gateway_message_bytes + 1, '\0'))),
                  "too_large");
}

CAF_TEST(there are no more numbers than streams) {
  welcome w;
  results r;
  w.next.resize(16, submission_number{UINT64_MAX});
  r.next = w.next;
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{w}))), "ok");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{r}))), "ok");
  w.next.assign(17, submission_number{1});
  r.next = w.next;
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{w}))), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{r}))), "malformed");
  w.next.resize(100'000);
  r.next = w.next;
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{w}))), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_gateway_message(encode(gateway_message{r}))), "too_large");
}

CAF_TEST(the reports of a block are cut into whole ones) {
  splitmix64 random{5};
  results whole;
  whole.what.sequence = sequence_number{9};
  whole.reports = {client_id{3}, report_number{1000}, 200, {}};
  whole.next = {submission_number{7}};
  std::size_t longest = 0;
  for (int i = 0; i < 200; ++i) {
    auto before = whole.reports.encoded.size();
    append_report(whole.reports.encoded, random_report(random));
    longest = std::max(longest, whole.reports.encoded.size() - before);
  }
  CAF_CHECK(in_parts(whole, whole.reports.encoded.size()) == std::vector<results>{whole});
  for (std::size_t most : {std::size_t{1}, longest, 10 * longest}) {
    auto parts = in_parts(whole, most);
    CAF_CHECK(parts.size() > 10);
    auto joined = whole;
    joined.reports.encoded.clear();
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& p = parts[i];
      CAF_CHECK_EQUAL(p.reports.first.value(), 1000u + count);
      CAF_CHECK_EQUAL(p.more, i + 1 < parts.size());
      CAF_CHECK(p.what == whole.what && p.next == whole.next);
      CAF_CHECK(p.reports.count == 1 || p.reports.encoded.size() <= most);
      CAF_CHECK_EQUAL(outcome(decode_reports(p.reports.encoded, p.reports.count)), "ok");
      count += p.reports.count;
      joined.reports.encoded += p.reports.encoded;
    }
    CAF_CHECK_EQUAL(count, 200u);
    CAF_CHECK(joined == whole);
  }
}

CAF_TEST(a long detail is cut) {
  auto m = refusal();
  m.why.detail = bytes(5000, 'x');
  auto decoded = decode_gateway_message(encode(gateway_message{m}));
  CAF_REQUIRE(decoded);
  CAF_CHECK_EQUAL(std::get<refused>(*decoded).why.detail, bytes(1024, 'x'));
}
