#define CAF_SUITE stamper
#include "tests/suite.hpp"

#include "fairness/stamper.hpp"

#include <set>

#include "fairness/ranking.hpp"
#include "fairness/report_store.hpp"
#include "messages/splitmix64.hpp"
#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

constexpr std::uint64_t grid = 20'000; // of fair_rules, in microseconds
constexpr replica_id self{2};

digest body(const std::string& name) {
  return hash(name);
}

struct fixture {
  market::rules rules = fair_rules();
  std::optional<stamper> s;

  fixture() {
    rules.stream_window = 64;
    reset();
  }
  void reset(const chain_position& head = chain_start()) {
    s.emplace(rules, self, head);
  }

  void hold(const std::string& name, std::uint64_t number, std::uint64_t now,
            std::uint32_t client = 0, std::uint8_t stream = 0) {
    s->hold(header(client, stream, number), body(name), stamp_time{now});
  }
  void set_next(std::uint64_t next, std::uint32_t client = 0) {
    s->set_next(client_id{client}, stream_id{0}, submission_number{next});
  }
  static report_ptr sign(const stamp_report& r) {
    CAF_CHECK(r.replica == self);
    return report_after(
        self.value(),
        {report_index{r.index.value() - 1}, r.previous, stamp_time{r.boundary.value() - 1}},
        r.boundary.value(), r.stamps);
  }
  /// The report that is due then, signed and durable at once; null if none is.
  report_ptr report(std::uint64_t now, bool owed = false) {
    auto content = s->report(stamp_time{now}, owed);
    if (!content)
      return nullptr;
    auto before = s->last();
    auto r = sign(*content);
    CAF_CHECK(continues(before, r->content));
    CAF_CHECK_EQUAL(r->content.boundary.value() % grid, 0u);
    CAF_CHECK_LESS_OR_EQUAL(r->content.boundary.value(), now);
    CAF_CHECK(r->content.stamps.empty() || r->content.stamps.back().time <= r->content.boundary);
    CAF_CHECK(s->reported(*r));
    CAF_CHECK(s->last() == position_of(*r));
    return r;
  }
  void commit(const report_ptr& r, std::uint64_t now) {
    s->committed(position_of(*r), stamp_time{now});
  }
  std::optional<stamp_time> next(bool owed = false) const {
    return s->next_report(owed);
  }
};

std::vector<digest> names(const report_ptr& r) {
  std::vector<digest> out;
  if (r)
    for (const auto& x : r->content.stamps)
      out.push_back(x.body);
  return out;
}

std::vector<std::uint64_t> times(const report_ptr& r) {
  std::vector<std::uint64_t> out;
  for (const auto& x : r->content.stamps)
    out.push_back(x.time.value());
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(stamper_tests, fixture)

CAF_TEST(who has nothing to say is silent) {
  CAF_CHECK(!next());
  CAF_CHECK(!report(100 * grid));
  CAF_CHECK(s->last() == chain_start());
}

CAF_TEST(a stamp is reported at the first boundary after it) {
  hold("a", 1, 7 * grid + 5);
  CAF_CHECK(next() == stamp_time{8 * grid});
  CAF_CHECK(!report(8 * grid - 1));
  auto r = report(8 * grid + 123);
  CAF_REQUIRE(r);
  CAF_CHECK(r->content.index == report_index{1});
  CAF_CHECK(r->content.previous == chain_start().digest);
  CAF_CHECK(r->content.boundary == stamp_time{8 * grid});
  CAF_CHECK(
      (r->content.stamps == std::vector{stamp_at({header(0, 0, 1), body("a")}, 7 * grid + 5)}));
  CAF_CHECK_EQUAL(s->open(), 1u);
}

CAF_TEST(one who was held up skips boundaries and begins with the one just passed) {
  hold("a", 1, 7 * grid + 5);
  auto r = report(12 * grid + 1);
  CAF_REQUIRE(r);
  CAF_CHECK(r->content.boundary == stamp_time{12 * grid});
}

CAF_TEST(what waits has boundaries reported until it is executed) {
  hold("a", 1, 7 * grid + 5);
  report(8 * grid);
  CAF_CHECK(next() == stamp_time{9 * grid});
  auto r = report(9 * grid);
  CAF_REQUIRE(r);
  CAF_CHECK(r->content.stamps.empty());
  set_next(2);
  CAF_CHECK_EQUAL(s->open(), 0u);
  CAF_CHECK(!next());
  CAF_CHECK(!report(50 * grid));
}

CAF_TEST(a block that is owed has a boundary reported) {
  CAF_CHECK(next(true) == stamp_time{grid});
  CAF_CHECK(!report(grid - 1, true));
  auto r = report(5 * grid, true);
  CAF_REQUIRE(r);
  CAF_CHECK(r->content.stamps.empty());
  CAF_CHECK(!report(6 * grid - 1, true));
  CAF_CHECK(report(6 * grid, true));
  CAF_CHECK(!next());
}

CAF_TEST(numbers of a stream are stamped in order) {
  hold("c", 3, 100);
  hold("b", 2, 200);
  CAF_CHECK_EQUAL(s->open(), 0u);
  CAF_CHECK(!next());
  hold("a", 1, 300);
  CAF_CHECK_EQUAL(s->open(), 3u);
  hold("e", 5, 400);
  hold("x", 1, 500, 1); // another stream waits for nobody
  auto r = report(grid);
  CAF_CHECK((names(r) == std::vector{body("a"), body("b"), body("c"), body("x")}));
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{300, 301, 302, 500}));
  hold("d", 4, grid + 7);
  CAF_CHECK((names(report(2 * grid)) == std::vector{body("d"), body("e")}));
}

