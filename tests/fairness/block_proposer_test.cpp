#define CAF_SUITE block_proposer
#include "tests/suite.hpp"

#include "fairness/block_proposer.hpp"

#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

using heads_list = std::vector<chain_head>;

/// What replica 0 sees, and what it would propose.
struct fixture {
  market::rules rules = fair_rules();
  cluster_size size{4};
  execution_order order{rules, size};
  report_store store{size};
  stamp_tally tally{rules, size};
  body_store bodies;
  block_proposer proposer{rules, replica_id{0}, size};
  sequence_number executed;
  block_time next_due;
  sequence_number fill_until;
  std::vector<chain_position> newest = std::vector(4, chain_start());
  std::uint64_t now = 10'000;

  fixture() {
    proposer.renew(sight());
  }
  block_proposer::sight sight() const {
    return {order, store, tally, bodies, executed, next_due, fill_until};
  }

  submission_ptr make(std::uint32_t client, std::uint64_t number = 1, std::size_t requests = 1) {
    return submission_of(rules, header(client, 0, number), lane::ordinary, requests);
  }
  submission_ptr hold(std::uint32_t client, std::uint64_t number = 1, std::size_t requests = 1) {
    auto s = make(client, number, requests);
    bodies.add(s);
    return s;
  }
  void come(const report_ptr& r) {
    store.add(r, order.heads().of(r->content.replica), true);
    tally.add(r->content);
  }
  /// The next report of that replica comes.
  chain_head report(std::uint16_t who, std::uint64_t boundary,
                    const std::vector<submission_ptr>& stamped = {}) {
    std::vector<stamp> stamps;
    for (const auto& s : stamped)
      stamps.push_back(stamp_at(about(*s), newest[who].boundary.value() + 1 + stamps.size()));
    auto r = report_after(who, newest[who], boundary, std::move(stamps));
    newest[who] = position_of(*r);
    come(r);
    return name_of(r);
  }
  /// All replicas stamp these and report.
  heads_list all_report(std::uint64_t boundary, const std::vector<submission_ptr>& stamped = {}) {
    heads_list out;
    for (std::uint16_t i = 0; i < 4; ++i)
      out.push_back(report(i, boundary, stamped));
    return out;
  }
  std::optional<heads_list> look() {
    proposer.look(sight(), stamp_time{now});
    return proposer.heads(sight());
  }
  void fly(std::uint64_t sequence, const heads_list& heads) {
    proposer.in_flight(sight(), sequence_number{sequence}, heads);
  }
  /// The next block is final.
  void execute(const heads_list& heads) {
    executed = executed.next();
    if (!heads.empty()) {
      CAF_REQUIRE(order.lacking(heads, store).empty());
      std::vector<submission_ptr> eligible;
      for (const auto& d : order.begin(heads, store)) {
        eligible.push_back(bodies.find(d));
        CAF_REQUIRE(eligible.back());
      }
      for (const auto& s : order.finish(eligible)) {
        const auto& c = s->content;
        tally.set_next(c.client, c.stream, c.number.next(), [](const digest&) {});
        bodies.set_next(c.client, c.stream, c.number.next(), [](const submission_ptr&) {});
      }
    }
    proposer.executed(sight(), executed);
  }
  bool waits() const {
    return proposer.waiting_since().has_value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(block_proposer_tests, fixture)

CAF_TEST(where nothing waits no block is proposed) {
  CAF_CHECK(!look());
  CAF_CHECK(!waits());
  all_report(100);
  CAF_CHECK(!look()); // boundaries alone are no reason
  CAF_CHECK(!waits());
}

CAF_TEST(what has become due is a reason and the newest heads are named) {
  auto s = hold(0);
  heads_list heads{report(0, 100, {s}), report(1, 100, {s})};
  CAF_CHECK(!look()); // no quorum has reached that
  heads.push_back(report(3, 100));
  CAF_CHECK(look() == heads);
  CAF_CHECK(proposer.waiting_since() == stamp_time{10'000});
  now = 12'000;
  heads[0] = report(0, 200);
  CAF_CHECK(look() == heads);
  CAF_CHECK(proposer.waiting_since() == stamp_time{10'000}); // since it began
}

CAF_TEST(one stamp is no reason) {
  auto s = hold(0);
  report(0, 100, {s});
  for (std::uint16_t i = 1; i < 4; ++i)
    report(i, 100);
  CAF_CHECK(!look());
  // Nor are two of another place than each other's.
  auto lie = report_after(1, newest[1], 200, {stamp_at({header(0, 0, 2), s->digest}, 150)});
  come(lie);
  CAF_CHECK(!look());
}

CAF_TEST(what is due later is no reason yet) {
  auto s = hold(0);
  for (std::uint16_t i = 0; i < 4; ++i)
    report(i, 100);
  for (std::uint16_t i : {2, 3}) {
    auto r = report_after(i, newest[i], 400, {stamp_at(about(*s), 350)});
    newest[i] = position_of(*r);
    come(r);
  }
  CAF_CHECK(!look()); // 100 is reached
  report(0, 349);
  CAF_CHECK(!look());
  report(0, 350);
  CAF_CHECK(look());
}

CAF_TEST(a head is named up to where all bodies are here) {
  auto s = hold(0);
  auto absent = make(1);
  heads_list heads = all_report(100, {s});
  report(0, 200, {absent});
  CAF_CHECK(look()
            == heads_list({name_of(store.newest(replica_id{0}, chain_start())), heads[1], heads[2],
                           heads[3]})); // only one says so: it may not exist
  report(1, 200, {absent});
  CAF_CHECK(look() == heads);
  report(0, 300);
  report(1, 300);
  heads[2] = report(2, 300);
  heads[3] = report(3, 300);
  CAF_CHECK(look() == heads);
  bodies.add(absent);
  auto all = look();
  CAF_REQUIRE(all);
  for (std::uint16_t i = 0; i < 4; ++i)
    CAF_CHECK((*all)[i].index == newest[i].index);
}

CAF_TEST(what is in flight is not proposed again) {
  auto a = hold(0);
  auto heads = all_report(100, {a});
  CAF_CHECK(look() == heads);
  fly(1, heads);
  CAF_CHECK(proposer.any_in_flight());
  CAF_CHECK(!waits());
  CAF_CHECK(!look());
  CAF_CHECK(!waits());
  all_report(200);
  CAF_CHECK(!look());
  auto b = hold(1);
  auto more = all_report(300, {b});
  CAF_CHECK(look() == more);
  fly(2, more);
  CAF_CHECK(!look());
  execute(heads);
  CAF_CHECK(proposer.any_in_flight());
  CAF_CHECK(!look());
  execute(more);
  CAF_CHECK(!proposer.any_in_flight());
  CAF_CHECK(!look());
}

CAF_TEST(a block in flight that reaches less does not stop the clock) {
  auto s = hold(0);
  auto heads = all_report(100, {s});
  CAF_CHECK(look());
  auto since = proposer.waiting_since();
  // A primary that names something, but not enough.
  fly(1, {heads[0]});
  CAF_CHECK(proposer.waiting_since() == since);
  now += 1000;
  CAF_CHECK((look() == heads_list{heads[1], heads[2], heads[3]}));
  CAF_CHECK(proposer.waiting_since() == since);
  fly(2, {heads[1], heads[2]});
  CAF_CHECK(!waits());
  CAF_CHECK(!look());
}

CAF_TEST(a new view begins anew) {
  auto s = hold(0);
  auto heads = all_report(100, {s});
  look();
  fly(1, heads);
  CAF_CHECK(!look());
  proposer.renew(sight()); // and the block became null
  CAF_CHECK(!proposer.any_in_flight());
  CAF_CHECK(!waits());
  now += 5000;
  CAF_CHECK(look() == heads);
  CAF_CHECK(proposer.waiting_since() == stamp_time{15'000});
  fly(1, {});
  CAF_CHECK(look() == heads);
  execute({});
  CAF_CHECK(look() == heads);
}

CAF_TEST(what a block left over is a reason for the next) {
  rules.blocks.max_requests = 2;
  std::vector<submission_ptr> all{hold(0), hold(1), hold(2), hold(3), hold(0, 2)};
  auto heads = all_report(100, all);
  CAF_CHECK(look() == heads);
  fly(1, heads);
  // There is nothing newer, so its own last one is named, which moves nothing.
  auto own = heads_list{heads[0]};
  CAF_CHECK(look() == own);
  fly(2, own);
  CAF_CHECK(look() == own);
  fly(3, own);
  CAF_CHECK(!look()); // room for six
  execute(heads);
  CAF_CHECK_EQUAL(order.order().left_over(), 3u);
  CAF_CHECK(!look());
  execute(own);
  CAF_CHECK(!look());
  execute(own);
  CAF_CHECK_EQUAL(order.order().left_over(), 0u);
  CAF_CHECK(!look());
}

CAF_TEST(after a view change what was left over is still a reason) {
  rules.blocks.max_requests = 2;
  auto heads = all_report(100, {hold(0), hold(1), hold(2)});
  execute(heads);
  CAF_CHECK_EQUAL(order.order().left_over(), 1u);
  CAF_CHECK((look() == heads_list{heads[0]}));
  CAF_CHECK(waits());
  fly(2, {heads[0]});
  CAF_CHECK(!waits());
  proposer.renew(sight());
  CAF_CHECK((look() == heads_list{heads[0]}));
  CAF_CHECK(waits());
}

CAF_TEST(blocks that are owed are proposed without news) {
  fill_until = sequence_number{2};
  heads_list own{{replica_id{0}, report_index{0}, chain_start().digest}};
  CAF_CHECK(look() == own); // before its first report
  CAF_CHECK(waits());
  fly(1, own);
  CAF_CHECK(look() == own);
  fly(2, own);
  CAF_CHECK(!look());
  execute(own);
  CAF_CHECK(!look());
  execute(own);
  CAF_CHECK(!look());
  fill_until = sequence_number{3};
  auto heads = all_report(100);
  CAF_CHECK(look() == heads); // what is new is named all the same
}

CAF_TEST(a switch that is due is a reason as soon as that time is reached) {
  next_due = block_time{100};
  all_report(99'999);
  CAF_CHECK(!look());
  heads_list heads{report(0, 100'000), report(1, 100'000)};
  CAF_CHECK(!look());
  heads.push_back(report(2, 100'500));
  auto named = look();
  CAF_REQUIRE(named);
  CAF_CHECK_EQUAL(named->size(), 4u);
  CAF_CHECK(waits());
  fly(1, *named);
  CAF_CHECK(!waits());
  CAF_CHECK(!look());
  execute(*named);
  CAF_CHECK(!look()); // that block was the one, whatever the market has said since
}

CAF_TEST(a block in flight on a branch that the log leaves reaches nothing) {
  next_due = block_time{100};
  // Replica 3 has two chains, and its word about the time counts in neither: the log has the one,
  // and a block in flight names the other.
  auto left = report_after(3, chain_start(), 10);
  auto right = report_after(3, chain_start(), 20);
  auto far_right = report_after(right, 1'000'000'000);
  for (const auto& r : {left, right, far_right})
    come(r);
  fly(1, {name_of(left)});
  fly(2, {name_of(far_right)});
  execute({name_of(left)});
  execute({name_of(far_right)});
  CAF_CHECK(order.heads().of(replica_id{3}) == position_of(*left));
  report(0, 100'000);
  report(1, 100'000);
  CAF_CHECK(!look()); // two have reached it
  report(2, 100'000);
  auto named = look();
  CAF_REQUIRE(named);
  CAF_CHECK_EQUAL(named->size(), 3u);
}

CAF_TEST(heads that lead nowhere move nothing while they are in flight) {
  auto s = hold(0);
  auto heads = all_report(100, {s});
  auto lie = heads[1];
  lie.replica = replica_id{2};
  auto unknown = heads[3];
  unknown.report = hash("unknown");
  fly(1, {heads[0], lie, unknown});
  CAF_CHECK((look() == heads_list{heads[1], heads[2], heads[3]}));
}

CAF_TEST(a block of the past is not in flight) {
  auto heads = all_report(100, {hold(0)});
  execute(heads);
  fly(1, heads);
  CAF_CHECK(!proposer.any_in_flight());
}

CAF_TEST(chains that grow long are a reason if honest ones are among them) {
  // Stamps whose bodies never find f and one more.
  for (std::uint64_t i = 1; i < max_links / 2; ++i)
    for (std::uint16_t who = 0; who < 4; ++who)
      report(who, 10 * i);
  CAF_CHECK(!look());
  report(3, 10'000);
  CAF_CHECK(!look()); // a liar may have as many as it likes
  report(2, 10'000);
  auto named = look();
  CAF_REQUIRE(named);
  CAF_CHECK_EQUAL(named->size(), 4u);
  CAF_CHECK(waits());
  fly(1, *named);
  CAF_CHECK(!look());
  execute(*named);
  CAF_CHECK(!look());
}

CAF_TEST_FIXTURE_SCOPE_END()
