#define CAF_SUITE proposal_checks
#include "tests/suite.hpp"

#include "actors/proposal_checks.hpp"
#include "messages/crypto.hpp"

using namespace bourse;
using namespace bourse::actors;

namespace {

constexpr std::uint64_t wall = 1'700'000'000'000;
constexpr std::uint64_t grace = 1000;

struct fixture {
  fixture() : checks((init_crypto(), genesis.market.cluster = hash("test"), genesis), grace) {}

  submission_ptr body(std::uint64_t number) {
    verified_submission s;
    s.content.number = submission_number{number};
    s.content.requests.push_back(dead_man_switch{});
    s.source.body = encode(s.content);
    s.digest = hash(s.source.body);
    return std::make_shared<const verified_submission>(std::move(s));
  }

  consensus::proposal_check propose(std::uint64_t n, std::vector<submission_ptr> all,
                                    std::uint64_t time = wall, bool fresh = true,
                                    std::uint64_t view = 0) {
    block b{genesis.cluster(), sequence_number{n}, block_time{time}, {}};
    for (const auto& s : all)
      b.submissions.push_back(s->digest);
    return of(b, fresh, view);
  }
  consensus::proposal_check of(const block& b, bool fresh = true, std::uint64_t view = 0) {
    auto encoded = std::make_shared<const bytes>(encode(b));
    return {{view_number{view}, b.sequence, hash(*encoded)}, encoded, fresh};
  }

  /// "good", "bad", or "open".
  std::string begin(const consensus::proposal_check& c, std::uint64_t now = 0,
                    std::uint64_t wall_ms = wall) {
    checks.begin(now, wall_ms, c, [this](const digest& d) -> submission_ptr {
      for (const auto& s : here)
        if (s->digest == d)
          return s;
      return nullptr;
    });
    return verdict();
  }
  std::string verdict() {
    auto v = checks.take_verdicts();
    return v.empty() ? "open" : v.front().block ? "good" : "bad";
  }

  config::genesis genesis;
  proposal_checks checks;
  std::vector<submission_ptr> here;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(proposal_checks_tests, fixture)

CAF_TEST(a block with all bodies is good at once) {
  here = {body(1), body(2)};
  CAF_CHECK_EQUAL(begin(propose(1, here)), "good");
  CAF_CHECK_EQUAL(begin(propose(2, {})), "good");
}

CAF_TEST(it waits for the last body) {
  auto a = body(1), b = body(2), c = body(3);
  here = {a};
  CAF_CHECK_EQUAL(begin(propose(1, {a, b, c})), "open");
  CAF_CHECK(checks.wants(b->digest));
  CAF_CHECK(!checks.wants(a->digest));
  CAF_CHECK(checks.arrived(b));
  CAF_CHECK_EQUAL(verdict(), "open");
  CAF_CHECK(!checks.arrived(b));
  CAF_CHECK(checks.arrived(c));
  CAF_CHECK_EQUAL(verdict(), "good");
  CAF_CHECK_EQUAL(checks.open(), 0u);
}

CAF_TEST(two blocks may wait for one body) {
  auto a = body(1);
  CAF_CHECK_EQUAL(begin(propose(1, {a})), "open");
  CAF_CHECK_EQUAL(begin(propose(2, {a})), "open");
  CAF_CHECK(checks.arrived(a));
  CAF_CHECK_EQUAL(checks.take_verdicts().size(), 2u);
}

CAF_TEST(others are asked when the grace is over) {
  auto a = body(1);
  begin(propose(1, {a}), 500);
  CAF_CHECK_EQUAL(checks.deadline().value_or(0), 500 + grace);
  CAF_CHECK(checks.take_overdue(500 + grace - 1).empty());
  auto late = checks.take_overdue(500 + grace);
  CAF_REQUIRE_EQUAL(late.size(), 1u);
  CAF_REQUIRE_EQUAL(late.front().bodies.size(), 1u);
  CAF_CHECK(late.front().bodies.front() == a->digest);
  CAF_CHECK(checks.take_overdue(10'000).empty());
  CAF_CHECK(!checks.deadline());
}

CAF_TEST(a final block has no grace) {
  begin(propose(1, {body(1)}, 0, false), 500);
  CAF_CHECK_EQUAL(checks.take_overdue(500).size(), 1u);
}

CAF_TEST(a block for another slot or cluster is bad) {
  auto c = propose(1, {});
  c.what.sequence = sequence_number{2};
  CAF_CHECK_EQUAL(begin(c), "bad");
  CAF_CHECK_EQUAL(begin(of({hash("other"), sequence_number{1}, block_time{wall}, {}})), "bad");
  auto garbage = propose(1, {});
  garbage.block = std::make_shared<const bytes>("garbage");
  CAF_CHECK_EQUAL(begin(garbage), "bad");
}

CAF_TEST(time is judged on first proposals only) {
  auto skew = genesis.market.blocks.max_clock_skew_ms;
  CAF_CHECK_EQUAL(begin(propose(1, {}, wall + skew)), "good");
  CAF_CHECK_EQUAL(begin(propose(2, {}, wall + skew + 1)), "bad");
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall - 1)), "bad"); // before its predecessor
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall - 1, false)), "good");
  checks.executed(sequence_number{9}, block_time{wall + 10});
  CAF_CHECK_EQUAL(begin(propose(10, {}, wall + 9)), "bad");
  CAF_CHECK_EQUAL(begin(propose(10, {}, wall + 10)), "good");
}

