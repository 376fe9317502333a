// The actor around the core: what stays on its shelf, and what must be on the disk before a vote.
#define CAF_SUITE replica
#include "tests/actor_suite.hpp"

#include "actors/block_shelf.hpp"
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

full_block_ptr make_block(std::uint64_t n, std::uint64_t time) {
  auto b = std::make_shared<full_block>();
  b->sequence = seq(n);
  b->content = {test::cluster_id(), seq(n), block_time{time}, {}};
  b->encoded = std::make_shared<const bytes>(encode(b->content));
  b->digest = hash(*b->encoded);
  return b;
}

/// Replica 1, a backup of replica 0, among stand-ins for the rest of the node.
struct fixture : test_coordinator_fixture<> {
  fixture() {
    others = sys.spawn([this]() -> caf::behavior {
      return {
          [this](check_atom, const consensus::proposal_check& c) { checks.push_back(c); },
          [this](persist_atom, const persist_ptr& w) { writes.push_back(w); },
          [this](execute_atom, const execution_ptr& e) { executions.push_back(e->block); },
          [this](broadcast_atom, channel, const shared_bytes& m) { note(*m); },
          [this](send_atom, replica_id, channel, const shared_bytes& m) { note(*m); },
          [](grant_atom, const consensus::proposal_grant&) {},
          [](renew_atom, view_number) {},
          [](position_atom, const position_ptr&) {},
          [](left_atom, const departure_ptr&) {},
          [](begun_atom, view_number) {},
      };
    });
    consensus::recovered_state from;
    from.chain = test::cluster_id();
    replica = spawn_replica(
        sys, {context, std::make_unique<stand_in>(context->self), std::move(from), {}, {}});
    auto r = std::make_shared<routes>();
    r->view_change = caf::actor_cast<view_change_actor>(others);
    r->mempool = caf::actor_cast<mempool_actor>(others);
    r->clearing = caf::actor_cast<clearing_actor>(others);
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
         executed_ptr{std::make_shared<const executed_block>(executed_block{b, result, {}})});
  }
  /// Final, executed, and nothing of it is left.
  void come_by_fetching(const full_block_ptr& b) {
    hear_final(b);
    verdict(b, false);
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
  std::size_t held() {
    return status()["blocks_held"].get<std::size_t>();
  }
  /// How often its bodies were handed in to be written.
  std::ptrdiff_t bodies_of(const full_block_ptr& b) const {
    std::ptrdiff_t times = 0;
    for (const auto& w : writes)
      times += std::count(w->bodies.begin(), w->bodies.end(), b);
    return times;
  }
  /// Its bodies are in the write that holds the vote, or an earlier one.
  bool bodies_before_vote(const full_block_ptr& b) const {
    bool bodies = false;
    for (const auto& w : writes) {
      bodies |= std::count(w->bodies.begin(), w->bodies.end(), b) > 0;
      for (const auto& r : w->records)
        if (const auto* v = std::get_if<consensus::vote_record>(&r); v && v->what == about(b))
          return bodies;
    }
    return false;
  }

  context_ptr context = make_context();
  replica_actor replica;
  caf::actor others;
  std::vector<consensus::proposal_check> checks;
  std::vector<persist_ptr> writes;
  std::vector<full_block_ptr> executions;
  std::vector<statement> prepares;
  std::uint64_t synced = 0;
};

} // namespace

CAF_TEST(a shelf has the bodies of each block written once) {
  block_shelf shelf;
  auto a = make_block(1, 10);
  auto b = make_block(1, 11);
  CAF_CHECK(!shelf.claim_write(a->digest));
  shelf.put(a);
  shelf.put(b, true);
  CAF_CHECK(shelf.claim_write(a->digest));
  CAF_CHECK(!shelf.claim_write(a->digest));
  CAF_CHECK(!shelf.claim_write(b->digest));
  shelf.put(a); // again: they are written all the same
  CAF_CHECK(!shelf.claim_write(a->digest));
  CAF_CHECK_EQUAL(shelf.size(), 2u);
}

