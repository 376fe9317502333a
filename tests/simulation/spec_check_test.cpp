// The simulator's specification knows what honest nodes know, whoever lies to them.
#define CAF_SUITE spec_check
#include "tests/suite.hpp"

#include "simulation/spec_check.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace bourse::simulation;

namespace {

constexpr std::size_t liar = 3;

/// Node 0 listens.
struct fixture {
  cluster nodes{[] {
    cluster_options o;
    o.genesis = test_genesis();
    o.asleep = true;
    return o;
  }()};
  violations out;
  spec_check spec{nodes, out};
  statement first{view_number{0}, sequence_number{1}, hash("a block")};

  fixture() {
    conformance::started s;
    s.chain = nodes.genesis().cluster();
    spec.took(0, s);
  }
  /// In the name of `by`, whoever signs.
  replica_signature sign(std::size_t by, std::size_t signer, purpose why, byte_view what) const {
    return {nodes.identity(by), replica_key(signer).sign(why, nodes.genesis().cluster(), what)};
  }
  std::vector<replica_signature> quorum(bool forged, purpose why, byte_view what) const {
    std::vector<replica_signature> all;
    for (std::size_t i = 1; i < 4; ++i)
      all.push_back(sign(i, forged ? liar : i, why, what));
    return all;
  }
  void hears_of_liar(const peer_message& m) {
    spec.took(0, conformance::received{nodes.identity(liar), m});
  }
  void executes_first() {
    spec.took(0, conformance::executing{first.sequence, first.digest,
                                        chain_next(nodes.genesis().cluster(), first.digest)});
  }
  /// Without a proposal or a prepare.
  void commits_first() {
    spec.took(
        0, conformance::said{{}, commit{first, sign(0, 0, purpose::commit, signed_bytes(first))}});
  }
  view_change proves(sequence_number n, bool forged) const {
    view_change_content c;
    c.view = view_number{1};
    c.stable.what = {n, hash("a state")};
    c.stable.proof = quorum(forged, purpose::checkpoint, signed_bytes(c.stable.what));
    view_change m;
    m.body = encode(c);
    m.by = sign(liar, liar, purpose::view_change, hash(m.body).view());
    return m;
  }
};

} // namespace

CAF_TEST(a forged stable checkpoint excuses no commit without prepares) {
  for (bool forged : {false, true}) {
    fixture f;
    f.hears_of_liar(f.proves(sequence_number{8}, forged));
    f.commits_first(); // below a stable checkpoint the log is forgotten
    CAF_CHECK_EQUAL(f.out.empty(), !forged);
  }
}

CAF_TEST(a forged final block may not be executed) {
  for (bool forged : {false, true}) {
    fixture f;
    f.hears_of_liar(committed_block{
        {f.first, f.quorum(forged, purpose::commit, signed_bytes(f.first))}, nullptr});
    f.executes_first();
    CAF_CHECK_EQUAL(f.out.empty(), !forged);
  }
}
