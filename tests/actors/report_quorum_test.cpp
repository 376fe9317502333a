#define CAF_SUITE report_quorum
#include "tests/suite.hpp"

#include "actors/report_quorum.hpp"
#include "bench/synthetic_market.hpp"

using namespace bourse::actors;

namespace {

constexpr client_id self{3};

/// Block `sequence` with `count` reports from `first` on.
struct sample_block {
  results_statement what;
  client_reports reports;
  bool more = false;
};

/// The same in messages of at most so many bytes.
std::vector<sample_block> cut(const sample_block& b, std::size_t max_bytes) {
  std::vector<sample_block> parts;
  for (auto& part : in_parts({b.what, {}, b.reports, {}}, max_bytes))
    parts.push_back({part.what, part.reports, part.more});
  return parts;
}

sample_block make_block(std::uint64_t sequence, std::uint64_t first, std::uint32_t count,
                        std::uint64_t flavour = 0) {
  sample_block b;
  b.what.sequence = sequence_number{sequence};
  b.reports = {self, report_number{first}, count, {}};
  for (std::uint32_t i = 0; i < count; ++i) {
    report r;
    r.number = report_number{first + i};
    r.client = self;
    r.client_order = client_order_id{flavour};
    append_report(b.reports.encoded, r);
  }
  return b;
}

struct fixture {
  report_quorum quorum{cluster_size{4}, self, {}};
  std::uint64_t next = 0; ///< number that should come next
  std::size_t out_of_order = 0;
  std::size_t batches = 0;
  bool open_end = false; ///< the last batch did not end its block

