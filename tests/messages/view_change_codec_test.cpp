#define CAF_SUITE view_change_codec
#include "tests/suite.hpp"

#include "messages/consensus.hpp"

#include "messages/consensus.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

auto decode_change = [](byte_view encoded) {
  return decode_view_change_content(encoded, {});
};
auto decode_new = [](byte_view encoded) {
  return decode_new_view_content(encoded, {});
};

std::string zeros(int n) {
  return std::string(static_cast<std::size_t>(2 * n), '0');
}

peer_limits small_limits() {
  peer_limits limits;
  limits.max_replicas = 4;
  limits.max_prepared = 3;
  return limits;
}

std::string_view limited(const view_change_content& c) {
  return outcome(decode_view_change_content(encode(c), small_limits()));
}

std::string_view limited(const new_view_content& c) {
  return outcome(decode_new_view_content(encode(c), small_limits()));
}

/// Certificates with so many prepares each.
view_change_content content_with(std::size_t certificates, std::size_t prepares) {
  view_change_content c;
  c.prepared.resize(certificates);
  for (auto& p : c.prepared)
    p.prepares.resize(prepares);
  return c;
}

template <class Change>
std::string_view changed(view_change_content c, Change change) {
  wire::ViewChangeContent w;
  w.ParseFromString(encode(c));
  change(w);
  return outcome(decode_change(w.SerializeAsString()));
}

template <class Change>
std::string_view changed(new_view_content c, Change change) {
  wire::NewViewContent w;
  w.ParseFromString(encode(c));
  change(w);
  return outcome(decode_new(w.SerializeAsString()));
}

} // namespace

CAF_TEST(contents come out as they went in) {
  check_round_trips(random_view_change_content, decode_change);
  check_round_trips(random_new_view_content, decode_new);
}

CAF_TEST(hostile contents are survived) {
  check_hostile_bytes(random_view_change_content, decode_change);
  check_hostile_bytes(random_new_view_content, decode_new);
}

CAF_TEST(contents have one encoding) {
  check_canonical(random_view_change_content, decode_change);
  check_canonical(random_new_view_content, decode_new);
}

CAF_TEST(the encodings are fixed) {
  view_change_content change;
  change.view = view_number{2};
  change.stable.what.sequence = sequence_number{8};
  change.stable.proof.resize(1);
  change.stable.proof[0].replica = replica_id{3};
  auto signature = "1240" + zeros(64);
  CAF_CHECK_EQUAL(to_hex(encode(change)), "0802"
                                          "126c"
                                          "0a24"
                                          "0808"
                                          "1220"
                                              + zeros(32) + "1244" + "0803" + signature);
  change = {};
  change.prepared.resize(1);
  change.prepared[0].what.sequence = sequence_number{9};
  CAF_CHECK_EQUAL(to_hex(encode(change)), "1224"
                                          "0a22"
                                          "1220"
                                              + zeros(32) + "1a68" + "0a24" + "1009" + "1a20"
                                              + zeros(32) + signature);
  new_view_content view;
  view.view = view_number{2};
  view.changes.push_back({"ab", {replica_id{1}, {}}});
  view.pre_prepares.resize(2);
  CAF_CHECK_EQUAL(to_hex(encode(view)), "0802"
                                        "124a"
                                        "0a026162"
                                        "1244"
                                        "0801"
                                            + signature + "1a8001" + zeros(128));
}

CAF_TEST(the encodings of the messages are fixed) {
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{wish{view_number{300}}})), "5a03"
                                                                        "08ac02");
  auto signed_content = "0a026162"
                        "1244"
                        "0801"
                        "1240"
                        + zeros(64);
  replica_signature by{replica_id{1}, {}};
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{view_change{"ab", by}})), "624a" + signed_content);
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{new_view{"ab", by}})), "6a4a" + signed_content);
  CAF_CHECK_EQUAL(to_hex(encode(new_view{"ab", by})), signed_content); // as it is stored
}

CAF_TEST(a message is carried without a look at its body) {
  for (const bytes& body : {bytes{}, bytes{"no content"}, bytes(100'000, '\xff')}) {
    peer_message m = view_change{body, {}};
    CAF_CHECK(decode_peer_message(encode(m), {}) == m);
    m = new_view{body, {}};
    CAF_CHECK(decode_peer_message(encode(m), {}) == m);
  }
}

CAF_TEST(messages are bounded) {
  peer_limits limits;
  limits.max_message_bytes = 1000;
  limits.max_replicas = 4;
  auto check = [&](std::size_t size, std::uint16_t by) {
    auto change = encode(peer_message{view_change{bytes(size, 'x'), {replica_id{by}, {}}}});
    auto view = encode(peer_message{new_view{bytes(size, 'x'), {replica_id{by}, {}}}});
    auto first = outcome(decode_peer_message(change, limits));
    CAF_CHECK_EQUAL(outcome(decode_peer_message(view, limits)), first);
    return first;
  };
  CAF_CHECK_EQUAL(check(900, 3), "ok");
  CAF_CHECK_EQUAL(check(1000, 3), "too_large");
  CAF_CHECK_EQUAL(check(900, 4), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_view_change_content(bytes(1001, '\0'), limits)), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_new_view_content(bytes(1001, '\0'), limits)), "too_large");
}

