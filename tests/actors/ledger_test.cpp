// What others read does not hold up what votes wait for.
#define CAF_SUITE ledger
#include "tests/actor_suite.hpp"

#include "actors/ledger.hpp"
#include "config/sample_market.hpp"
#include "simulation/memory_links.hpp"
#include "storage/base.hpp"
#include "storage/memory_store.hpp"
#include "storage/records.hpp"

using namespace bourse;
using namespace bourse::actors;

namespace {

context_ptr make_context() {
  init_crypto();
  config::genesis g;
  g.market = config::sample_market();
  g.size = cluster_size{4};
  return context_ptr{new node_context{
      std::move(g), replica_id{0}, key_pair::from_seed({}), {}, {}, {}, true, {}, {}}};
}

/// A ledger that nobody has written to.
struct fixture : test_coordinator_fixture<> {
  fixture() {
    ledger = spawn_ledger(sys, {context, storage::open_memory_store(disk), {}});
    auto r = std::make_shared<routes>();
    r->peers = simulation::spawn_memory_peers(
        sys, [this](std::optional<replica_id> to, channel, const shared_bytes& m) {
          auto what = decode_peer_message(*m, {});
          CAF_REQUIRE(what && std::holds_alternative<bodies>(*what));
          for (const auto& s : std::get<bodies>(*what).submissions)
            given.emplace_back(to->value(), s.body);
        });
    peers = r->peers;
    caf::anon_send(ledger, start_atom::value, routes_ptr{r});
    sched.run();
  }
  ~fixture() {
    for (auto a : {caf::actor_cast<caf::actor>(ledger), caf::actor_cast<caf::actor>(peers)})
      caf::anon_send_exit(a, caf::exit_reason::kill);
    sched.run();
  }

  /// A block has executed this body: for the next write.
  void keep(std::uint64_t block, const bytes& body) {
    auto submission = std::make_shared<verified_submission>();
    submission->source.body = body;
    auto full = std::make_shared<full_block>();
    full->sequence = sequence_number{block};
    full->digest = hash(body);
    auto what = std::make_shared<execution_request>();
    what->block = full;
    what->executes = {submission};
    auto result = std::make_shared<market::block_result>();
    result->sequence = sequence_number{block};
    caf::anon_send(
        ledger, executed_atom::value,
        executed_ptr{std::make_shared<const executed_block>(executed_block{what, result, {}})});
  }
  /// Something waits for what has been handed in.
  void hurry() {
    auto what = std::make_shared<persist_request>();
    what->urgent = true;
    caf::anon_send(ledger, persist_atom::value, persist_ptr{what});
  }
  void ask(std::uint16_t who, std::uint64_t block, const bytes& body) {
    caf::anon_send(ledger, bodies_atom::value, replica_id{who},
                   fetch_bodies{sequence_number{block}, {hash(body)}});
  }

  context_ptr context = make_context();
  storage::memory_disk disk;
  ledger_actor ledger;
  peers_actor peers;
  std::vector<std::pair<std::uint16_t, bytes>> given; ///< bodies, and to whom
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ledger_tests, fixture)

CAF_TEST(whoever asks waits for the write that comes and makes none) {
  keep(1, "a");
  ask(1, 1, "a");
  auto trades = self->request(ledger, caf::infinite, trades_atom::value, instrument_id{0}, 10u,
                              sequence_number{});
  auto receipt
      = self->request(ledger, caf::infinite, receipt_atom::value, client_id{0}, report_number{1});
  auto reports
      = self->request(ledger, caf::infinite, reports_atom::value, client_id{0}, report_number{1});
  sched.run();
  CAF_CHECK_EQUAL(context->counters.writes.load(), 0u);
  CAF_CHECK(given.empty());
  sched.advance_time(std::chrono::milliseconds(50));
  sched.run();
  CAF_CHECK_EQUAL(context->counters.writes.load(), 1u);
  CAF_REQUIRE_EQUAL(given.size(), 1u);
  CAF_CHECK_EQUAL(given[0].second, "a");
  auto failed = [](const caf::error&) {
    CAF_ERROR("no answer");
  };
  trades.receive([](const answer& a) { CAF_CHECK(!a.problem); }, failed);
  receipt.receive([](const answer& a) { CAF_CHECK(a.problem); }, failed); // there is none
  reports.receive([](const stored_reports_ptr& r) { CAF_CHECK(r->blocks.empty()); }, failed);
  ask(2, 1, "a"); // nothing waits to be written, so this does not wait either
  sched.run();
  CAF_CHECK_EQUAL(given.size(), 2u);
}

CAF_TEST(what is urgent comes between the answers to peers) {
  keep(1, "a");
  for (int i = 0; i < 50; ++i)
    ask(1, 1, "a");
  sched.run();
  auto writes = [&] {
    return context->counters.writes.load();
  };
  sched.advance_time(std::chrono::milliseconds(50));
  while (writes() == 0)
    sched.run_once();
  keep(2, "b");
  hurry();
  while (writes() == 1)
    sched.run_once();
  caf::anon_send_exit(caf::actor_cast<caf::actor>(ledger), caf::exit_reason::kill);
  sched.run();
  CAF_CHECK_LESS(given.size(), 5u); // that much was read before what is urgent was written
}

CAF_TEST(what one peer asks past its share is not served) {
  keep(1, "a");
  for (int i = 0; i < 100; ++i)
    ask(1, 1, "a");
  ask(2, 1, "a");
  sched.run();
  sched.advance_time(std::chrono::milliseconds(50));
  sched.run();
  auto of = [&](std::uint16_t who) {
    return std::count_if(given.begin(), given.end(), [&](auto& g) { return g.first == who; });
  };
  CAF_CHECK_EQUAL(of(1), 64);
  CAF_CHECK_EQUAL(of(2), 1);
  ask(1, 1, "a"); // there is room again
  sched.run();
  CAF_CHECK_EQUAL(of(1), 65);
}

CAF_TEST(a state that execution has overtaken is neither installed nor erased) {
  auto store = storage::open_memory_store(disk);
  storage::write_batch batch;
  storage::append(batch, storage::stored_checkpoint{sequence_number{64}, {}, {}, {}}, {});
  for (std::uint64_t of : {64, 96})
    storage::append_base_page(batch, sequence_number{of}, {market::page_kind::accounts, 0, 0}, "x");
  CAF_REQUIRE(store->write(batch, storage::durability::synced).has_value());
  auto target = std::make_shared<state_offer>();
  target->stable.what.sequence = sequence_number{64};
  auto installed = self->request(ledger, caf::infinite, install_atom::value,
                                 std::shared_ptr<const state_offer>{target});
  for (std::uint64_t of : {64, 96}) { // the pruner may be making its copy at 64
    auto none = std::make_shared<staged_pages>();
    none->of = sequence_number{of};
    none->discard = true;
    caf::anon_send(ledger, stage_atom::value, staged_pages_ptr{none});
  }
  sched.run();
  sched.advance_time(std::chrono::milliseconds(50));
  sched.run();
  installed.receive([](bool did) { CAF_CHECK(!did); },
                    [](const caf::error&) { CAF_ERROR("the ledger has ended"); });
  auto left = storage::list_base_pages(*store);
  CAF_REQUIRE(left.has_value());
  CAF_CHECK(*left == std::vector{sequence_number{64}});
}

CAF_TEST_FIXTURE_SCOPE_END()