CAF_TEST(what is refused comes with the reason) {
  auto none = [](const digest&) {
    return submission_ptr{};
  };
  checks.begin(0, wall, propose(1, {}, wall + 1'000'000), none);
  auto late = checks.take_verdicts();
  CAF_REQUIRE_EQUAL(late.size(), 1u);
  CAF_CHECK_EQUAL(late.front().why.detail, "the block's time is far from the clock here");
  auto a = body(1), c = body(3);
  here = {a, c};
  auto find = [&](const digest& d) {
    return d == a->digest ? a : c;
  };
  checks.begin(0, wall, propose(1, {a, c}), find);
  auto gap = checks.take_verdicts();
  CAF_REQUIRE_EQUAL(gap.size(), 1u);
  CAF_CHECK(gap.front().why.detail.ends_with("does not follow the one before it"));
}

CAF_TEST(a null block is good unless it is a first proposal) {
  auto null = [&](std::uint64_t n) {
    return null_block(genesis.cluster(), sequence_number{n});
  };
  CAF_CHECK_EQUAL(begin(of(null(1))), "bad");
  CAF_CHECK_EQUAL(begin(of(null(1)), 0, 1), "bad"); // nor with a clock that says 1970
  CAF_CHECK_EQUAL(begin(propose(1, {}, 1), 0, 1), "good");
  CAF_CHECK_EQUAL(begin(of(null(1), false)), "good");
}

CAF_TEST(a null block has the time of its predecessor) {
  CAF_CHECK_EQUAL(begin(propose(1, {}, wall)), "good");
  // What was proposed for the slot before it became null does not count any more.
  CAF_CHECK_EQUAL(begin(propose(2, {}, wall + 100)), "good");
  CAF_CHECK_EQUAL(begin(of(null_block(genesis.cluster(), sequence_number{2}), false)), "good");
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall - 1)), "bad");
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall)), "good");
}

CAF_TEST(a block may not be later than one above it) {
  CAF_CHECK_EQUAL(begin(propose(5, {}, wall)), "good");
  CAF_CHECK_EQUAL(begin(propose(4, {}, wall + 1)), "bad");
  CAF_CHECK_EQUAL(begin(propose(4, {}, wall)), "good");
  CAF_CHECK_EQUAL(begin(propose(2, {}, wall - 5)), "good");
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall - 6)), "bad");
  CAF_CHECK_EQUAL(begin(propose(3, {}, wall - 4)), "good");
}

CAF_TEST(time is judged again when the last body is here) {
  auto a = body(1);
  CAF_CHECK_EQUAL(begin(propose(5, {a}, wall)), "open");
  CAF_CHECK_EQUAL(begin(propose(4, {}, wall + 1)), "good"); // of 5 nothing is known yet
  CAF_CHECK(checks.arrived(a));
  CAF_CHECK_EQUAL(verdict(), "bad");
  // Not so what others have judged.
  auto b = body(2);
  CAF_CHECK_EQUAL(begin(propose(6, {b}, wall, false)), "open");
  CAF_CHECK(checks.arrived(b));
  CAF_CHECK_EQUAL(verdict(), "good");
}

CAF_TEST(blocks of a view that is over bind nobody) {
  auto a = body(1);
  CAF_CHECK_EQUAL(begin(propose(5, {}, wall + 100)), "good");
  CAF_CHECK_EQUAL(begin(propose(6, {a}, wall + 200)), "open");
  checks.renew(view_number{1}, sequence_number{4});
  CAF_CHECK_EQUAL(begin(propose(5, {}, wall + 10, true, 1)), "good");
  CAF_CHECK(checks.arrived(a)); // what waited for its body is of the old view
  checks.take_verdicts();
  CAF_CHECK_EQUAL(begin(propose(7, {}, wall + 20, true, 1)), "good");
  CAF_CHECK_EQUAL(begin(propose(6, {}, wall + 21, true, 1)), "bad");
  CAF_CHECK_EQUAL(begin(propose(6, {}, wall + 15, true, 1)), "good");
}

CAF_TEST(what a view change makes again is not judged by time) {
  checks.renew(view_number{1}, sequence_number{3});
  CAF_CHECK_EQUAL(begin(propose(4, {}, 0, false, 1)), "good"); // it fills a gap
  CAF_CHECK_EQUAL(begin(propose(5, {}, wall + 100, false, 1)), "good");
  CAF_CHECK_EQUAL(begin(propose(6, {}, wall + 50, false, 1)), "good");
  // What is new must be after all of it.
  CAF_CHECK_EQUAL(begin(propose(7, {}, wall + 99, true, 1)), "bad");
  CAF_CHECK_EQUAL(begin(propose(7, {}, wall + 100, true, 1)), "good");
}

CAF_TEST(the rules of order are kept) {
  auto a = body(1), b = body(2);
  here = {a, b};
  CAF_CHECK_EQUAL(begin(propose(1, {b, a})), "bad");
  CAF_CHECK_EQUAL(begin(propose(1, {a, a})), "bad");
}

CAF_TEST(what was executed is forgotten) {
  auto a = body(1);
  begin(propose(1, {a}));
  checks.executed(sequence_number{1}, block_time{wall});
  CAF_CHECK_EQUAL(checks.open(), 0u);
  CAF_CHECK(!checks.wants(a->digest));
  CAF_CHECK(!checks.arrived(a));
}

CAF_TEST_FIXTURE_SCOPE_END()
