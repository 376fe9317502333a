#define CAF_SUITE request_codec
#include "tests/suite.hpp"

#include "messages/request.hpp"

#include "messages/crypto.hpp"
#include "messages/request.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

auto make = [](splitmix64& random) {
  return random_submission(random, 12);
};
auto decode = [](byte_view body) {
  return decode_submission(body, {});
};

submission sample() {
  place p;
  p.account = account_id{7};
  p.instrument = instrument_id{1};
  p.client_order = client_order_id{1001};
  p.side = side::sell;
  p.tif = time_in_force::good_till_block;
  p.price = price{250};
  p.quantity = quantity{3};
  p.expire_after = sequence_number{90};
  submission s;
  s.client = client_id{2};
  s.stream = stream_id{5};
  s.number = submission_number{300};
  s.requests = {p, cancel_all{account_id{7}, instrument_id{0}}, dead_man_switch{account_id{7}, 0}};
  return s;
}

/// A submission of one request that was changed on the wire form, so that it may break any rule.
template <class Change>
std::string_view changed(Change change) {
  wire::Submission s;
  s.ParseFromString(encode(sample()));
  change(s, *s.mutable_requests(0)->mutable_place());
  return outcome(decode(s.SerializeAsString()));
}

} // namespace

CAF_TEST(submissions come out as they went in) {
  check_round_trips(make, decode);
}

CAF_TEST(hostile bodies are survived) {
  check_hostile_bytes(make, decode);
}

CAF_TEST(a submission has one encoding) {
  check_canonical(make, decode);
}

CAF_TEST(what generated code writes is the same) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto encoded = encode(make(random));
    wire::Submission parsed;
    if (!parsed.ParseFromString(encoded) || parsed.SerializeAsString() != encoded)
      CAF_FAIL("seed " << seed);
  }
  CAF_CHECK(true);
}

CAF_TEST(the encoding is fixed) {
  // As `protoc --encode` gives it for the same fields.
  CAF_CHECK_EQUAL(to_hex(encode(sample())), "0802"
                                            "1005"
                                            "18ac02"

                                            "22180a16"
                                            "08071001"
                                            "18e907"
                                            "2002"
                                            "2801"
                                            "3005"
                                            "3801"
                                            "40fa01"
                                            "4803"
                                            "585a"
                                            "2206220408071000"
                                            "22043a020807");
}

CAF_TEST(every domain value can be encoded) {
  submission s;
  place odd;
  odd.price = price{-1};
  odd.quantity = quantity{INT64_MIN};
  odd.max_spend = amount{INT64_MAX};
  odd.side = static_cast<side>(200);
  s.stream = stream_id{255};
  s.requests = {odd};
  CAF_CHECK(!encode(s).empty());
  CAF_CHECK(encode(submission{}).empty());
  CAF_CHECK_EQUAL(outcome(decode(encode(s))), "malformed");
}

CAF_TEST(size and number of requests are bounded) {
  submission_limits limits;
  auto body = encode(sample());
  limits.max_bytes = static_cast<std::uint32_t>(body.size());
  limits.max_requests = 3;
  CAF_CHECK_EQUAL(outcome(decode_submission(body, limits)), "ok");
  limits.max_requests = 2;
  CAF_CHECK_EQUAL(outcome(decode_submission(body, limits)), "too_large");
  limits.max_requests = 3;
  limits.max_bytes -= 1;
  CAF_CHECK_EQUAL(outcome(decode_submission(body, limits)), "too_large");
}

CAF_TEST(a header outside its bounds is malformed) {
  CAF_CHECK_EQUAL(changed([](auto&, auto&) {}), "ok");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.set_stream(15); }), "ok");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.set_stream(16); }), "malformed");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.set_stream(256 + 5); }), "malformed");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.set_number(0); }), "malformed");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.clear_requests(); }), "malformed");
  CAF_CHECK_EQUAL(changed([](auto& s, auto&) { s.add_requests(); }), "malformed"); // of no kind
  CAF_CHECK_EQUAL(outcome(decode("")), "malformed");
}

