#define CAF_SUITE report_codec
#include "tests/suite.hpp"

#include "messages/report.hpp"

#include "messages/report.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

report sample() {
  report r;
  r.number = report_number{9};
  r.client = client_id{2};
  r.account = account_id{7};
  r.instrument = instrument_id{1};
  r.kind = report_kind::fill;
  r.order = order_id{(5 << 16) + 3};
  r.client_order = client_order_id{1001};
  r.side = side::sell;
  r.role = role::maker;
  r.price = price{250};
  r.quantity = quantity{3};
  r.leaves = quantity{1};
  r.trade = trade_id{5 << 24};
  r.fee = amount{12};
  r.stream = stream_id{5};
  r.submission = submission_number{300};
  r.index = 2;
  return r;
}

template <class Change>
std::string_view changed(Change change) {
  wire::Report r;
  r.ParseFromString(encode(sample()));
  change(r);
  return outcome(decode_report(r.SerializeAsString()));
}

} // namespace

CAF_TEST(reports come out as they went in) {
  check_round_trips(random_report, decode_report);
}

CAF_TEST(hostile reports are survived) {
  check_hostile_bytes(random_report, decode_report);
}

CAF_TEST(what generated code writes is the same) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    bytes list;
    for (int i = 0; i < 5; ++i) {
      auto r = random_report(random);
      auto encoded = encode(r);
      auto size = append_report(list, r);
      wire::Report parsed;
      if (!parsed.ParseFromString(encoded) || parsed.SerializeAsString() != encoded)
        CAF_FAIL("seed " << seed);
      // The leaf is what the list ends with.
      if (size != encoded.size() || !list.ends_with(encoded))
        CAF_FAIL("seed " << seed);
    }
    wire::Reports parsed;
    if (!parsed.ParseFromString(list) || parsed.SerializeAsString() != list)
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(true);
}

CAF_TEST(the encoding is fixed) {
  // As `protoc --encode` gives it for the same fields.
  constexpr auto golden = "080910021807200128023883801440e9074802500158fa01600368017080"
                          "808028780c8001058801ac02900102";
  CAF_CHECK_EQUAL(to_hex(encode(sample())), golden);
  bytes list;
  append_report(list, sample());
  CAF_CHECK_EQUAL(to_hex(list), std::string{"0a2d"} + golden);
}

CAF_TEST(a report outside its bounds is malformed) {
  constexpr auto ok = "ok";
  constexpr auto malformed = "malformed";
  CAF_CHECK_EQUAL(changed([](auto&) {}), ok);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_instrument(65536); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_stream(16); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_index(65536); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_price(-1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_quantity(-1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_leaves(-1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto& r) { r.set_fee(-1); }), ok);
  for (int i = -1; i < 30; ++i) {
    CAF_CHECK_EQUAL(changed([&](auto& r) { r.set_kind(wire::ReportKind(i)); }) == ok,
                    i >= 1 && i <= 7);
    CAF_CHECK_EQUAL(changed([&](auto& r) { r.set_why(wire::Reason(i)); }) == ok, i >= 0 && i <= 22);
    CAF_CHECK_EQUAL(changed([&](auto& r) { r.set_side(wire::Side(i)); }) == ok, i >= 0 && i <= 2);
    CAF_CHECK_EQUAL(changed([&](auto& r) { r.set_role(wire::Role(i)); }) == ok, i >= 0 && i <= 2);
  }
  CAF_CHECK_EQUAL(outcome(decode_report("")), malformed); // of no kind
  CAF_CHECK_EQUAL(outcome(decode_report(encode(sample()) + bytes(1024, '\0'))), "too_large");
}

CAF_TEST(a list comes out as it went in and is bounded) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    std::vector<report> wanted(random.below(20));
    bytes list;
    for (auto& r : wanted) {
      r = random_report(random);
      append_report(list, r);
    }
    if (decode_reports(list, wanted.size()) != wanted)
      CAF_FAIL("seed " << seed);
    if (!wanted.empty() && outcome(decode_reports(list, wanted.size() - 1)) != "too_large")
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(decode_reports("", 0) == std::vector<report>{});
}

CAF_TEST(a list that is cut or holds anything else is malformed) {
  bytes list;
  append_report(list, sample());
  auto one = list.size();
  append_report(list, sample());
  for (std::size_t size = 1; size < list.size(); ++size)
    CAF_CHECK_EQUAL(outcome(decode_reports(byte_view{list}.substr(0, size), 2)),
                    size == one ? "ok" : "malformed");
  for (auto hex : {"00", "0a", "0aff", "0affffffff0f", "0a8080808010", "0a00", "1001", "0bffff",
                   "ffffffffffffffffffff01"})
    CAF_CHECK_EQUAL(outcome(decode_reports(list + from_hex(hex), 100)), "malformed");
}

CAF_TEST(the first of a list is found by its length) {
  bytes list;
  CAF_CHECK_EQUAL(first_report_bytes(list), 0u);
  append_report(list, sample());
  auto one = list.size();
  CAF_CHECK_EQUAL(first_report_bytes(list), one);
  for (std::size_t size = 0; size < one; ++size)
    CAF_CHECK_EQUAL(first_report_bytes(byte_view{list}.substr(0, size)), 0u);
  append_report(list, report{});
  CAF_CHECK_EQUAL(first_report_bytes(list), one);
  CAF_CHECK_EQUAL(first_report_bytes(byte_view{list}.substr(one)), list.size() - one);
  for (auto hex : {"00", "0a", "0aff", "0affffffff0f", "1001"})
    CAF_CHECK_EQUAL(first_report_bytes(from_hex(hex)), 0u);
}

CAF_TEST(hostile lists are survived) {
  splitmix64 random{11};
  for (int i = 0; i < 20'000; ++i) {
    bytes list;
    append_report(list, random_report(random));
    append_report(list, random_report(random));
    for (auto flips = random.below(4); flips > 0; --flips)
      list[random.below(list.size())] = static_cast<char>(random.next());
    std::ignore = decode_reports(list, 10);
  }
  CAF_CHECK(true);
}
