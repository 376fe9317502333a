// The actor around the core: what must be on the disk before a vote, and verdicts that come late.
#define CAF_SUITE replica
#include "tests/actor_suite.hpp"

#include "actors/replica.hpp"
#include "config/sample_market.hpp"
#include "tests/consensus/new_views.hpp"

#include <nlohmann/json.hpp>

using namespace bourse;
using namespace bourse::actors;
using bourse::test::seq;
using bourse::test::stand_in;
using bourse::test::view;

namespace {

constexpr std::uint64_t window = 8;

context_ptr make_context() {
  init_crypto();
  config::genesis g;
  g.market = config::sample_market();
  g.market.cluster = test::cluster_id();
  g.size = cluster_size{4};
  g.window = window;
  g.checkpoint_interval = 4;
  return context_ptr{new node_context{
      std::move(g), replica_id{1}, key_pair::from_seed({}), {}, {}, {}, true, {}, {}}};
}

full_block_ptr make_block(std::uint64_t n, std::uint64_t report) {
  std::vector<chain_head> heads{{replica_id{0}, report_index{report}, hash("report")}};
  auto encoded = std::make_shared<const bytes>(encode(block{test::cluster_id(), seq(n), heads}));
  auto name = hash(*encoded);
  return std::make_shared<const full_block>(full_block{seq(n), name, encoded, std::move(heads)});
}

/// Replica 1, a backup of replica 0, among stand-ins for the rest of the node.
struct fixture : test_coordinator_fixture<> {
  fixture() {
    others = sys.spawn([this]() -> caf::behavior {
      return {
          [this](check_atom, const consensus::proposal_check& c) { checks.push_back(c); },
          [this](persist_atom, const persist_ptr& w) { writes.push_back(w); },
          [this](execute_atom, const consensus::execution& e) { executions.push_back(e.digest); },
          [this](broadcast_atom, channel, const shared_bytes& m) { note(*m); },
          [this](send_atom, replica_id, channel, const shared_bytes& m) { note(*m); },
          [](grant_atom, const consensus::proposal_grant&) {},
          [](renew_atom, view_number) {},
          [this](stable_atom, sequence_number n) { stable = n; },
          [](position_atom, const position_ptr&) {},
          [](left_atom, const departure_ptr&) {},
          [](begun_atom, view_number) {},
      };
    });
    consensus::recovered_state from;
    from.chain = test::cluster_id();
    replica = spawn_replica(
        sys, {context, std::make_unique<stand_in>(context->self), std::move(from), {}});
    auto r = std::make_shared<routes>();
    r->view_change = caf::actor_cast<view_change_actor>(others);
    r->sequencer = caf::actor_cast<sequencer_actor>(others);
    r->ledger = caf::actor_cast<ledger_actor>(others);
    r->peers = caf::actor_cast<peers_actor>(others);
    r->transfer = caf::actor_cast<state_transfer_actor>(others);
    tell(start_atom::value, routes_ptr{r});
  }
  ~fixture() {
    for (const auto& a : {caf::actor_cast<caf::actor>(replica), others})
      caf::anon_send_exit(a, caf::exit_reason::kill);
    sched.run();
  }

  // -- what it is told ---------------------------------------------------------------------------

  template <class... Words>
  void tell(Words... words) {
    caf::anon_send(replica, std::move(words)...);
    sched.run();
  }
  void hear(std::uint16_t from, const peer_message& m) {
    auto frame = std::make_shared<bytes>();
    append_message(*frame, channel::consensus, encode(m));
    tell(frame_atom::value, replica_id{from}, frame_ptr{frame});
  }
  static statement about(const full_block_ptr& b, std::uint64_t v = 0) {
    return {view(v), b->sequence, b->digest};
  }
  void hear_proposal(const full_block_ptr& b, std::uint64_t v = 0) {
    auto primary = test::replica(v % 4);
    auto sig = stand_in{primary}.sign(purpose::pre_prepare, signed_bytes(about(b, v)));
    hear(primary.value(), pre_prepare{about(b, v), sig, b->encoded});
  }
  /// The block is final: replicas 0, 2 and 3 have committed it.
  void hear_final(const full_block_ptr& b) {
    committed_block m{{about(b), {}}, b->encoded};
    for (std::uint16_t i : {0, 2, 3}) {
      replica_id by{i};
      m.certificate.commits.push_back(
          {by, stand_in{by}.sign(purpose::commit, signed_bytes(about(b)))});
    }
    hear(2, m);
  }
  void make_stable(std::uint64_t n) {
    checkpoint_statement what{seq(n), hash("state")};
    for (std::uint16_t i : {0, 2, 3}) {
      replica_id by{i};
      hear(i, bourse::messages::checkpoint{
                  what, {by, stand_in{by}.sign(purpose::checkpoint, signed_bytes(what))}});
    }
    CAF_REQUIRE_EQUAL(status()["stable"]["sequence"].get<std::uint64_t>(), n);
  }
  void verdict(const full_block_ptr& b, bool fresh = true, std::uint64_t v = 0) {
    tell(checked_atom::value, about(b, v), fresh, b);
  }
  void executed(const full_block_ptr& b) {
    auto result = std::make_shared<market::block_result>();
    result->sequence = b->sequence;
    tell(executed_atom::value,
         executed_ptr{std::make_shared<const executed_block>(executed_block{nullptr, result, {}})});
  }
  /// Final and executed, of whatever it rests on: that is for the sequencer to see to.
  void come_by_fetching(const full_block_ptr& b) {
    hear_final(b);
    executed(b);
  }
  /// All that was written so far is on the disk.
  void sync() {
    std::uint64_t last = 0;
    for (const auto& w : writes)
      last = std::max(last, w->ticket);
    if (last > synced) {
      synced = last;
      tell(persisted_atom::value, last);
    }
  }

