// The parts of the core one by one.
#define CAF_SUITE parts
#include "tests/suite.hpp"

#include "consensus/backoff.hpp"
#include "consensus/certificates.hpp"
#include "consensus/delivery.hpp"
#include "consensus/key_authenticator.hpp"
#include "consensus/message_log.hpp"
#include "consensus/proposer.hpp"
#include "consensus/replica_core.hpp"
#include "consensus/vote_set.hpp"
#include "tests/consensus/stand_in.hpp"

using namespace bourse::test;
using namespace bourse::consensus;

namespace {

signature signed_by(std::uint64_t i) {
  signature s;
  s.data[0] = static_cast<std::uint8_t>(i);
  return s;
}

const digest d1 = hash("one");
const digest d2 = hash("two");

/// Accepts what `signed_by` made and counts the work.
struct counting {
  int calls = 0;
  vote_set::verifier verify = [this](replica_id by, const signature& s) {
    ++calls;
    return s == signed_by(by.value());
  };
};

} // namespace

// -- vote_set -------------------------------------------------------------------------------------

CAF_TEST(votes are not verified before they can make a quorum) {
  vote_set v{{4}};
  counting c;
  v.add(replica(0), d1, signed_by(0));
  v.add(replica(1), d2, signed_by(1));
  v.add(replica(2), d1, signed_by(2));
  CAF_CHECK(!v.reach(d1, 3, c.verify));
  CAF_CHECK_EQUAL(c.calls, 0);
}

CAF_TEST(votes beyond the quorum cost nothing) {
  vote_set v{{7}};
  counting c;
  for (std::uint64_t i = 0; i < 7; ++i)
    v.add(replica(i), d1, signed_by(i));
  CAF_CHECK(v.reach(d1, 5, c.verify));
  CAF_CHECK(v.reach(d1, 5, c.verify));
  CAF_CHECK_EQUAL(c.calls, 5);
  CAF_CHECK_EQUAL(v.certificate(d1, 5).size(), 5u);
}

CAF_TEST(verified votes are remembered) {
  vote_set v{{4}};
  counting c;
  v.add_verified(replica(3), d1, signed_by(3));
  v.add(replica(0), d1, signed_by(9)); // bad
  v.add(replica(1), d1, signed_by(1));
  CAF_CHECK(!v.reach(d1, 3, c.verify));
  CAF_CHECK_EQUAL(c.calls, 1); // the bad one; the rest can't be enough any more
  CAF_CHECK(!v.has(replica(0)));
  v.add(replica(0), d1, signed_by(0));
  CAF_CHECK(v.reach(d1, 3, c.verify));
  CAF_CHECK_EQUAL(c.calls, 3);
  CAF_CHECK(v.verified(replica(0), d1, signed_by(0)));
  CAF_CHECK(!v.verified(replica(0), d1, signed_by(1)));
  CAF_CHECK(!v.verified(replica(2), d1, signed_by(2)));
}

CAF_TEST(a replica has one vote) {
  vote_set v{{4}};
  counting c;
  CAF_CHECK(v.add(replica(0), d1, signed_by(0)) == vote_set::outcome::added);
  CAF_CHECK(v.add(replica(0), d1, signed_by(0)) == vote_set::outcome::repeated);
  CAF_CHECK(v.add(replica(0), d2, signed_by(0)) == vote_set::outcome::added); // was unverified
  CAF_CHECK_EQUAL(v.count(d1), 0u);
  CAF_CHECK_EQUAL(v.count(d2), 1u);
  CAF_CHECK(v.reach(d2, 1, c.verify));
  CAF_CHECK(v.add(replica(0), d1, signed_by(0)) == vote_set::outcome::ignored);
  CAF_CHECK_EQUAL(v.count(d2), 1u);
}

// -- message_log ----------------------------------------------------------------------------------

CAF_TEST(the log holds the numbers between its water marks) {
  message_log log{{4}, 8, seq(16)};
  CAF_CHECK(!log.inside(seq(16)));
  CAF_CHECK(log.inside(seq(17)));
  CAF_CHECK(log.inside(seq(24)));
  CAF_CHECK(!log.inside(seq(25)));
  CAF_CHECK(!log.inside(seq(0)));
  CAF_CHECK(!log.inside(seq(~std::uint64_t{0})));
  CAF_CHECK_EQUAL(log.high().value(), 24u);
  for (std::uint64_t n = 17; n <= 24; ++n)
    CAF_CHECK_EQUAL(log.at(seq(n)).sequence.value(), n);
  CAF_CHECK_EQUAL(log.size(), 8u);
  log.truncate(seq(20));
  CAF_CHECK_EQUAL(log.size(), 4u);
  CAF_CHECK(log.find(seq(20)) == nullptr);
  CAF_CHECK(log.find(seq(21)) != nullptr);
  CAF_CHECK(log.inside(seq(28)));
}

