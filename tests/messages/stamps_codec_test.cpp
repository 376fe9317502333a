#define CAF_SUITE stamps_codec
#include "tests/suite.hpp"

#include "messages/stamps.hpp"

#include "messages/consensus.hpp"
#include "messages/consensus.pb.h"
#include "messages/stamps.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

constexpr std::uint32_t most = 40;

auto make = [](splitmix64& random) {
  return random_stamp_report(random, most);
};
auto decode = [](byte_view body) {
  return decode_stamp_report(body, most);
};

stamp at(std::uint64_t time) {
  stamp s;
  s.about = {client_id{300}, stream_id{2}, submission_number{7}};
  s.body.data.fill(0x0a);
  s.time = stamp_time{time};
  return s;
}

stamp_report sample() {
  stamp_report r;
  r.replica = replica_id{3};
  r.index = report_index{5};
  r.previous.data.fill(0xc1);
  r.boundary = stamp_time{1000};
  r.stamps = {at(900), at(902)};
  r.stamps[1].about = {client_id{0}, stream_id{15}, submission_number{1}};
  r.stamps[1].body.data.fill(0x0b);
  return r;
}

/// Changes a report and says what becomes of its encoding.
template <class Change>
std::string_view with(Change change) {
  auto r = sample();
  change(r);
  return outcome(decode(encode(r)));
}

/// Changes a report in its wire form.
template <class Change>
std::string_view wired(Change change) {
  wire::StampReport w;
  w.ParseFromString(encode(sample()));
  change(w);
  return outcome(decode(w.SerializeAsString()));
}

} // namespace

CAF_TEST(reports come out as they went in) {
  check_round_trips(make, decode);
  check_round_trips([](splitmix64& random) { return random_stamp_report(random, 1000); },
                    [](byte_view body) { return decode_stamp_report(body, 1000); });
}

CAF_TEST(hostile reports are survived) {
  check_hostile_bytes(make, decode);
}

CAF_TEST(a report has one encoding) {
  check_canonical(make, decode);
}

CAF_TEST(the encoding is fixed) {
  std::string fill[] = {"", "", ""};
  for (int i = 0; i < 32; ++i) {
    fill[0] += "c1";
    fill[1] += "0a";
    fill[2] += "0b";
  }
  auto header = "0803" + ("1005" + ("1a20" + fill[0])) + "20e807";
  CAF_CHECK_EQUAL(to_hex(encode(sample())), header + "2a03ac0200" + "3202020f" + "3a020701"
                                                + "4203840702" + "4a40" + fill[1] + fill[2]);
  auto r = sample();
  r.stamps.clear();
  CAF_CHECK_EQUAL(to_hex(encode(r)), header);
  CAF_CHECK(decode(encode(r)) == r);
}

CAF_TEST(fields out of range are malformed) {
  CAF_CHECK_EQUAL(with([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.index = report_index{0}; }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[1].about.number = submission_number{0}; }),
                  "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[0].about.stream = stream_id{16}; }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.set_replica(65535); }), "ok");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.set_replica(65536); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.set_streams(0, 256); }), "malformed");
  for (auto size : {0, 31, 33})
    CAF_CHECK_EQUAL(
        wired([&](auto& w) { w.set_previous(bytes(static_cast<std::size_t>(size), 'x')); }),
        "malformed");
  CAF_CHECK_EQUAL(outcome(decode("")), "malformed");
}

CAF_TEST(times ascend and none lies behind the boundary) {
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[0] = at(901); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[0] = at(902); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[0] = at(903); }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.stamps[0] = at(0); }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.boundary = stamp_time{902}; }), "ok");
  CAF_CHECK_EQUAL(with([](auto& r) { r.boundary = stamp_time{901}; }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& r) { r.boundary = stamp_time{0}; }), "malformed");
}