CAF_TEST(what is executed stands for stamped) {
  hold("c", 3, 100);
  set_next(3); // numbers 1 and 2 never came here
  s->committed(s->last(), stamp_time{200});
  auto r = report(grid);
  CAF_CHECK((names(r) == std::vector{body("c")}));
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{200}));
  hold("old", 2, 300);
  CAF_CHECK_EQUAL(s->open(), 1u);
}

CAF_TEST(stamps never repeat nor fall though the clock does) {
  hold("a", 1, 100);
  hold("b", 1, 100, 1);
  hold("c", 1, 50, 2);
  CAF_CHECK((times(report(grid)) == std::vector<std::uint64_t>{100, 101, 102}));
  hold("d", 2, 5); // set back behind a boundary
  hold("e", 3, 6);
  auto r = report(3 * grid);
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{grid + 1, grid + 2}));
  CAF_CHECK(s->last_stamp() == stamp_time{3 * grid});
}

CAF_TEST(a stamp after the boundary waits for the next report) {
  hold("a", 1, grid - 1);
  hold("b", 2, grid + 1);
  CAF_CHECK((names(report(grid + 5)) == std::vector{body("a")}));
  CAF_CHECK((names(report(2 * grid)) == std::vector{body("b")}));
}

CAF_TEST(what is stamped while a report is on its way to the disk comes after it) {
  hold("a", 1, grid - 1);
  auto content = s->report(stamp_time{grid}, false);
  CAF_REQUIRE(content);
  hold("b", 2, grid); // the clock still shows the boundary itself
  auto r = sign(*content);
  CAF_CHECK((names(r) == std::vector{body("a")}));
  CAF_CHECK(s->reported(*r));
  auto later = report(2 * grid);
  CAF_CHECK((names(later) == std::vector{body("b")}));
  CAF_CHECK((times(later) == std::vector<std::uint64_t>{grid + 1}));
}

CAF_TEST(of rivals so many are stamped and no more) {
  for (auto name : {"a", "b", "c", "d", "e", "a"})
    hold(name, 1, 100);
  CAF_CHECK_EQUAL(s->open(), stamper::max_rivals);
  auto r = report(grid);
  CAF_CHECK((names(r) == std::vector{body("a"), body("b"), body("c"), body("d")}));
  hold("x", 2, grid + 1);
  hold("y", 2, grid + 2);
  set_next(2); // one of them executes, and all are done with
  CAF_CHECK_EQUAL(s->open(), 2u);
  CAF_CHECK((names(report(2 * grid)) == std::vector{body("x"), body("y")}));
}

CAF_TEST(a rival that comes late is stamped late) {
  hold("a", 1, 100);
  hold("z", 2, 150);
  hold("b", 1, 200);
  auto r = report(grid);
  CAF_CHECK((names(r) == std::vector{body("a"), body("z"), body("b")}));
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{100, 150, 200}));
}