CAF_TEST(the water marks do not overflow) {
  auto most = ~std::uint64_t{0};
  message_log log{{4}, 8, seq(most - 2)};
  CAF_CHECK_EQUAL(log.high().value(), most);
  CAF_CHECK(log.inside(seq(most)));
  CAF_CHECK(!log.inside(seq(0)));
  CAF_CHECK(!log.inside(seq(5)));
}

// -- proposer -------------------------------------------------------------------------------------

CAF_TEST(grants come once and in order) {
  proposer p{3};
  std::set<std::uint64_t> filled;
  auto is_filled = [&](sequence_number n) {
    return filled.contains(n.value());
  };
  CAF_CHECK_EQUAL(p.grant(seq(0), seq(8), is_filled).size(), 3u);
  CAF_CHECK(p.grant(seq(0), seq(8), is_filled).empty());
  CAF_CHECK(p.redeem(seq(1)));
  CAF_CHECK(!p.redeem(seq(1)));
  filled = {1};
  CAF_CHECK(p.grant(seq(0), seq(8), is_filled).empty());
  auto next = p.grant(seq(1), seq(8), is_filled);
  CAF_REQUIRE_EQUAL(next.size(), 1u);
  CAF_CHECK_EQUAL(next[0].value(), 4u);
  CAF_CHECK(p.grant(seq(1), seq(4), is_filled).empty());
}

CAF_TEST(grants are used in order) {
  proposer p{3};
  p.grant(seq(0), seq(8), [](sequence_number) { return false; });
  CAF_CHECK(!p.redeem(seq(2)));
  CAF_CHECK(p.redeem(seq(1)));
  CAF_CHECK(p.redeem(seq(2)));
}

CAF_TEST(what is filled is not granted) {
  proposer p{4};
  std::set<std::uint64_t> filled{1, 3};
  auto grants
      = p.grant(seq(0), seq(8), [&](sequence_number n) { return filled.contains(n.value()); });
  CAF_REQUIRE_EQUAL(grants.size(), 2u);
  CAF_CHECK_EQUAL(grants[0].value(), 2u);
  CAF_CHECK_EQUAL(grants[1].value(), 4u);
}

// -- delivery -------------------------------------------------------------------------------------

CAF_TEST(delivery stops while execution is far behind) {
  options o;
  o.checkpoint_interval = 4;
  delivery d{o, seq(10), cluster_id()};
  auto block = [](std::uint64_t n) {
    return committed_block{{{view(0), seq(n), hash(std::to_string(n))}, {}},
                           share(std::to_string(n))};
  };
  auto chain = cluster_id();
  for (std::uint64_t n = 11; d.room(); ++n) {
    auto e = d.deliver(block(n));
    chain = chain_next(chain, hash(std::to_string(n)));
    CAF_CHECK(e.chain == chain);
    CAF_CHECK_EQUAL(e.checkpoint, n % 4 == 0);
  }
  CAF_CHECK_EQUAL(d.delivered().value(), 10 + delivery::max_ahead);
  d.on_executed(seq(11));
  CAF_CHECK(d.room());
  CAF_CHECK_EQUAL(d.executed().value(), 11u);
}

// -- backoff --------------------------------------------------------------------------------------