CAF_TEST(a shelf lets go of what was executed or left behind) {
  block_shelf shelf;
  for (std::uint64_t n = 1; n <= 6; ++n)
    shelf.put(make_block(n, n));
  shelf.drop(seq(1));
  shelf.drop_between(seq(3), seq(5));
  for (std::uint64_t n = 1; n <= 6; ++n)
    CAF_CHECK_EQUAL(shelf.find(make_block(n, n)->digest) != nullptr, n == 2 || n == 3 || n == 6);
}

CAF_TEST_FIXTURE_SCOPE(replica_tests, fixture)

// -- what must be durable -------------------------------------------------------------------------

CAF_TEST(no vote leaves before it and the bodies are on the disk) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  CAF_REQUIRE_EQUAL(checks.size(), 1u);
  verdict(b);
  CAF_CHECK(prepares.empty());
  CAF_CHECK(bodies_before_vote(b));
  sync();
  CAF_REQUIRE_EQUAL(prepares.size(), 1u);
  CAF_CHECK(prepares[0] == about(b));
}

CAF_TEST(the bodies of a fetched block are written before it is executed) {
  auto b = make_block(1, 10);
  hear_final(b);
  CAF_REQUIRE_EQUAL(checks.size(), 1u);
  CAF_CHECK(!checks[0].fresh);
  CAF_CHECK(executions.empty());
  verdict(b, false);
  CAF_CHECK_EQUAL(executions.size(), 1u);
  CAF_CHECK_EQUAL(bodies_of(b), 1);
}

CAF_TEST(a late vote needs the bodies of an executed block not again) {
  std::vector<full_block_ptr> blocks;
  for (std::uint64_t n = 1; n <= window + 2; ++n)
    come_by_fetching(blocks.emplace_back(make_block(n, n)));
  make_stable(window);
  sync();
  const auto& late = blocks.back();
  hear_proposal(late);
  verdict(late);
  CAF_CHECK(prepares.empty());
  CAF_CHECK_EQUAL(bodies_of(late), 1);
  CAF_CHECK(bodies_before_vote(late));
  sync();
  CAF_REQUIRE_EQUAL(prepares.size(), 1u);
  CAF_CHECK(prepares[0] == about(late));
}

CAF_TEST(another block than the executed one gets no vote and leaves nothing) {
  for (std::uint64_t n = 1; n <= window + 2; ++n)
    come_by_fetching(make_block(n, n));
  make_stable(window);
  sync();
  auto other = make_block(window + 2, 1000);
  hear_proposal(other);
  verdict(other);
  sync();
  CAF_CHECK(prepares.empty());
  CAF_CHECK_EQUAL(bodies_of(other), 0);
  CAF_CHECK(status()["rejected_proposals"] == 1);
  come_by_fetching(make_block(window + 3, window + 3));
  CAF_CHECK_EQUAL(held(), 0u); // what was looked at goes with the next execution
}

// -- verdicts that come late ----------------------------------------------------------------------

CAF_TEST(a verdict of an earlier view on a block that is executed leaves nothing) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  tell(leave_atom::value, view(1));
  hear_final(b);
  CAF_REQUIRE_EQUAL(checks.size(), 2u);
  CAF_CHECK(checks[1].what == about(b, 1));
  verdict(b, false, 1);
  executed(b);
  CAF_REQUIRE_EQUAL(held(), 0u);
  verdict(b);
  CAF_CHECK_EQUAL(held(), 0u);
  CAF_CHECK_EQUAL(bodies_of(b), 1);
  sync();
  CAF_CHECK(prepares.empty());
}

CAF_TEST(a verdict on a block that the window has left behind leaves nothing) {
  auto b = make_block(1, 10);
  hear_proposal(b);
  make_stable(4);
  verdict(b);
  CAF_CHECK_EQUAL(held(), 0u);
  sync();
  CAF_CHECK(prepares.empty());
}

CAF_TEST(a verdict on another block than the final one lets that be executed) {
  auto b = make_block(1, 10);
  auto other = make_block(1, 11);
  hear_proposal(other);
  hear_final(b);
  verdict(other); // the bodies of the final one are still on their way
  CAF_CHECK(executions.empty());
  CAF_CHECK_EQUAL(bodies_of(other), 0);
  verdict(b, false);
  CAF_REQUIRE_EQUAL(executions.size(), 1u);
  CAF_CHECK(executions[0] == b);
  executed(b);
  CAF_CHECK_EQUAL(held(), 0u);
  sync();
  CAF_CHECK(prepares.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