CAF_TEST(numbers beyond the credit and of nobody are ignored) {
  auto last = ranking::credits_ahead * rules.stream_window;
  for (std::uint64_t n = 1; n <= last + 3; ++n)
    hold(std::to_string(n), n, 100);
  CAF_CHECK_EQUAL(s->open(), last);
  hold("none", 0, 100);
  hold("far", UINT64_MAX, 100);
  hold("stranger", 1, 100, 4);
  hold("stranger", 1, 100, UINT32_MAX);
  hold("stream", 1, 100, 0, max_streams);
  s->set_next(client_id{4}, stream_id{0}, submission_number{2});
  CAF_CHECK_EQUAL(s->open(), last);
  set_next(last + 1);
  CAF_CHECK_EQUAL(s->open(), 0u);
  hold("old", last, 100);
  CAF_CHECK_EQUAL(s->open(), 0u);
}

CAF_TEST(what a report has no room for is stamped after its boundary as it came) {
  rules.order.max_stamps = 2;
  reset();
  hold("a", 1, 100, 3);
  hold("b", 2, 101, 3);
  hold("c", 1, 102, 2);
  hold("d", 1, 103, 0);
  hold("e", 3, 104, 3);
  hold("f", 1, 105, 1);
  CAF_CHECK_EQUAL(s->open(), 2u);
  auto r = report(grid);
  CAF_CHECK((names(r) == std::vector{body("a"), body("b")}));
  r = report(2 * grid);
  CAF_CHECK((names(r) == std::vector{body("c"), body("d")}));
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{grid + 1, grid + 2}));
  hold("g", 2, 2 * grid + 9, 0); // behind those that are there
  CAF_CHECK((names(report(3 * grid)) == std::vector{body("e"), body("f")}));
  CAF_CHECK((names(report(4 * grid)) == std::vector{body("g")}));
}

CAF_TEST(a crowd of one client delays all others no more than itself) {
  rules.order.max_stamps = 4;
  reset();
  std::uint64_t sent = 0;
  std::uint64_t now = 0;
  std::size_t round = 0;
  auto crowd = [&] {
    for (int i = 0; i < 6; ++i)
      hold("crowd " + std::to_string(sent + 1), sent + 1, now), ++sent;
  };
  crowd();
  hold("lone", 1, now, 3);
  for (bool seen = false; !seen; ++round) {
    CAF_REQUIRE_LESS(round, 3u);
    now += grid;
    auto r = report(now);
    CAF_REQUIRE(r);
    for (const auto& d : names(r))
      seen = seen || d == body("lone");
    crowd();
  }
  CAF_CHECK_EQUAL(round, 2u);
}

CAF_TEST(so many stamps are open and no more) {
  rules.order.max_open_stamps = 3;
  reset();
  for (std::uint64_t n = 1; n <= 5; ++n)
    hold(std::to_string(n), n, 100);
  hold("x", 1, 101, 1);
  CAF_CHECK_EQUAL(s->open(), 3u);
  report(grid);
  CAF_CHECK((names(report(2 * grid)).empty()));
  set_next(3);
  s->committed(s->last(), stamp_time{2 * grid + 5});
  CAF_CHECK_EQUAL(s->open(), 3u);
  CAF_CHECK((names(report(3 * grid)) == std::vector{body("4"), body("5")}));
  set_next(4);
  s->committed(s->last(), stamp_time{3 * grid + 5});
  CAF_CHECK((names(report(4 * grid)) == std::vector{body("x")}));
}

CAF_TEST(the further it is ahead of the log the rarer are reports) {
  hold("a", 1, 1);
  std::uint64_t now = 0;
  std::size_t made = 0;
  while (auto at = next()) {
    CAF_REQUIRE_LESS_OR_EQUAL(now, at->value());
    now = at->value();
    CAF_REQUIRE(report(now));
    ++made;
  }
  CAF_CHECK_EQUAL(made, max_links); // the most that a block can name
  CAF_CHECK_LESS(30'000'000u, now); // half a minute without a block
  CAF_CHECK(!report(10 * now));
  CAF_CHECK(!report(10 * now, true));
}

CAF_TEST(a chain that ran full goes on when the log does) {
  hold("a", 1, 1);
  std::vector<report_ptr> made;
  while (auto at = next())
    made.push_back(report(at->value()));
  auto now = made.back()->content.boundary.value();
  hold("b", 2, now + 1);
  CAF_CHECK(!next());
  commit(made[40], now + 2);
  CAF_REQUIRE(next());
  auto r = report(next()->value());
  CAF_CHECK((names(r) == std::vector{body("b")}));
  CAF_CHECK(r->content.previous == made.back()->digest);
  commit(r, now + 3);
  // As close as ever.
  auto boundary = r->content.boundary.value();
  CAF_CHECK(next() == stamp_time{boundary + grid});
}

