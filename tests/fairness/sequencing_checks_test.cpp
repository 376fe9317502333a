// One replica, whom the test tells what others say: which blocks it accepts, and what it asks for.
#define CAF_SUITE sequencing_checks
#include "tests/suite.hpp"

#include "fairness/sequencing.hpp"

#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

constexpr replica_id self{1};
constexpr std::uint64_t ms = 1'000;

struct fixture {
  market::rules rules = fair_rules();
  cluster_size size{4};
  std::optional<sequencing> core;
  std::vector<chain_position> newest = std::vector(4, chain_start());
  std::uint64_t now = 1'000 * ms;
  sequencing_effects last; ///< of the last event

  fixture() {
    sequencing_options o;
    o.self = self;
    o.size = size;
    core.emplace(rules, o, execution_order(rules, size), sequence_number{0}, block_time{0});
    core->renew(view_number{0});
  }

  submission_ptr make(std::uint64_t number, std::uint64_t variant = 0) {
    return submission_of(rules, header(0, 0, number), lane::ordinary, 1, variant);
  }
  void take(std::uint64_t later_us = 0) {
    now += later_us;
    last = core->take(stamp_time{now});
  }
  void hold(const submission_ptr& s) {
    core->hold(s, stamp_time{now});
    take();
  }
  /// The next report of another replica, which comes if it is to.
  report_ptr report(std::uint16_t who, std::uint64_t boundary,
                    const std::vector<stamped>& stamped = {}, bool comes = true) {
    std::vector<stamp> stamps;
    for (const auto& s : stamped)
      stamps.push_back(stamp_at(s, newest[who].boundary.value() + 1 + stamps.size()));
    auto r = report_after(who, newest[who], boundary, std::move(stamps));
    newest[who] = position_of(*r);
    if (comes)
      come(r);
    return r;
  }
  void come(const report_ptr& r) {
    core->report(r, stamp_time{now});
    take();
  }
  void check(std::uint64_t sequence, const std::vector<chain_head>& heads, bool fresh = true) {
    core->check({view_number{0}, sequence_number{sequence}, hash("block")}, fresh, heads, nullptr,
                stamp_time{now});
    take();
  }
  void execute(std::uint64_t sequence, const std::vector<chain_head>& heads) {
    auto block = std::make_shared<const full_block>(
        full_block{sequence_number{sequence}, hash("block"), nullptr, heads});
    core->execute(block, false, {}, stamp_time{now});
    take();
  }
  /// "accepted", "refused", or "open".
  std::string verdict() const {
    return last.verdicts.empty() ? "open" : last.verdicts.front().block ? "accepted" : "refused";
  }
  /// Everything that is asked for within a second.
  std::vector<digest> asked() {
    std::vector<digest> out;
    for (int i = 0; i < 100; ++i) {
      take(10 * ms);
      for (const auto& q : last.fetch_bodies)
        out.insert(out.end(), q.names.begin(), q.names.end());
      for (const auto& q : last.fetch_reports)
        for (const auto& name : q.names)
          out.push_back(name.report);
    }
    return out;
  }
  bool asks_for(const digest& d) {
    auto all = asked();
    return std::find(all.begin(), all.end(), d) != all.end();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sequencing_checks_tests, fixture)

CAF_TEST(a block is accepted when all reports on its paths are here) {
  auto first = report(2, 100, {}, false);
  auto second = report(2, 200, {}, false);
  check(1, {name_of(second)});
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(asks_for(second->digest));
  come(second);
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(asks_for(first->digest));
  come(first);
  CAF_CHECK_EQUAL(verdict(), "accepted");
  CAF_CHECK_EQUAL(last.write_reports.size(), 2u);
  CAF_CHECK(asked().empty());
}

CAF_TEST(a block is accepted when all bodies that an honest one has are here) {
  auto s = make(1);
  auto a = report(2, 100, {about(*s)});
  check(1, {name_of(a)});
  CAF_CHECK_EQUAL(verdict(), "accepted"); // one may have made it up
  auto b = report(3, 100, {about(*s)});
  check(2, {name_of(b)});
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(asks_for(s->digest));
  hold(s);
  CAF_CHECK_EQUAL(verdict(), "accepted");
  CAF_REQUIRE_EQUAL(last.write_bodies.size(), 1u);
  CAF_CHECK(last.write_bodies[0] == s);
}

CAF_TEST(a head on another branch is no reason to refuse a block) {
  auto left = report_after(2, chain_start(), 100);
  auto right = report_after(2, chain_start(), 150);
  auto more = report_after(right, 200);
  for (const auto& r : {left, right, more})
    come(r);
  execute(1, {name_of(left)});
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  check(2, {name_of(more)});
  CAF_CHECK_EQUAL(verdict(), "accepted");
  execute(2, {name_of(more)});
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  CAF_CHECK(core->order().heads().of(replica_id{2}) == position_of(*left));
}

CAF_TEST(a report that is named by another place than its own has a first proposal refused) {
  auto r = report(2, 100);
  auto lie = name_of(r);
  lie.index = report_index{500};
  check(1, {lie});
  CAF_CHECK_EQUAL(verdict(), "refused");
  lie = name_of(r);
  lie.replica = replica_id{3};
  check(2, {lie});
  CAF_CHECK_EQUAL(verdict(), "refused");
  // Nor does one that follows on such a report do better.
  auto odd = report_after(2, {report_index{6}, r->digest, stamp_time{100}}, 200);
  come(odd);
  check(3, {name_of(odd)});
  CAF_CHECK_EQUAL(verdict(), "refused");
  check(4, {name_of(r)});
  CAF_CHECK_EQUAL(verdict(), "accepted");
  check(5, {lie}, false); // what a quorum has prepared is not judged again
  CAF_CHECK_EQUAL(verdict(), "accepted");
}

CAF_TEST(blocks that are malformed are refused) {
  check(1, {});
  CAF_CHECK_EQUAL(verdict(), "refused");
  check(2, {}, false); // the null block of a view change
  CAF_CHECK_EQUAL(verdict(), "accepted");
  chain_head a{replica_id{0}, report_index{0}, chain_start().digest};
  auto b = a;
  b.replica = replica_id{3};
  check(3, {b, a});
  CAF_CHECK_EQUAL(verdict(), "refused");
  check(4, {a, a});
  CAF_CHECK_EQUAL(verdict(), "refused");
  check(5, {a, b});
  CAF_CHECK_EQUAL(verdict(), "accepted");
  b.replica = replica_id{4};
  check(6, {a, b});
  CAF_CHECK_EQUAL(verdict(), "refused");
}

CAF_TEST(what a block lacks is forgotten when another makes it void) {
  auto s = make(1), rival = make(1, 9);
  hold(s);
  std::vector<chain_head> first{name_of(report(0, 100, {about(*s)})),
                                name_of(report(2, 100, {about(*s)})), name_of(report(3, 100))};
  std::vector<chain_head> second{name_of(report(2, 200, {about(*rival)})),
                                 name_of(report(3, 200, {about(*rival)}))};
  check(2, second);
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(asks_for(rival->digest));
  execute(1, first);
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  CAF_CHECK_EQUAL(last.executions[0].executes.size(), 1u);
  // Those that have executed the block need not have kept it.
  CAF_CHECK_EQUAL(verdict(), "accepted");
  CAF_CHECK(asked().empty());
}

CAF_TEST(a body that somebody made up is asked for until its number is executed) {
  auto s = make(1);
  hold(s);
  stamped invented{header(0, 0, 1), hash("nobody has it")};
  report(3, 100, {invented});
  CAF_CHECK(asks_for(invented.body));
  execute(1, {name_of(report(0, 100, {about(*s)})),
              name_of(report(2, 100, {about(*s)})),
              {replica_id{3}, newest[3].index, newest[3].digest}});
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  CAF_CHECK_EQUAL(last.executions[0].executes.size(), 1u);
  CAF_CHECK(!asks_for(invented.body));
}

CAF_TEST(a lie about the place of a body does not keep it from being asked for) {
  auto s = make(1), later = make(2);
  hold(s);
  report(3, 100, {{header(0, 0, 1), later->digest}});
  auto a = report(0, 100, {about(*s), about(*later)});
  CAF_CHECK(asks_for(later->digest));
  execute(1, {name_of(a),
              name_of(report(2, 100, {about(*s)})),
              {replica_id{3}, newest[3].index, newest[3].digest}});
  CAF_CHECK_EQUAL(last.executions.at(0).executes.size(), 1u);
  CAF_CHECK(asks_for(later->digest));
}

CAF_TEST(a report that a block named and nobody has is forgotten with the block) {
  chain_head nowhere{replica_id{3}, report_index{1'000'000}, hash("nowhere")};
  check(1, {nowhere});
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(asks_for(nowhere.report));
  execute(1, {}); // a view change made it null
  CAF_CHECK(asked().empty());
  CAF_CHECK_EQUAL(core->open_checks(), 0u);
}

CAF_TEST(a null block executes nothing and has no time) {
  auto s = make(1);
  hold(s);
  std::vector<chain_head> heads;
  for (std::uint16_t i : {0, 2, 3})
    heads.push_back(name_of(report(i, 100 * ms, {about(*s)})));
  execute(1, {});
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  CAF_CHECK(last.executions[0].time == block_time{0});
  CAF_CHECK(last.executions[0].executes.empty());
  execute(2, heads);
  CAF_CHECK((last.executions.at(0).executes == std::vector{s}));
  CAF_CHECK(last.executions[0].time == block_time{100});
}

CAF_TEST(a block that is final waits for its bodies and then executes) {
  auto s = make(1);
  std::vector<chain_head> heads;
  for (std::uint16_t i : {0, 2, 3})
    heads.push_back(name_of(report(i, 100, {about(*s)}, i != 2)));
  execute(1, heads);
  CAF_CHECK(last.executions.empty());
  CAF_CHECK(asks_for(heads[1].report));
  newest[2] = chain_start();
  report(2, 100, {about(*s)});
  CAF_CHECK(last.executions.empty());
  CAF_CHECK(asks_for(s->digest));
  hold(s);
  CAF_REQUIRE_EQUAL(last.executions.size(), 1u);
  CAF_CHECK((last.executions[0].executes == std::vector{s}));
  CAF_CHECK(asked().empty());
}

CAF_TEST(nobody waits for verdicts below a stable checkpoint or of a view that is over) {
  for (std::uint64_t n = 1; n <= 4; ++n)
    check(n, {name_of(report(2, 100 * n, {}, false))});
  CAF_CHECK_EQUAL(core->open_checks(), 4u);
  core->stable(sequence_number{3});
  CAF_CHECK_EQUAL(core->open_checks(), 1u);
  core->renew(view_number{1});
  CAF_CHECK_EQUAL(core->open_checks(), 0u);
}

CAF_TEST(bodies of a block are looked for from that block on) {
  auto s = make(1);
  std::vector<chain_head> heads;
  for (std::uint16_t i : {0, 2, 3})
    heads.push_back(name_of(report(i, 100, {about(*s)})));
  execute(1, heads);
  check(200, {name_of(report(2, 200, {}))}); // a proposal that is far ahead
  take(10 * ms);
  check(201, {name_of(report(3, 200, {about(*s)}))});
  for (int i = 0; i < 20; ++i) {
    take(50 * ms);
    for (const auto& q : last.fetch_bodies)
      CAF_CHECK(q.sequence == sequence_number{1});
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