CAF_TEST(intervals double up to eight times) {
  backoff b;
  CAF_CHECK(!b.due(1'000'000'000));
  b.start(0, 10);
  std::vector<std::uint64_t> due;
  for (std::uint64_t t = 0; t <= 400; ++t)
    if (b.due(t * ns_per_ms))
      due.push_back(t);
  CAF_CHECK_EQUAL(due, (std::vector<std::uint64_t>{10, 20, 40, 80, 160, 240, 320, 400}));
  b.hurry();
  CAF_CHECK(b.due(401 * ns_per_ms));
  CAF_CHECK(!b.due(410 * ns_per_ms));
  CAF_CHECK(b.due(411 * ns_per_ms));
  b.stop();
  b.hurry();
  CAF_CHECK(!b.due(10'000 * ns_per_ms));
}

// -- certificates, with real keys -----------------------------------------------------------------

namespace {

struct keyed {
  explicit keyed(std::uint16_t n) : size{n} {
    init_crypto();
    std::vector<public_key> keys;
    for (std::uint16_t i = 0; i < n; ++i)
      keys.push_back(pair(i).identity());
    for (std::uint16_t i = 0; i < n; ++i)
      auths.emplace_back(pair(i), keys, cluster_id());
  }
  static key_pair pair(std::uint16_t i) {
    std::array<std::uint8_t, 32> seed{};
    seed[0] = static_cast<std::uint8_t>(i);
    return key_pair::from_seed(seed);
  }
  template <class S>
  replica_signature by(std::uint16_t i, purpose why, const S& what) const {
    return {replica(i), auths[i].sign(why, signed_bytes(what))};
  }

  cluster_size size;
  std::vector<key_authenticator> auths;
};

} // namespace

CAF_TEST(a commit certificate) {
  for (std::uint16_t n : {4, 7}) {
    keyed k{n};
    commit_certificate c{{view(3), seq(5), d1}, {}};
    CAF_CHECK(!valid(c, k.size, k.auths[0]));
    for (std::uint16_t i = 0; i < k.size.quorum(); ++i)
      c.commits.push_back(k.by(i, purpose::commit, c.what));
    CAF_CHECK(valid(c, k.size, k.auths[0]));
    auto more = c;
    more.commits.push_back(k.by(k.size.quorum(), purpose::commit, c.what));
    CAF_CHECK(!valid(more, k.size, k.auths[0]));
    auto twice = c;
    twice.commits[0] = twice.commits[1];
    CAF_CHECK(!valid(twice, k.size, k.auths[0]));
    auto renamed = c;
    renamed.commits[0].replica = replica(n - 1);
    CAF_CHECK(!valid(renamed, k.size, k.auths[0]));
    auto stranger = c;
    stranger.commits[0].replica = replica(n);
    CAF_CHECK(!valid(stranger, k.size, k.auths[0]));
    for (auto other : {statement{view(2), seq(5), d1}, statement{view(3), seq(6), d1},
                       statement{view(3), seq(5), d2}}) {
      auto moved = c;
      moved.what = other;
      CAF_CHECK(!valid(moved, k.size, k.auths[0]));
    }
  }
}

CAF_TEST(a prepared certificate) {
  keyed k{4};
  statement what{view(5), seq(5), d1}; // its primary is replica 1
  prepared_certificate c{what,
                         k.by(1, purpose::pre_prepare, what).signature,
                         {k.by(0, purpose::prepare, what), k.by(3, purpose::prepare, what)}};
  CAF_CHECK(valid(c, k.size, k.auths[0]));
  auto with_primary = c;
  with_primary.prepares[0] = k.by(1, purpose::prepare, what);
  CAF_CHECK(!valid(with_primary, k.size, k.auths[0]));
  auto not_primary = c;
  not_primary.pre_prepare = k.by(2, purpose::pre_prepare, what).signature;
  CAF_CHECK(!valid(not_primary, k.size, k.auths[0]));
  auto commits = c;
  commits.prepares[0] = k.by(0, purpose::commit, what);
  CAF_CHECK(!valid(commits, k.size, k.auths[0]));
  auto twice = c;
  twice.prepares[1] = twice.prepares[0];
  CAF_CHECK(!valid(twice, k.size, k.auths[0]));
  auto few = c;
  few.prepares.pop_back();
  CAF_CHECK(!valid(few, k.size, k.auths[0]));
}

CAF_TEST(a stable checkpoint) {
  keyed k{4};
  stable_checkpoint c{{seq(32), d1}, {}};
  CAF_CHECK(!valid(c, k.size, k.auths[0]));
  for (std::uint16_t i : {0, 1, 3})
    c.proof.push_back(k.by(i, purpose::checkpoint, c.what));
  CAF_CHECK(valid(c, k.size, k.auths[0]));
  auto differs = c;
  differs.proof[2] = k.by(3, purpose::checkpoint, checkpoint_statement{seq(32), d2});
  CAF_CHECK(!valid(differs, k.size, k.auths[0]));
  auto twice = c;
  twice.proof[2] = twice.proof[0];
  CAF_CHECK(!valid(twice, k.size, k.auths[0]));
  // Genesis needs no proof, and has none.
  CAF_CHECK(valid(stable_checkpoint{}, k.size, k.auths[0]));
  c.what.sequence = seq(0);
  CAF_CHECK(!valid(c, k.size, k.auths[0]));
}

CAF_TEST(signatures are bound to the cluster) {
  keyed k{4};
  key_authenticator elsewhere{keyed::pair(0), {keyed::pair(0).identity()}, d1};
  auto sig = k.auths[0].sign(purpose::commit, "x");
  CAF_CHECK(k.auths[1].verify(replica(0), purpose::commit, "x", sig));
  CAF_CHECK(!k.auths[1].verify(replica(0), purpose::prepare, "x", sig));
  CAF_CHECK(!k.auths[1].verify(replica(1), purpose::commit, "x", sig));
  CAF_CHECK(!elsewhere.verify(replica(0), purpose::commit, "x", sig));
  CAF_CHECK(!elsewhere.verify(replica(1), purpose::commit, "x", sig));
}
