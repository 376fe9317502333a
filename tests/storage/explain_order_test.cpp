#define CAF_SUITE explain_order
#include "tests/suite.hpp"

#include "storage/explain_order.hpp"
#include "tests/storage/base_steps.hpp"
#include "tests/storage/ledger_store.hpp"

using namespace bourse::storage;
using namespace bourse::tests;

namespace {

struct fixture : ledger_store {
  fixture() : ledger_store(3) {}

  found_orders find(const order_name& name) const {
    auto found = find_orders(*s, name, ledger.genesis().rules);
    if (!found)
      CAF_FAIL(found.error().detail);
    return *found;
  }
  order_audit_report explain(const found_order& x) const {
    auto r = explain_order(*s, ledger.genesis(), x);
    if (!r)
      CAF_FAIL(r.error().detail);
    return *r;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(explain_order_tests, fixture)

CAF_TEST(every order of a ledger is found by number and id and has its place) {
  for (auto& b : ledger.blocks()) {
    auto n = b.result->sequence;
    std::uint64_t position = 1;
    for (std::size_t place = 0; place < b.submissions.size(); ++place) {
      auto& body = *b.submissions[place];
      auto found = find(bourse::fairness::about(body).about);
      CAF_REQUIRE_EQUAL(found.executed.size(), 1u);
      CAF_CHECK(found.executed[0].block == n && found.executed[0].body == body.digest);
      for (std::size_t i = 0; i < body.content.requests.size(); ++i) {
        auto same = find(order_id{n.value() << 16 | position++}).executed;
        CAF_REQUIRE_EQUAL(same.size(), 1u);
        CAF_CHECK(same[0].body == body.digest);
      }
      if (place > 0)
        continue; // executing all again takes a while
      auto r = explain(found.executed[0]);
      CAF_REQUIRE(!r.audit.problem && r.order);
      CAF_CHECK(r.audit.executed == n);
      CAF_CHECK_EQUAL(r.order->place, place);
      CAF_CHECK(r.order->certificate.what.digest == b.committed.certificate.what.digest);
      for (auto& e : r.order->block.executed)
        for (auto& stamp : e.stamps) {
          auto source = r.order->source(e, stamp);
          CAF_REQUIRE(source.has_value());
          CAF_CHECK(source->committed == n && source->report.replica == stamp.by);
          CAF_CHECK(source->report.report == b.reports[stamp.by.value()]->digest);
        }
    }
    CAF_CHECK(find(order_id{n.value() << 16 | position}).executed.empty());
  }
}

CAF_TEST(what has not executed is pending) {
  auto& body = *ledger.pending().at(0);
  auto found = find(bourse::fairness::about(body).about);
  CAF_CHECK(found.executed.empty() && found.voided.empty());
  CAF_REQUIRE_EQUAL(found.pending.size(), 1u);
  CAF_CHECK(found.pending[0].body == body.digest);
}

CAF_TEST(a block that does not execute the order proves nothing) {
  std::uint64_t n = 1;
  while (block(n).submissions.empty())
    ++n;
  auto found = find(bourse::fairness::about(*block(n).submissions[0]).about).executed.at(0);
  auto r = explain({found.about, found.body, sequence_number{n + 1}});
  CAF_REQUIRE(r.audit.problem.has_value());
  CAF_CHECK(!r.order);
  CAF_CHECK(r.audit.problem->block.value() == n + 1);
}

CAF_TEST(what is behind the block is not asked for) {
  put(family::blocks, layout::sequence_key(sequence_number{9}), "nonsense");
  std::size_t good = 0;
  for (std::uint64_t n = 1; n <= 10; ++n) {
    if (block(n).submissions.empty())
      continue;
    auto found = find(bourse::fairness::about(*block(n).submissions[0]).about).executed.at(0);
    auto r = explain(found);
    CAF_CHECK_EQUAL(r.order.has_value(), n < 9);
    CAF_CHECK_EQUAL(r.audit.problem.has_value(), n >= 9);
    good += r.order.has_value();
  }
  CAF_CHECK(good > 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