  // -- what it does ------------------------------------------------------------------------------

  void note(byte_view message) {
    auto m = decode_peer_message(message, {});
    CAF_REQUIRE(m);
    if (const auto* p = std::get_if<prepare>(&*m))
      prepares.push_back(p->what);
  }
  nlohmann::json status() {
    auto answer = self->request(replica, caf::infinite, status_atom::value);
    sched.run();
    nlohmann::json out;
    answer.receive([&](const std::string& s) { out = nlohmann::json::parse(s); },
                   [](const caf::error&) { CAF_FAIL("no status"); });
    return out;
  }
  std::size_t open_checks() {
    return status()["open_checks"].get<std::size_t>();
  }
  bool voted_on_disk(const full_block_ptr& b) const {
    for (const auto& w : writes)
      for (const auto& r : w->records)
        if (const auto* v = std::get_if<consensus::vote_record>(&r); v && v->what == about(b))
          return true;
    return false;
  }

  context_ptr context = make_context();
  replica_actor replica;
  caf::actor others;
  std::vector<consensus::proposal_check> checks;
  std::vector<persist_ptr> writes;
  std::vector<digest> executions;
  sequence_number stable;
  std::vector<statement> prepares;
  std::uint64_t synced = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(replica_tests, fixture)

// -- what must be durable -------------------------------------------------------------------------

CAF_TEST(no vote is written before the verdict and none leaves before it is on the disk) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  CAF_REQUIRE_EQUAL(checks.size(), 1u);
  CAF_CHECK(checks[0].fresh);
  CAF_CHECK(!voted_on_disk(b));
  verdict(b);
  CAF_CHECK(voted_on_disk(b));
  CAF_CHECK(prepares.empty());
  sync();
  CAF_REQUIRE_EQUAL(prepares.size(), 1u);
  CAF_CHECK(prepares[0] == about(b));
}

CAF_TEST(a fetched block is executed without a check) {
  auto b = make_block(1, 10);
  hear_final(b);
  CAF_CHECK(checks.empty());
  CAF_CHECK(executions == std::vector{b->digest});
}

CAF_TEST(a vote for a block that was executed long ago comes late) {
  std::vector<full_block_ptr> blocks;
  for (std::uint64_t n = 1; n <= window + 2; ++n)
    come_by_fetching(blocks.emplace_back(make_block(n, n)));
  make_stable(window);
  CAF_CHECK(stable == seq(window));
  sync();
  const auto& late = blocks.back();
  hear_proposal(late);
  verdict(late);
  CAF_CHECK(prepares.empty());
  sync();
  CAF_REQUIRE_EQUAL(prepares.size(), 1u);
  CAF_CHECK(prepares[0] == about(late));
  CAF_CHECK_EQUAL(executions.size(), window + 2); // once each
}

CAF_TEST(another block than the executed one gets no vote) {
  for (std::uint64_t n = 1; n <= window + 2; ++n)
    come_by_fetching(make_block(n, n));
  make_stable(window);
  sync();
  auto other = make_block(window + 2, 1000);
  hear_proposal(other);
  verdict(other);
  sync();
  CAF_CHECK(prepares.empty());
  CAF_CHECK(status()["rejected_proposals"] == 1);
  come_by_fetching(make_block(window + 3, window + 3));
  CAF_CHECK_EQUAL(open_checks(), 0u);
}

CAF_TEST(a block that is unacceptable gets no vote) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  tell(checked_atom::value, about(b), true, full_block_ptr{});
  sync();
  CAF_CHECK(!voted_on_disk(b));
  CAF_CHECK(prepares.empty());
}

// -- verdicts that come late ----------------------------------------------------------------------

CAF_TEST(a verdict of an earlier view on a block that is executed changes nothing) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  CAF_REQUIRE_EQUAL(open_checks(), 1u);
  tell(leave_atom::value, view(1));
  hear_final(b);
  executed(b);
  CAF_REQUIRE_EQUAL(open_checks(), 0u);
  verdict(b);
  CAF_CHECK_EQUAL(executions.size(), 1u);
  sync();
  CAF_CHECK(prepares.empty());
}

CAF_TEST(a verdict on a block that the window has left behind changes nothing) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  CAF_CHECK_EQUAL(open_checks(), 1u);
  make_stable(4);
  CAF_CHECK_EQUAL(open_checks(), 0u);
  verdict(b);
  sync();
  CAF_CHECK(prepares.empty());
}

CAF_TEST(a verdict on another block than the final one comes to nothing) {
  auto b = make_block(1, 10);
  auto other = make_block(1, 11);
  hear_proposal(other);
  hear_final(b);
  CAF_CHECK(executions == std::vector{b->digest});
  verdict(other);
  executed(b);
  CAF_CHECK_EQUAL(open_checks(), 0u);
  sync();
  CAF_CHECK(prepares.empty());
  CAF_CHECK_EQUAL(executions.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