CAF_TEST(times are bounded) {
  auto top = max_stamp_time.value();
  CAF_CHECK_EQUAL(with([&](auto& r) { r.boundary = stamp_time{top}; }), "ok");
  CAF_CHECK_EQUAL(with([&](auto& r) { r.boundary = stamp_time{top + 1}; }), "malformed");
  CAF_CHECK_EQUAL(with([&](auto& r) {
                    r.boundary = stamp_time{top};
                    r.stamps[1] = at(top);
                  }),
                  "ok");
  CAF_CHECK_EQUAL(with([&](auto& r) {
                    r.boundary = stamp_time{top};
                    r.stamps[1] = at(top + 1);
                  }),
                  "malformed");
  // Sums that wrap.
  for (auto delay : {~std::uint64_t{0}, ~std::uint64_t{0} - 899, ~std::uint64_t{0} - 900})
    CAF_CHECK_EQUAL(wired([&](auto& w) { w.set_delays(1, delay); }), "malformed");
  CAF_CHECK_EQUAL(wired([&](auto& w) { w.set_delays(0, ~std::uint64_t{0}); }), "malformed");
}

CAF_TEST(lists of different lengths are malformed) {
  CAF_CHECK_EQUAL(wired([](auto& w) { w.add_clients(1); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.add_streams(1); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.add_numbers(1); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.add_delays(1); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.clear_delays(); }), "malformed");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.clear_numbers(); }), "malformed");
  for (auto size : {0, 32, 63, 65, 96})
    CAF_CHECK_EQUAL(
        wired([&](auto& w) { w.set_digests(bytes(static_cast<std::size_t>(size), 'x')); }),
        "malformed");
}

CAF_TEST(a report of more stamps than allowed is too large) {
  auto r = sample();
  r.stamps.clear();
  for (std::uint64_t i = 0; i < 4; ++i)
    r.stamps.push_back(at(900 + i));
  CAF_CHECK_EQUAL(outcome(decode_stamp_report(encode(r), 4)), "ok");
  CAF_CHECK_EQUAL(outcome(decode_stamp_report(encode(r), 3)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_stamp_report(encode(r), 0)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode(bytes(max_report_bytes(most) + 1, '\0'))), "too_large");
  CAF_CHECK_EQUAL(outcome(decode(bytes(max_report_bytes(most), '\0'))), "malformed");
  // One byte on the wire is eight in memory; no list is longer than the body, though.
  CAF_CHECK_EQUAL(wired([](auto& w) {
                    for (std::uint32_t i = 0; i < 500; ++i)
                      w.add_numbers(1);
                  }),
                  "too_large");
}

CAF_TEST(no report is longer than is said) {
  for (std::uint32_t stamps : {0u, 1u, 40u}) {
    stamp_report r;
    r.replica = replica_id{65535};
    r.index = report_index{~std::uint64_t{0}};
    r.boundary = max_stamp_time;
    for (std::uint32_t i = 0; i < stamps; ++i) {
      auto s = at(max_stamp_time.value() - stamps + i);
      s.about = {client_id{~0u}, stream_id{15}, submission_number{~std::uint64_t{0}}};
      r.stamps.push_back(s);
    }
    CAF_CHECK(encode(r).size() <= max_report_bytes(stamps));
    CAF_CHECK_EQUAL(outcome(decode_stamp_report(encode(r), stamps)), "ok");
  }
}

CAF_TEST(lists that are not packed or come in pieces are malformed) {
  auto body = encode(sample());
  // "2a03ac0200" is the clients, "4203840702" the delays.
  auto replaced = [&](const char* was, const char* is) {
    auto changed = body;
    auto from = from_hex(was);
    changed.replace(changed.find(from), from.size(), from_hex(is));
    wire::StampReport w;
    CAF_CHECK(w.ParseFromString(changed)); // Protobuf takes it
    return outcome(decode(changed));
  };
  CAF_CHECK_EQUAL(replaced("2a03ac0200", "2a03ac0200"), "ok");
  CAF_CHECK_EQUAL(replaced("2a03ac0200", "28ac022800"), "malformed");
  CAF_CHECK_EQUAL(replaced("2a03ac0200", "2a02ac022a0100"), "malformed");
  CAF_CHECK_EQUAL(replaced("4203840702", "420484078200"), "malformed");
  CAF_CHECK_EQUAL(replaced("2a03ac0200", "2a03ac02002a00"), "malformed");
}

// -- peer messages -------------------------------------------------------------------------------

