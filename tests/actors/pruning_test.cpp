// Four whole nodes that keep only the end of their logs.
#define CAF_SUITE pruning
#include "tests/suite.hpp"

#include <set>

#include "storage/audit.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

constexpr std::uint64_t retained = 16; // two checkpoints

cluster_options pruning_options(std::uint64_t seed) {
  auto o = options_of(seed);
  o.node.retain_blocks = retained;
  return o;
}

std::uint64_t first_block(cluster& c, std::size_t i) {
  return c.status(i)["parts"]["ledger"]["first_block"].get<std::uint64_t>();
}

/// A block each, so slowly that a copy is done before the next is due.
void trade_one_by_one(cluster& c, plain_client& client, std::uint64_t from, std::uint64_t count) {
  auto account = account_of(c.genesis(), client.id());
  for (auto n = from; n < from + count; ++n) {
    client.submit({limit_order(account, side::buy, 100, 1, n)});
    CAF_REQUIRE(c.universe().run(20'000, [&] { return client.unconfirmed() == 0; }));
    c.universe().run(20);
  }
}

void check_sound(cluster& c, std::size_t i) {
  storage::audit_genesis g{c.genesis().size, keys_of(c.genesis()), c.genesis().market,
                           c.genesis().checkpoint_interval};
  auto store = storage::open_memory_store(c.disk(i));
  auto report = storage::verify_ledger(*store, g);
  CAF_REQUIRE(report.has_value());
  if (report->problem)
    CAF_FAIL("node " << i << ", block " << report->problem->block.value() << ": "
                     << report->problem->what);
  CAF_CHECK(report->base > sequence_number{0});
}

query receipt_query(std::uint64_t number) {
  query q;
  q.kind = query_kind::receipt;
  q.report = report_number{number};
  return q;
}

query trades_query(std::uint64_t at) {
  query q;
  q.kind = query_kind::trades;
  q.at = sequence_number{at};
  return q;
}

} // namespace

CAF_TEST(all nodes prune alike and say so to those who ask for more) {
  cluster c{pruning_options(test_seed("pruning"))};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  c.universe().run(10);
  trade_one_by_one(c, maker, 1, 60);
  CAF_REQUIRE(c.agree(5000));
  c.universe().run(2000); // for the copies, which take their time
  CAF_CHECK(maker.complaints().empty());
  auto executed = c.executed(0);
  auto first = first_block(c, 0);
  CAF_CHECK(first > retained);
  CAF_CHECK_EQUAL(first % retained, 1u);
  CAF_CHECK(executed - first + 1 >= retained);
  CAF_CHECK(executed - first + 1 < 3 * retained);
  auto last_report = maker.confirmed().rbegin()->first;
  for (std::size_t i = 0; i < 4; ++i) {
    CAF_CHECK_EQUAL(first_block(c, i), first);
    check_sound(c, i);
    auto old = maker.ask(i, receipt_query(1));
    CAF_REQUIRE(old && old->problem);
    CAF_CHECK(old->problem->code == errc::pruned);
    auto never = maker.ask(i, receipt_query(last_report + 1));
    CAF_REQUIRE(never && never->problem);
    CAF_CHECK(never->problem->code == errc::not_found);
    auto kept = maker.ask(i, receipt_query(last_report));
    CAF_CHECK(kept && !kept->problem);
    old = maker.ask(i, trades_query(first - 1));
    CAF_REQUIRE(old && old->problem);
    CAF_CHECK(old->problem->code == errc::pruned);
    kept = maker.ask(i, trades_query(first));
    CAF_CHECK(kept && !kept->problem);
  }
  // Who resumes from the beginning is told, and gets the rest.
  auto given = maker.reports_of(2);
  maker.disconnect(2);
  maker.forget(2, 1);
  maker.connect(2);
  CAF_CHECK(c.universe().run(5000, [&] {
    return !maker.complaints().empty() && maker.reports_of(2) >= executed - first + 1;
  }));
  CAF_CHECK(maker.reports_of(2) < given);
  CAF_REQUIRE(!maker.complaints().empty());
  CAF_CHECK(maker.complaints()[0].starts_with("replica 2 no longer has reports below "));
}

CAF_TEST(pruned nodes come back from their disks) {
  auto seed = test_seed("pruned restarts");
  cluster c{pruning_options(seed)};
  plain_client maker{c, client_named(c.genesis(), "maker")};
  bench::random_source random{seed};
  c.universe().run(10);
  std::set<std::uint64_t> firsts;
  for (std::uint64_t round = 0; round < 8; ++round) {
    trade_one_by_one(c, maker, 1 + 12 * round, 12);
    // In the middle of copies or between them, and of what was not synced a part is lost.
    c.universe().run(random.below(60));
    for (std::size_t i = 0; i < 4; ++i) {
      if (round < 4 && i > 0)
        break; // first one of them, then all at once
      auto unsynced = c.disk(i).unsynced();
      c.crash(i, unsynced == 0 ? 0 : random.below(unsynced + 1));
    }
    for (std::size_t i = 0; i < 4; ++i)
      if (!c.up(i)) {
        CAF_REQUIRE(c.start(i).has_value());
        maker.connect(i);
      }
    CAF_REQUIRE(c.agree(30'000));
    firsts.insert(first_block(c, 3));
  }
  CAF_CHECK(firsts.size() > 3);
  c.universe().run(2000);
  for (std::size_t i = 0; i < 4; ++i)
    check_sound(c, i);
  trade_one_by_one(c, maker, 1000, 5);
  CAF_CHECK(c.agree(5000));
}