CAF_TEST(after a restart it goes on where it was) {
  hold("a", 1, 100);
  auto first = report(grid);
  hold("b", 2, grid + 100);
  auto second = report(2 * grid);
  hold("lost", 3, 2 * grid + 100); // and its report
  // The log has the first.
  reset(position_of(*first));
  set_next(1);
  s->resume(stamped{header(0, 0, 1), body("a")});
  s->resume(*second);
  CAF_CHECK(s->last() == position_of(*second));
  CAF_CHECK_EQUAL(s->open(), 2u);
  CAF_CHECK(s->last_stamp() == stamp_time{2 * grid});
  hold("a", 1, 3 * grid + 1); // they come again, and are not stamped again
  hold("b", 2, 3 * grid + 2);
  CAF_CHECK_EQUAL(s->open(), 2u);
  hold("lost", 3, 50); // whatever the clock says now
  auto r = report(4 * grid);
  CAF_CHECK((names(r) == std::vector{body("lost")}));
  CAF_CHECK((times(r) == std::vector<std::uint64_t>{2 * grid + 1}));
  CAF_CHECK(r->content.previous == second->digest);
}

CAF_TEST(after a restart what is executed is not open) {
  auto own = report_after(
      self.value(), chain_start(), grid,
      {stamp_at({header(0, 0, 1), body("a")}, 100), stamp_at({header(0, 0, 2), body("b")}, 101)});
  set_next(2);
  s->resume(stamped{header(0, 0, 1), body("a")});
  s->resume(*own);
  s->resume(stamped{header(9, 0, 1), body("a")}); // nobody's
  CAF_CHECK_EQUAL(s->open(), 1u);
  set_next(3);
  CAF_CHECK_EQUAL(s->open(), 0u);
  CAF_CHECK(!next());
}

CAF_TEST(reports of a chain that was left are not resumed) {
  auto a = report_after(self.value(), chain_start(), grid);
  auto b = report_after(self.value(), chain_start(), 2 * grid);
  auto after_a = report_after(a, 3 * grid, {stamp_at({header(0, 0, 1), body("a")}, 2 * grid + 1)});
  auto after_b = report_after(b, 4 * grid);
  reset(position_of(*b));
  for (const auto& r : {a, b, after_a})
    s->resume(*r);
  CAF_CHECK(s->last() == position_of(*b));
  CAF_CHECK_EQUAL(s->open(), 0u);
  s->resume(*after_b);
  CAF_CHECK(s->last() == position_of(*after_b));
}

CAF_TEST(what the log has of its own chain changes nothing) {
  hold("a", 1, 100);
  auto first = report(grid);
  auto second = report(2 * grid);
  hold("b", 2, 2 * grid + 1);
  commit(first, 2 * grid + 2);
  CAF_CHECK(s->last() == position_of(*second));
  commit(first, 2 * grid + 3); // a block that names nothing newer of it
  CAF_CHECK((names(report(3 * grid)) == std::vector{body("b")}));
}

CAF_TEST(where the log has another branch it goes on from there and stamps again) {
  hold("a", 1, 100);
  hold("b", 2, 101);
  hold("x", 1, 102, 1);
  hold("late", 4, 103);
  report(grid);
  set_next(2);
  hold("c", 3, grid + 1);
  auto other = report_after(self.value(), chain_start(), 5 * grid);
  commit(other, 2 * grid);
  CAF_CHECK(s->last() == position_of(*other));
  CAF_CHECK_EQUAL(s->open(), 4u);
  CAF_CHECK(!report(6 * grid - 1));
  auto r = report(6 * grid);
  CAF_REQUIRE(r);
  CAF_CHECK(r->content.previous == other->digest);
  auto again = names(r);
  CAF_CHECK((std::set(again.begin(), again.end())
             == std::set{body("b"), body("c"), body("late"), body("x")}));
  // In the order of the stream, and above what the branch had reported.
  CAF_CHECK(std::find(again.begin(), again.end(), body("b"))
            < std::find(again.begin(), again.end(), body("c")));
  auto when = times(r);
  CAF_CHECK_LESS(5 * grid, when.front());
}

