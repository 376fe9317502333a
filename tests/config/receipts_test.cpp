#define CAF_SUITE receipts
#include "tests/suite.hpp"

#include "config/receipts.hpp"
#include "config/sample_market.hpp"
#include "messages/crypto.hpp"
#include "messages/merkle.hpp"

using namespace bourse::config;

namespace {

/// Seven replicas, of which two may lie, and the results of a block with five reports.
struct fixture {
  fixture() {
    init_crypto();
    g.size.n = 7;
    g.market = sample_market();
    g.market.cluster = hash("a cluster");
    for (int i = 0; i < 7; ++i) {
      keys.push_back(key_pair::generate());
      g.replicas.push_back({keys.back().identity(), {}, {}});
    }
    for (std::uint64_t i = 1; i <= 5; ++i) {
      report r;
      r.number = report_number{i};
      r.client = client_id{1};
      r.kind = report_kind::fill;
      r.quantity = quantity{10};
      reports.push_back(encode(r));
      leaves.push_back(merkle_leaf(reports.back()));
    }
  }

  genesis g;
  std::vector<key_pair> keys;
  std::vector<bytes> reports;
  std::vector<digest> leaves;

  replica_signature sign(const results_statement& what, std::uint16_t replica) {
    return {replica_id{replica},
            keys[replica].sign(purpose::results, g.cluster(), signed_bytes(what))};
  }

  receipt make(std::uint32_t index, const std::vector<std::uint16_t>& signers) {
    receipt r;
    r.cluster = g.cluster();
    r.report = reports[index];
    r.index = index;
    r.count = static_cast<std::uint32_t>(leaves.size());
    r.path = merkle_path(leaves, index);
    r.what = {sequence_number{9}, hash("a block"), merkle_root(leaves)};
    for (auto signer : signers)
      r.signatures.push_back(sign(r.what, signer));
    return r;
  }

  errc problem(const receipt& r) {
    auto proved = verify_receipt(r, g);
    CAF_REQUIRE(!proved.has_value());
    return proved.error().code;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(receipts_tests, fixture)

CAF_TEST(f plus one signatures prove each report) {
  for (std::uint32_t i = 0; i < 5; ++i) {
    auto proved = verify_receipt(make(i, {6, 0, 3}), g);
    CAF_REQUIRE(proved.has_value());
    CAF_CHECK(proved->number == report_number{i + 1});
  }
}

CAF_TEST(fewer signatures prove nothing) {
  CAF_CHECK(problem(make(0, {0, 1})) == errc::invalid_certificate);
  CAF_CHECK(problem(make(0, {})) == errc::invalid_certificate);
  CAF_CHECK(problem(make(0, {0, 1, 1})) == errc::invalid_certificate);
}

CAF_TEST(every signature must be good) {
  auto r = make(0, {0, 1, 2, 3});
  r.signatures[3].signature.data[5] ^= 1;
  CAF_CHECK(problem(r) == errc::bad_signature);
  r = make(0, {0, 1, 2});
  r.signatures[1].replica = replica_id{4};
  CAF_CHECK(problem(r) == errc::bad_signature);
  r.signatures[1].replica = replica_id{7};
  CAF_CHECK(problem(r) == errc::unknown_replica);
}

CAF_TEST(the signed statement covers block and results) {
  auto r = make(0, {0, 1, 2});
  r.what.sequence = sequence_number{10};
  CAF_CHECK(problem(r) == errc::bad_signature);
  r = make(0, {0, 1, 2});
  r.what.block.data[0] ^= 1;
  CAF_CHECK(problem(r) == errc::bad_signature);
}

CAF_TEST(a signature for another purpose proves nothing) {
  auto r = make(0, {0, 1});
  r.signatures.push_back(
      {replica_id{2}, keys[2].sign(purpose::checkpoint, g.cluster(), signed_bytes(r.what))});
  CAF_CHECK(problem(r) == errc::bad_signature);
}

CAF_TEST(the report must be the one that was signed) {
  auto r = make(0, {0, 1, 2});
  r.report = reports[1];
  CAF_CHECK(problem(r) == errc::invalid_certificate);
  r = make(0, {0, 1, 2});
  r.index = 1;
  CAF_CHECK(problem(r) == errc::invalid_certificate);
  r = make(0, {0, 1, 2});
  r.path.pop_back();
  CAF_CHECK(problem(r) == errc::invalid_certificate);
  r = make(0, {0, 1, 2});
  r.path[0].data[0] ^= 1;
  CAF_CHECK(problem(r) == errc::invalid_certificate);
}

CAF_TEST(another cluster proves nothing) {
  auto r = make(0, {0, 1, 2});
  r.cluster = hash("another cluster");
  CAF_CHECK(problem(r) == errc::wrong_cluster);
}

CAF_TEST_FIXTURE_SCOPE_END()
