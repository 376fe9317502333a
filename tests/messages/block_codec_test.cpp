#define CAF_SUITE block_codec
#include "tests/suite.hpp"

#include "messages/block.hpp"

#include "messages/consensus.pb.h"
#include "messages/stamps.pb.h"
#include "tests/messages/codec_checks.hpp"

using namespace bourse;
using namespace bourse::messages;

namespace {

auto make = [](splitmix64& random) {
  return random_block(random, 40);
};

chain_head head(std::uint16_t replica, std::uint64_t index, std::uint8_t fill) {
  chain_head out{replica_id{replica}, report_index{index}, {}};
  out.report.data.fill(fill);
  return out;
}

block sample() {
  block b;
  b.cluster.data.fill(0xc1);
  b.sequence = sequence_number{300};
  b.heads = {head(1, 5, 0x0a), head(700, 0, 0x0b)};
  return b;
}

/// Changes a block and says what becomes of its encoding.
template <class Change>
std::string_view with(Change change) {
  auto b = sample();
  change(b);
  return outcome(decode_block(encode(b)));
}

/// Changes a block in its wire form.
template <class Change>
std::string_view wired(Change change) {
  wire::Block w;
  w.ParseFromString(encode(sample()));
  change(w);
  return outcome(decode_block(w.SerializeAsString()));
}

} // namespace

CAF_TEST(blocks come out as they went in) {
  check_round_trips(make, decode_block);
  check_round_trips([](splitmix64& random) { return random_block(random, 1000); }, decode_block);
}

CAF_TEST(hostile blocks are survived) {
  check_hostile_bytes(make, decode_block);
}

CAF_TEST(a block has one encoding) {
  check_canonical(make, decode_block);
}

CAF_TEST(the encoding is fixed) {
  std::string fill[] = {"", "", ""};
  for (int i = 0; i < 32; ++i) {
    fill[0] += "c1";
    fill[1] += "0a";
    fill[2] += "0b";
  }
  auto header = "0a20" + fill[0] + "10ac02";
  CAF_CHECK_EQUAL(to_hex(encode(sample())),
                  header + ("1a26" + ("0801" + ("1005" + ("1a20" + fill[1]))))
                      + ("1a25" + ("08bc05" + ("1a20" + fill[2]))));
  auto null = sample();
  null.heads.clear();
  CAF_CHECK_EQUAL(to_hex(encode(null)), header);
}

CAF_TEST(heads ascend by replica and none names two) {
  CAF_CHECK_EQUAL(with([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(with([](auto& b) { b.heads[1].replica = replica_id{2}; }), "ok");
  CAF_CHECK_EQUAL(with([](auto& b) { b.heads[1].replica = replica_id{1}; }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& b) { b.heads[1].replica = replica_id{0}; }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& b) { b.heads[1] = b.heads[0]; }), "malformed");
  CAF_CHECK_EQUAL(with([](auto& b) { b.heads.push_back(head(699, 1, 1)); }), "malformed");
}

CAF_TEST(a block of more heads than the largest cluster is too large) {
  auto of = [](std::uint16_t heads) {
    return with([&](auto& b) {
      b.heads.clear();
      for (std::uint16_t i = 0; i < heads; ++i)
        b.heads.push_back(head(static_cast<std::uint16_t>(65535 - heads + i), UINT64_MAX, 0xff));
    });
  };
  CAF_CHECK_EQUAL(of(peer_limits{}.max_replicas), "ok"); // and so within max_block_bytes
  CAF_CHECK_EQUAL(of(peer_limits{}.max_replicas + 1), "too_large");
  CAF_CHECK_EQUAL(outcome(decode_block(bytes(max_block_bytes, '\0'))), "malformed");
  CAF_CHECK_EQUAL(outcome(decode_block(bytes(max_block_bytes + 1, '\0'))), "too_large");
  // Many that are empty, each of two bytes.
  auto tiny = encode(null_block({}, sequence_number{1}));
  for (int i = 0; i < 20'000; ++i)
    tiny += from_hex("1a00");
  CAF_CHECK_EQUAL(outcome(decode_block(tiny)), "too_large");
}

CAF_TEST(fields out of range are malformed) {
  CAF_CHECK_EQUAL(outcome(decode_block("")), "malformed"); // no cluster
  CAF_CHECK_EQUAL(wired([](auto&) {}), "ok");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.mutable_heads(1)->set_replica(65535); }), "ok");
  CAF_CHECK_EQUAL(wired([](auto& w) { w.mutable_heads(1)->set_replica(65536); }), "malformed");
  // As 16 bits this would be replica 2.
  CAF_CHECK_EQUAL(wired([](auto& w) { w.mutable_heads(1)->set_replica(65538); }), "malformed");
  for (std::size_t size : {0, 31, 33, 64}) {
    bytes odd(size, 'x');
    CAF_CHECK_EQUAL(wired([&](auto& w) { w.set_cluster(odd); }), "malformed");
    CAF_CHECK_EQUAL(wired([&](auto& w) { w.mutable_heads(0)->set_report(odd); }), "malformed");
  }
}