CAF_TEST(an order outside its bounds is malformed) {
  constexpr auto ok = "ok";
  constexpr auto malformed = "malformed";
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_instrument(65535); }), ok);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_instrument(65536); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_price(max_price); }), ok);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_price(max_price + 1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_price(-1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_quantity(max_quantity); }), ok);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_quantity(max_quantity + 1); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_quantity(INT64_MIN); }), malformed);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_max_spend(INT64_MAX); }), ok);
  CAF_CHECK_EQUAL(changed([](auto&, auto& p) { p.set_max_spend(-1); }), malformed);
  for (int i = -1; i < 8; ++i) {
    CAF_CHECK_EQUAL(changed([&](auto&, auto& p) { p.set_side(wire::Side(i)); }) == ok,
                    i >= 1 && i <= 2);
    CAF_CHECK_EQUAL(changed([&](auto&, auto& p) { p.set_type(wire::OrderType(i)); }) == ok,
                    i >= 1 && i <= 2);
    CAF_CHECK_EQUAL(changed([&](auto&, auto& p) { p.set_tif(wire::TimeInForce(i)); }) == ok,
                    i >= 1 && i <= 5);
    CAF_CHECK_EQUAL(changed([&](auto&, auto& p) { p.set_stp(wire::SelfTrade(i)); }) == ok,
                    i >= 1 && i <= 3);
  }
}

CAF_TEST(other requests outside their bounds are malformed) {
  auto with = [](auto change) {
    return changed([&](auto& s, auto&) { change(*s.mutable_requests(0)); });
  };
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_cancel(); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_cancel()->set_instrument(65536); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_replace(); }), "malformed"); // of no side
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_replace()->set_side(wire::SIDE_BUY); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) {
                    r.mutable_replace()->set_side(wire::SIDE_BUY);
                    r.mutable_replace()->set_price(max_price + 1);
                  }),
                  "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) {
                    r.mutable_replace()->set_side(wire::SIDE_BUY);
                    r.mutable_replace()->set_quantity(-1);
                  }),
                  "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_cancel_all(); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_cancel_all()->set_instrument(65536); }),
                  "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_deposit()->set_amount(INT64_MAX); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_deposit()->set_amount(-1); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_deposit()->set_asset(65536); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_withdraw(); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_withdraw()->set_amount(-1); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_withdraw()->set_asset(65536); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.mutable_dead_man_switch()->set_timeout_ms(~0u); }), "ok");
}

CAF_TEST(the header is read alone) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto s = make(random);
    auto header = decode_submission_header(encode(s));
    if (!header || *header != submission_header{s.client, s.stream, s.number})
      CAF_FAIL("seed " << seed);
  }
  // The requests may be anything.
  auto body = encode(sample());
  CAF_CHECK(decode_submission_header(body.substr(0, 7) + "garbage"));
  CAF_CHECK_EQUAL(outcome(decode(body.substr(0, 7) + "garbage")), "malformed");
}

CAF_TEST(whatever decodes has the header that was read alone) {
  std::size_t decoded = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    splitmix64 random{seed};
    auto body = encode(random_submission(random, 1));
    for (int i = 0; i < 200; ++i) {
      auto changed = body;
      auto& c = changed[random.below(std::min<std::size_t>(body.size(), 20))];
      c = static_cast<char>(random.next());
      auto header = decode_submission_header(changed);
      auto whole = decode(changed);
      if (!whole)
        continue;
      ++decoded;
      if (!header || *header != submission_header{whole->client, whole->stream, whole->number})
        CAF_FAIL("seed " << seed);
    }
  }
  CAF_CHECK(decoded > 1000);
}

CAF_TEST(a header outside its bounds or cut short is malformed) {
  auto with = [](std::string_view hex) {
    return outcome(decode_submission_header(from_hex(hex)));
  };
  CAF_CHECK_EQUAL(with("1801"), "ok");
  CAF_CHECK_EQUAL(with(""), "malformed");
  CAF_CHECK_EQUAL(with("08021005"), "malformed");       // no number
  CAF_CHECK_EQUAL(with("0802100518"), "malformed");     // cut
  CAF_CHECK_EQUAL(with("08021005188080"), "malformed"); // cut in a varint
  CAF_CHECK_EQUAL(with("10101801"), "malformed");       // stream 16
  CAF_CHECK_EQUAL(with("08808080801018"
                       "01"),
                  "malformed");            // client 2^32
  CAF_CHECK_EQUAL(with("18010802"), "ok"); // what follows is not the header's business
  CAF_CHECK_EQUAL(with("10051802"), "ok");
  for (auto text : {"ffffffffffffffffffffffffffffffffffffffffffffffffffff", "0a0208021801", "00"})
    CAF_CHECK_EQUAL(with(text), "malformed");
}

CAF_TEST(a changed body never verifies) {
  init_crypto();
  auto key = key_pair::from_seed({});
  auto cluster = hash("cluster");
  auto body = encode(sample());
  auto sig = key.sign(purpose::submission, cluster, body);
  CAF_CHECK(verify(key.identity(), purpose::submission, cluster, body, sig));
  for (std::size_t at = 0; at < body.size(); ++at) {
    auto changed = body;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CAF_CHECK(!verify(key.identity(), purpose::submission, cluster, changed, sig));
    CAF_CHECK(!verify(key.identity(), purpose::submission, cluster, body.substr(0, at), sig));
  }
}