CAF_TEST(the lists of a view change are bounded) {
  CAF_CHECK_EQUAL(limited(content_with(3, 4)), "ok");
  CAF_CHECK_EQUAL(limited(content_with(4, 0)), "too_large");
  CAF_CHECK_EQUAL(limited(content_with(3, 5)), "too_large");
  CAF_CHECK_EQUAL(limited(content_with(1, 5)), "malformed"); // no more than three full ones have
  view_change_content c;
  c.stable.proof.resize(4);
  CAF_CHECK_EQUAL(limited(c), "ok");
  c.stable.proof.resize(5);
  CAF_CHECK_EQUAL(limited(c), "too_large");
  c = content_with(1, 1);
  c.prepared[0].prepares[0].replica = replica_id{4};
  CAF_CHECK_EQUAL(limited(c), "malformed");
  c = {};
  c.stable.proof.resize(1);
  c.stable.proof[0].replica = replica_id{4};
  CAF_CHECK_EQUAL(limited(c), "malformed");
}

CAF_TEST(the lists of a new view are bounded) {
  new_view_content c;
  c.changes.resize(4);
  c.pre_prepares.resize(3);
  CAF_CHECK_EQUAL(limited(c), "ok");
  c.changes.resize(5);
  CAF_CHECK_EQUAL(limited(c), "too_large");
  c.changes.resize(1);
  c.changes[0].by.replica = replica_id{4};
  CAF_CHECK_EQUAL(limited(c), "malformed");
  c.changes.clear();
  c.pre_prepares.resize(4);
  CAF_CHECK_EQUAL(limited(c), "too_large");
}

CAF_TEST(lists in several pieces are counted together) {
  // Protobuf merges what comes twice, so each piece alone being short proves nothing.
  view_change_content proof;
  proof.stable.proof.resize(3);
  auto limits = small_limits();
  for (const auto& piece : {encode(proof), encode(content_with(2, 4))}) {
    CAF_CHECK_EQUAL(outcome(decode_view_change_content(piece, limits)), "ok");
    CAF_CHECK_EQUAL(outcome(decode_view_change_content(piece + piece, limits)), "too_large");
  }
  new_view_content c;
  c.changes.resize(3);
  auto piece = encode(c);
  CAF_CHECK_EQUAL(outcome(decode_new_view_content(piece, limits)), "ok");
  CAF_CHECK_EQUAL(outcome(decode_new_view_content(piece + piece, limits)), "too_large");
}

CAF_TEST(digests and signatures have their exact size) {
  auto one = content_with(1, 1);
  for (auto size : {0, 31, 33}) {
    bytes digest(static_cast<std::size_t>(size), 'x');
    CAF_CHECK_EQUAL(
        changed(one, [&](auto& w) { w.mutable_stable()->mutable_what()->set_state(digest); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(one, [&](auto& w) { w.mutable_prepared(0)->mutable_what()->set_digest(digest); }),
        "malformed");
  }
  new_view_content view;
  view.changes.resize(1);
  for (auto size : {0, 63, 65}) {
    bytes sig(static_cast<std::size_t>(size), 'x');
    CAF_CHECK_EQUAL(changed(one, [&](auto& w) { w.mutable_prepared(0)->set_pre_prepare(sig); }),
                    "malformed");
    CAF_CHECK_EQUAL(
        changed(one,
                [&](auto& w) { w.mutable_prepared(0)->mutable_prepares(0)->set_signature(sig); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(view, [&](auto& w) { w.mutable_changes(0)->mutable_by()->set_signature(sig); }),
        "malformed");
    if (size != 0)
      CAF_CHECK_EQUAL(changed(view, [&](auto& w) { w.set_pre_prepares(sig); }), "malformed");
  }
  CAF_CHECK_EQUAL(outcome(decode_change("")), "malformed"); // no checkpoint
  CAF_CHECK_EQUAL(changed(one, [](auto& w) { w.clear_stable(); }), "malformed");
  CAF_CHECK_EQUAL(changed(view, [](auto& w) { w.mutable_changes(0)->clear_by(); }), "malformed");
}