CAF_TEST(a report that was under way to the disk is void when the log has another branch) {
  hold("a", 1, 100);
  auto content = s->report(stamp_time{grid}, false);
  CAF_REQUIRE(content);
  auto own = sign(*content);
  auto other = report_after(self.value(), chain_start(), grid / 2);
  commit(other, grid + 5);
  CAF_CHECK(!s->reported(*own));
  CAF_CHECK(s->last() == position_of(*other));
  CAF_CHECK((names(report(2 * grid)) == std::vector{body("a")}));
}

CAF_TEST(random lives stamp all that can be in order and lose nothing) {
  auto first = first_seed();
  for (auto seed = first; seed < first + 100; ++seed) {
    splitmix64 random(seed);
    rules.order.max_stamps = static_cast<std::uint32_t>(1 + random.below(6));
    rules.order.max_open_stamps = static_cast<std::uint32_t>(4 + random.below(30));
    rules.stream_window = 4;
    reset();
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::set<digest>> held;
    std::map<std::uint32_t, std::uint64_t> at{{0, 1}, {1, 1}, {2, 1}, {3, 1}};
    std::vector<report_ptr> chain; // of this branch, beyond what the log had when it began
    std::optional<stamp_report> under_way;
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::set<digest>> stamped_here;
    std::uint64_t now = 1;
    stamp_time last_time;
    auto good = [&](const stamp_report& r) {
      for (const auto& x : r.stamps) {
        std::pair place{x.about.client.value(), x.about.number.value()};
        bool lower = place.second == 1 || place.second <= at[place.first]
                     || stamped_here.contains({place.first, place.second - 1});
        if (x.time <= last_time || !lower || !held[place].contains(x.body)
            || !stamped_here[place].insert(x.body).second)
          return false;
        last_time = x.time;
      }
      bool bounded = r.stamps.size() <= rules.order.max_stamps && last_time <= r.boundary;
      last_time = r.boundary;
      return bounded;
    };
    auto finish_report = [&] {
      if (!under_way)
        return;
      auto r = sign(*under_way);
      if (s->reported(*r)) {
        if (!good(r->content))
          CAF_FAIL("seed " << seed << ": report " << r->content.index.value());
        chain.push_back(r);
      }
      under_way.reset();
    };
    for (int step = 0; step < 300; ++step) {
      now += random.below(3) == 0 ? random.below(grid) : grid - now % grid;
      auto client = static_cast<std::uint32_t>(random.below(4));
      switch (random.below(8)) {
        case 0:
          finish_report();
          break;
        case 1:
          if (!under_way)
            under_way = s->report(stamp_time{now}, random.below(4) == 0);
          break;
        case 2:
          if (random.below(2) == 0)
            set_next(++at[client], client);
          s->committed(s->last(), stamp_time{now});
          break;
        case 3:
          if (random.below(20) == 0) { // it was somebody else with its key
            auto other = report_after(self.value(),
                                      chain.empty() ? chain_start() : position_of(*chain.back()),
                                      s->last().boundary.value() + 1 + random.below(grid));
            chain = {other};
            stamped_here.clear();
            last_time = other->content.boundary;
            commit(other, now);
          }
          break;
        default: {
          auto number = at[client] + random.below(6);
          auto name = std::to_string(client) + "/" + std::to_string(number) + "/"
                      + std::to_string(random.below(6));
          held[{client, number}].insert(body(name));
          hold(name, number, now, client);
        }
      }
      if (s->open() > rules.order.max_open_stamps)
        CAF_FAIL("seed " << seed << ": too many are open");
    }
    // In the end all that may be is stamped.
    for (int k = 0; k < 400; ++k) {
      finish_report();
      now += grid;
      s->committed(s->last(), stamp_time{now});
      under_way = s->report(stamp_time{now}, false);
    }
    finish_report();
    if (s->open() == rules.order.max_open_stamps)
      continue;
    for (std::uint32_t client = 0; client < 4; ++client)
      for (auto n = at[client]; held.contains({client, n}); ++n)
        if (stamped_here[{client, n}].size()
            < std::min(held[{client, n}].size(), stamper::max_rivals))
          CAF_FAIL("seed " << seed << ": " << client << "/" << n << " is not stamped");
  }
  CAF_CHECK(true);
}

CAF_TEST_FIXTURE_SCOPE_END()