namespace {

auto decode_peer = [](byte_view encoded) {
  return decode_peer_message(encoded, {});
};

std::string zeros(std::size_t bytes) {
  return std::string(2 * bytes, '0');
}

/// Changes a message in its wire form.
template <class Change>
std::string_view rewired(const peer_message& m, Change change) {
  wire::PeerMessage w;
  w.ParseFromString(encode(m));
  change(w);
  return outcome(decode_peer(w.SerializeAsString()));
}

} // namespace

CAF_TEST(reports and questions for them come out as they went in) {
  check_round_trips(
      [](splitmix64& random) -> peer_message {
        if (flip(random))
          return stamp_reports{random_list(random, 10, random_signed_report)};
        return fetch_reports{sequence_number{random.next()}, random_list(random, 20, random_head)};
      },
      decode_peer);
}

CAF_TEST(the encodings of the messages are fixed) {
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{stamp_reports{{{"ab", {}}}}})),
                  "b20148" + ("0a46" + ("0a026162" + ("1240" + zeros(64)))));
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{fetch_reports{}})), "ba0100");
  chain_head named{replica_id{3}, report_index{300}, {}};
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{fetch_reports{sequence_number{7}, {named, {}}}})),
                  "ba014f"
                      + ("0807"
                         "1227"
                         + ("0803" + ("10ac02" + ("1a20" + zeros(32)))))
                      + ("1222" + ("1a20" + zeros(32))));
}

CAF_TEST(a report is carried without a look at its body) {
  for (const bytes& body : {bytes{}, bytes{"no report"}, bytes(100'000, '\xff')}) {
    peer_message m = stamp_reports{{{body, {}}}};
    CAF_CHECK(decode_peer(encode(m)) == m);
  }
}

CAF_TEST(signatures and digests in messages have their exact size) {
  peer_message reports = stamp_reports{{{"ab", {}}}};
  peer_message question = fetch_reports{{}, {{}}};
  for (std::size_t size : {1, 31, 33, 63, 65}) {
    bytes odd(size, 'x');
    CAF_CHECK_EQUAL(rewired(reports,
                            [&](auto& w) {
                              w.mutable_stamp_reports()->mutable_reports(0)->set_signature(odd);
                            }),
                    "malformed");
    CAF_CHECK_EQUAL(
        rewired(question,
                [&](auto& w) { w.mutable_fetch_reports()->mutable_reports(0)->set_report(odd); }),
        "malformed");
  }
  auto name = [](auto& w) {
    return w.mutable_fetch_reports()->mutable_reports(0);
  };
  CAF_CHECK_EQUAL(rewired(question, [&](auto& w) { name(w)->clear_report(); }), "malformed");
  CAF_CHECK_EQUAL(rewired(question, [&](auto& w) { name(w)->set_replica(65535); }), "ok");
  CAF_CHECK_EQUAL(rewired(question, [&](auto& w) { name(w)->set_replica(65536); }), "malformed");
  CAF_CHECK_EQUAL(rewired(question, [](auto& w) { w.mutable_fetch_reports()->clear_reports(); }),
                  "ok");
}

CAF_TEST(messages about stamps are bounded) {
  peer_limits limits;
  limits.max_message_bytes = 1000;
  limits.max_reports = 3;
  auto limited = [&](const peer_message& m) {
    return outcome(decode_peer_message(encode(m), limits));
  };
  CAF_CHECK_EQUAL(limited(stamp_reports{std::vector<signed_report>(3)}), "ok");
  CAF_CHECK_EQUAL(limited(stamp_reports{std::vector<signed_report>(4)}), "too_large");
  CAF_CHECK_EQUAL(limited(stamp_reports{{{bytes(1000, 'x'), {}}}}), "too_large");
  CAF_CHECK_EQUAL(limited(fetch_reports{{}, std::vector<chain_head>(3)}), "ok");
  CAF_CHECK_EQUAL(limited(fetch_reports{{}, std::vector<chain_head>(4)}), "too_large");
  // In several pieces, which Protobuf merges.
  auto piece = encode(peer_message{stamp_reports{std::vector<signed_report>(2)}});
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece, limits)), "ok");
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece + piece, limits)), "too_large");
  piece = encode(peer_message{fetch_reports{{}, std::vector<chain_head>(2)}});
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece, limits)), "ok");
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece + piece, limits)), "too_large");
}