  void begin(std::uint64_t wanted, const report_quorum::limits& l = {}) {
    quorum = report_quorum{cluster_size{4}, self, l};
    quorum.start(report_number{wanted});
    next = wanted;
  }
  void say(std::uint16_t replica, const sample_block& b) {
    quorum.add(replica_id{replica}, b.what, b.reports, b.more);
    for (auto& batch : quorum.take_ready()) {
      ++batches;
      open_end = batch->more;
      for (auto& r : batch->reports)
        out_of_order += r.number.value() != next++;
    }
  }
  std::uint64_t faults(std::uint16_t replica) const {
    return quorum.faults()[replica];
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(report_quorum_tests, fixture)

CAF_TEST(one word is not enough and two are) {
  begin(1);
  auto b = make_block(10, 1, 3);
  say(0, b);
  say(0, b);
  CAF_CHECK_EQUAL(batches, 0u);
  CAF_CHECK(quorum.waiting());
  say(2, b);
  CAF_CHECK_EQUAL(batches, 1u);
  CAF_CHECK_EQUAL(next, 4u);
  say(1, b);
  say(3, b);
  CAF_CHECK_EQUAL(batches, 1u);
  CAF_CHECK(!quorum.waiting());
}

CAF_TEST(blocks wait for those before them) {
  begin(1);
  for (std::uint16_t r : {0, 1})
    say(r, make_block(12, 6, 2));
  for (std::uint16_t r : {0, 1})
    say(r, make_block(11, 4, 2));
  CAF_CHECK_EQUAL(batches, 0u);
  CAF_CHECK(quorum.waiting());
  for (std::uint16_t r : {0, 1})
    say(r, make_block(10, 1, 3));
  CAF_CHECK_EQUAL(batches, 3u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
  CAF_CHECK_EQUAL(quorum.wanted().value(), 8u);
}

CAF_TEST(who resumes inside a block gets the rest of it) {
  begin(5);
  for (std::uint16_t r : {0, 1})
    say(r, make_block(9, 1, 3)); // wholly before
  for (std::uint16_t r : {0, 1})
    say(r, make_block(10, 4, 4));
  CAF_CHECK_EQUAL(batches, 1u);
  CAF_CHECK_EQUAL(next, 8u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
}

CAF_TEST(whoever contradicts is counted whenever it speaks) {
  begin(1);
  say(3, make_block(10, 1, 3, 66)); // before the others
  say(0, make_block(10, 1, 3));
  say(1, make_block(10, 1, 3));
  say(2, make_block(10, 1, 3, 77)); // after them
  CAF_CHECK_EQUAL(batches, 1u);
  CAF_CHECK_EQUAL(faults(3), 1u);
  CAF_CHECK_EQUAL(faults(2), 1u);
  CAF_CHECK_EQUAL(faults(0) + faults(1), 0u);
  say(3, make_block(10, 1, 3, 66)); // the same lie again is not another one
  CAF_CHECK_EQUAL(faults(3), 1u);
}

CAF_TEST(a replica has one vote a block) {
  begin(1);
  for (std::uint64_t flavour = 0; flavour < 5; ++flavour)
    say(3, make_block(10, 1, 1, flavour));
  CAF_CHECK_EQUAL(faults(3), 4u);
  say(0, make_block(10, 1, 1, 4)); // its last word would have made two
  CAF_CHECK_EQUAL(batches, 0u);
  say(1, make_block(10, 1, 1, 4));
  CAF_CHECK_EQUAL(batches, 1u);
}

CAF_TEST(made up blocks neither block nor stay) {
  begin(1);
  // The numbers of real reports, under other blocks; before and behind the real one.
  say(3, make_block(5, 1, 2));
  say(3, make_block(15, 1, 2));
  say(3, make_block(16, 2, 1));
  say(3, make_block(17, 100, 1));
  for (std::uint16_t r : {0, 1})
    say(r, make_block(10, 1, 3));
  CAF_CHECK_EQUAL(batches, 1u);
  for (std::uint16_t r : {0, 1})
    say(r, make_block(11, 4, 3));
  CAF_CHECK_EQUAL(batches, 2u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
  CAF_CHECK_EQUAL(faults(3), 3u); // the last may still come true
}

CAF_TEST(nonsense is counted and dropped) {
  begin(1);
  auto other = make_block(10, 1, 1);
  other.reports.client = client_id{4};
  say(3, other);
  auto none = make_block(10, 1, 1);
  none.reports.count = 0;
  say(3, none);
  auto many = make_block(10, 1, 1);
  many.reports.count = UINT32_MAX;
  say(3, many);
  say(3, make_block(10, UINT64_MAX - 1, 4));
  say(3, make_block(10, 0, 4));
  CAF_CHECK_EQUAL(faults(3), 5u);
  CAF_CHECK(!quorum.waiting());
  quorum.add(replica_id{99}, {}, {}); // no such replica
}

CAF_TEST(a flood takes its own room only) {
  report_quorum::limits l;
  l.bytes_per_replica = 10'000;
  l.votes_per_replica = 100;
  begin(1, l);
  for (std::uint64_t i = 0; i < 10'000; ++i)
    say(3, make_block(1000 + i, 1000 + i, 1));
  auto large = make_block(50'000, 50'000, 5000);
  say(3, large);
  CAF_CHECK_EQUAL(quorum.counts().dropped, 10'000u - 100 + 1);
  for (std::uint64_t i = 0; i < 200; ++i)
    for (std::uint16_t r : {0, 1, 2})
      say(r, make_block(10 + i, 1 + i, 1));
  CAF_CHECK_EQUAL(batches, 200u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
}

CAF_TEST(what fills a gap finds room) {
  report_quorum::limits l;
  l.votes_per_replica = 10;
  begin(1, l);
  // Replica 0 is far ahead of the others; its first block was lost.
  for (std::uint64_t i = 1; i < 30; ++i)
    say(0, make_block(10 + i, 1 + i, 1));
  say(0, make_block(10, 1, 1));
  say(1, make_block(10, 1, 1));
  CAF_CHECK_EQUAL(batches, 1u);
  for (std::uint64_t i = 1; i < 30; ++i)
    for (std::uint16_t r : {1, 0})
      say(r, make_block(10 + i, 1 + i, 1));
  CAF_CHECK_EQUAL(batches, 30u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
}

CAF_TEST(any order of honest words gives the same reports) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    bourse::bench::random_source random{seed};
    report_quorum::limits l;
    l.history = 4;
    begin(1, l);
    std::vector<std::pair<std::uint16_t, sample_block>> words;
    std::uint64_t first = 1;
    for (std::uint64_t i = 0; i < 40; ++i) {
      auto count = static_cast<std::uint32_t>(1 + random.below(4));
      for (std::uint16_t r = 0; r < 3; ++r)
        for (auto n = 1 + random.below(2); n > 0; --n)
          words.emplace_back(r, make_block(10 + i * 2, first, count));
      words.emplace_back(3, make_block(10 + random.below(80), 1 + random.below(100), 1, 9));
      first += count;
    }
    for (auto i = words.size(); i > 1; --i)
      std::swap(words[i - 1], words[random.below(i)]);
    for (auto& [replica, b] : words)
      say(replica, b);
    if (next != first || out_of_order > 0 || faults(0) + faults(1) + faults(2) > 0)
      CAF_ERROR("seed " << seed << ": " << next << " of " << first);
  }
}

CAF_TEST(a block in parts is handed out part by part) {
  begin(1);
  auto whole = make_block(10, 1, 100);
  auto parts = cut(whole, whole.reports.encoded.size() / 4);
  CAF_REQUIRE(parts.size() >= 4);
  for (auto& p : parts)
    say(0, p);
  CAF_CHECK_EQUAL(batches, 0u);
  // The second replica says them in another order, and the last is lost.
  for (std::size_t i = parts.size() - 1; i-- > 0;)
    say(1, parts[i]);
  CAF_CHECK_EQUAL(batches, parts.size() - 1);
  CAF_CHECK(open_end);
  CAF_CHECK(quorum.waiting());
  say(2, parts.back());
  CAF_CHECK_EQUAL(batches, parts.size());
  CAF_CHECK(!open_end);
  CAF_CHECK(!quorum.waiting());
  CAF_CHECK_EQUAL(next, 101u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
  for (std::uint16_t r = 0; r < 4; ++r)
    CAF_CHECK_EQUAL(faults(r), 0u);
}

CAF_TEST(while the rest of a block was not said it is missed) {
  begin(1);
  auto whole = make_block(10, 1, 100);
  auto parts = cut(whole, whole.reports.encoded.size() / 2);
  say(0, parts[0]);
  say(1, parts[0]);
  CAF_CHECK_EQUAL(batches, 1u);
  CAF_CHECK(quorum.waiting()); // though nobody said anything else
}

CAF_TEST(who resumes inside a block in parts needs the rest only) {
  auto whole = make_block(10, 1, 100);
  auto parts = cut(whole, whole.reports.encoded.size() / 4);
  auto from = parts[2].reports.first.value() + 1;
  begin(from);
  for (std::size_t i = 2; i < parts.size(); ++i)
    for (std::uint16_t r : {0, 1})
      say(r, parts[i]);
  CAF_CHECK_EQUAL(next, 101u);
  CAF_CHECK_EQUAL(out_of_order, 0u);
}

CAF_TEST(whoever cuts otherwise or denies the rest is found out) {
  begin(1);
  auto whole = make_block(10, 1, 100);
  auto parts = cut(whole, whole.reports.encoded.size() / 2);
  auto denied = parts[0];
  denied.more = false;
  say(3, denied);
  say(2, whole);
  for (auto& p : parts)
    for (std::uint16_t r : {0, 1})
      say(r, p);
  CAF_CHECK_EQUAL(next, 101u);
  CAF_CHECK_EQUAL(faults(3), 1u);
  CAF_CHECK_EQUAL(faults(2), 1u);
  CAF_CHECK(!quorum.waiting());
}

CAF_TEST(what is gone is passed over and told) {
  begin(1);
  auto unproved = make_block(3, 5, 2);
  say(0, unproved);
  CAF_CHECK(quorum.waiting());
  quorum.pass_over(report_number{10});
  CAF_CHECK(!quorum.waiting());
  CAF_CHECK_EQUAL(quorum.wanted().value(), 10u);
  say(1, unproved); // too late
  CAF_CHECK(!quorum.waiting());
  for (auto first : {10U, 13U}) {
    auto b = make_block(first, first, 3);
    quorum.add(replica_id{0}, b.what, b.reports);
    quorum.add(replica_id{1}, b.what, b.reports);
    auto ready = quorum.take_ready();
    CAF_REQUIRE_EQUAL(ready.size(), 1u);
    CAF_CHECK_EQUAL(ready[0]->gone, first == 10 ? 9u : 0u);
    CAF_CHECK_EQUAL(ready[0]->reports.size(), 3u);
  }
  quorum.pass_over(report_number{12}); // which is old
  CAF_CHECK_EQUAL(quorum.wanted().value(), 16u);
  CAF_CHECK_EQUAL(quorum.counts().gone, 9u);
  CAF_CHECK_EQUAL(faults(0) + faults(1), 0u);
}

CAF_TEST(what f+1 said is handed out though it is among what is gone) {
  begin(1);
  say(0, make_block(4, 5, 2));
  say(1, make_block(4, 5, 2));
  CAF_CHECK_EQUAL(batches, 0u);
  quorum.pass_over(report_number{10});
  auto ready = quorum.take_ready();
  CAF_REQUIRE_EQUAL(ready.size(), 1u);
  CAF_CHECK_EQUAL(ready[0]->gone, 4u);
  CAF_CHECK_EQUAL(quorum.wanted().value(), 7u);
  quorum.pass_over(report_number{10});
  CAF_CHECK_EQUAL(quorum.wanted().value(), 10u);
  CAF_CHECK_EQUAL(quorum.counts().gone, 7u);
}

CAF_TEST_FIXTURE_SCOPE_END()
