#define CAF_SUITE consensus_codec
#include "tests/suite.hpp"

#include "messages/consensus.hpp"

#include "messages/consensus.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

auto decode_peer = [](byte_view encoded) {
  return decode_peer_message(encoded, {});
};

/// Changes a message in its wire form.
template <class Change>
std::string_view changed(const peer_message& m, Change change, const peer_limits& limits = {}) {
  wire::PeerMessage w;
  w.ParseFromString(encode(m));
  change(w);
  return outcome(decode_peer_message(w.SerializeAsString(), limits));
}

committed_block block_with(std::size_t commits) {
  committed_block m;
  m.certificate.commits.resize(commits);
  return m;
}

/// A stored form is exactly what was stored, or corrupt.
template <class Make, class Decode>
void check_stored(Make make, Decode decode) {
  check_round_trips(make, decode);
  check_canonical(make, decode);
  splitmix64 random{1};
  auto encoded = encode(make(random));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    auto cut = decode(byte_view{encoded}.substr(0, size));
    if (cut)
      CAF_CHECK_EQUAL(encode(*cut), encoded.substr(0, size));
    else
      CAF_CHECK_EQUAL(outcome(cut), "corrupt");
  }
  CAF_CHECK_EQUAL(outcome(decode(bytes(1'000'000, '\0'))), "corrupt");
}

} // namespace

CAF_TEST(peer messages come out as they went in) {
  check_round_trips(random_peer_message, decode_peer);
}

CAF_TEST(hostile peer messages are survived) {
  check_hostile_bytes(random_peer_message, decode_peer);
}

CAF_TEST(certificates come out as they were stored or are corrupt) {
  check_stored(random_prepared, decode_prepared_certificate);
  check_stored(random_commits, decode_commit_certificate);
  check_stored(random_stable, decode_stable_checkpoint);
  check_stored(random_equivocation, decode_equivocation);
  check_stored(random_new_view, decode_new_view);
}

CAF_TEST(a proposal without a block is one with an empty block) {
  auto decoded = decode_peer(encode(peer_message{pre_prepare{}}));
  CAF_REQUIRE(decoded);
  auto& m = std::get<pre_prepare>(*decoded);
  CAF_REQUIRE(m.block != nullptr);
  CAF_CHECK(m.block->empty());
}

CAF_TEST(the encoding of a vote is fixed) {
  prepare m;
  m.what.view = view_number{1};
  m.what.sequence = sequence_number{300};
  m.by.replica = replica_id{3};
  auto zeros = [](int n) {
    return std::string(static_cast<std::size_t>(2 * n), '0');
  };
  CAF_CHECK_EQUAL(to_hex(encode(peer_message{m})), "126f"
                                                   "0a27"
                                                   "0801"
                                                   "10ac02"
                                                   "1a20"
                                                       + zeros(32)
                                                       + "1244"
                                                         "0803"
                                                         "1240"
                                                       + zeros(64));
}

CAF_TEST(messages of no kind are malformed) {
  CAF_CHECK_EQUAL(outcome(decode_peer("")), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_peer(from_hex("fa0100"))), "malformed"); // field 31
  CAF_CHECK_EQUAL(outcome(decode_peer(from_hex("0a00"))), "malformed");   // no statement
}

CAF_TEST(digests and signatures have their exact size) {
  for (auto size : {0, 31, 33}) {
    bytes digest(static_cast<std::size_t>(size), 'x');
    auto in_statement = [&](auto& s) {
      s.set_digest(digest);
    };
    CAF_CHECK_EQUAL(
        changed(prepare{}, [&](auto& m) { in_statement(*m.mutable_prepare()->mutable_what()); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(pre_prepare{},
                [&](auto& m) { in_statement(*m.mutable_pre_prepare()->mutable_what()); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(fetch_proposal{},
                [&](auto& m) { in_statement(*m.mutable_fetch_proposal()->mutable_what()); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(checkpoint{},
                [&](auto& m) { m.mutable_checkpoint()->mutable_what()->set_state(digest); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(block_with(1),
                [&](auto& m) {
                  in_statement(*m.mutable_committed_block()->mutable_certificate()->mutable_what());
                }),
        "malformed");
    if (size != 0)
      CAF_CHECK_EQUAL(
          changed(fetch_bodies{}, [&](auto& m) { m.mutable_fetch_bodies()->set_digests(digest); }),
          "malformed");
  }
  for (auto size : {0, 63, 65}) {
    bytes sig(static_cast<std::size_t>(size), 'x');
    CAF_CHECK_EQUAL(
        changed(pre_prepare{}, [&](auto& m) { m.mutable_pre_prepare()->set_signature(sig); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(commit{}, [&](auto& m) { m.mutable_commit()->mutable_by()->set_signature(sig); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(checkpoint{},
                [&](auto& m) { m.mutable_checkpoint()->mutable_by()->set_signature(sig); }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(
            block_with(2),
            [&](auto& m) {
              m.mutable_committed_block()->mutable_certificate()->mutable_commits(1)->set_signature(
                  sig);
            }),
        "malformed");
    CAF_CHECK_EQUAL(
        changed(bodies{{signed_submission{}}},
                [&](auto& m) { m.mutable_bodies()->mutable_submissions(0)->set_signature(sig); }),
        "malformed");
  }
}

CAF_TEST(replicas stay below the limit) {
  peer_limits limits;
  limits.max_replicas = 4;
  auto from = [&](std::uint32_t replica) {
    return changed(
        prepare{}, [&](auto& m) { m.mutable_prepare()->mutable_by()->set_replica(replica); },
        limits);
  };
  CAF_CHECK_EQUAL(from(3), "ok");
  CAF_CHECK_EQUAL(from(4), "malformed");
  CAF_CHECK_EQUAL(from(65536), "malformed");
}

CAF_TEST(sizes and lists are bounded) {
  peer_limits limits;
  limits.max_replicas = 4;
  limits.max_digests = 3;
  limits.max_message_bytes = 1000;
  auto limited = [&](const peer_message& m) {
    return outcome(decode_peer_message(encode(m), limits));
  };
  CAF_CHECK_EQUAL(limited(block_with(4)), "ok");
  CAF_CHECK_EQUAL(limited(block_with(5)), "too_large");
  CAF_CHECK_EQUAL(limited(fetch_bodies{{}, std::vector<digest>(3)}), "ok");
  CAF_CHECK_EQUAL(limited(fetch_bodies{{}, std::vector<digest>(4)}), "too_large");
  CAF_CHECK_EQUAL(limited(bodies{std::vector<signed_submission>(3)}), "ok");
  CAF_CHECK_EQUAL(limited(bodies{std::vector<signed_submission>(4)}), "too_large");
  pre_prepare m;
  m.block = std::make_shared<const bytes>(1000, 'x');
  CAF_CHECK_EQUAL(limited(m), "too_large");
}

CAF_TEST(lists in several pieces are counted together) {
  // Protobuf merges what comes twice, so each piece alone being short proves nothing.
  peer_limits limits;
  limits.max_digests = 3;
  auto piece = encode(peer_message{bodies{std::vector<signed_submission>(2)}});
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece, limits)), "ok");
  CAF_CHECK_EQUAL(outcome(decode_peer_message(piece + piece, limits)), "too_large");
}
