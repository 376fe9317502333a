#define CAF_SUITE client_return
#include "tests/suite.hpp"

#include "tests/actors/client_orders.hpp"

using namespace bourse::test;

CAF_TEST(a new run goes on with the next numbers) {
  client_world w{{}};
  auto& first = w.start();
  CAF_REQUIRE(place_and_wait(w, first));
  CAF_REQUIRE(place_and_wait(w, first, 2));
  w.kill(first);
  w.run(50);
  auto& second = w.start();
  auto result = place_and_wait(w, second);
  CAF_REQUIRE(result);
  CAF_CHECK_EQUAL(described(result->problem), "none");
  CAF_CHECK_EQUAL(result->number.value(), 2u);
  // It is told what comes after its start.
  CAF_CHECK(second.reports.front().number.value() > first.reports.back().number.value());
  CAF_CHECK_EQUAL(w.violation(second), "");
}

CAF_TEST(reports go on where an earlier run stopped) {
  client_world w{{}};
  auto& first = w.start();
  for (int i = 0; i < 5; ++i)
    CAF_REQUIRE(place_and_wait(w, first));
  w.kill(first);
  w.run(20);
  auto all = w.all_reports().size();
  for (std::uint64_t from = 0; from <= all + 3; ++from) {
    auto& again = w.start(report_number{from});
    w.run(30);
    auto expected = from == 0 ? all : all - std::min<std::size_t>(all, from - 1);
    CAF_CHECK_EQUAL(again.reports.size(), expected);
    CAF_CHECK_EQUAL(w.violation(again), "");
    w.kill(again);
  }
}

CAF_TEST(reports that f+1 replicas still keep are all told) {
  client_world w{{}};
  auto& first = w.start();
  for (int i = 0; i < 6; ++i)
    CAF_REQUIRE(place_and_wait(w, first));
  w.kill(first);
  w.run(20);
  w.options.gone_blocks = {3, 0, 5, 0};
  auto& again = w.start(report_number{1});
  w.run(3000);
  CAF_CHECK_EQUAL(again.reports.size(), w.all_reports().size());
  CAF_CHECK_EQUAL(w.violation(again), "");
  CAF_CHECK_EQUAL(again.session->reports().counts().gone, 0u);
}

CAF_TEST(reports that too few replicas keep are passed over) {
  // What f+1 say is gone is, but for what f+1 give nevertheless.
  for (auto [kept, gone] : {std::pair{std::vector<std::size_t>{3, 3, 3, 0}, 3U},
                            std::pair{std::vector<std::size_t>{3, 5, 4, 0}, 3U},
                            std::pair{std::vector<std::size_t>{4, 5, 5, 0}, 4U},
                            std::pair{std::vector<std::size_t>{6, 6, 6, 6}, 6U}}) {
    client_world w{{}};
    auto& first = w.start();
    std::vector<std::size_t> ends{0}; // of the blocks' reports
    for (int i = 0; i < 6; ++i) {
      CAF_REQUIRE(place_and_wait(w, first));
      ends.push_back(w.all_reports().size());
    }
    w.kill(first);
    w.run(20);
    w.options.gone_blocks = kept;
    auto& again = w.start(report_number{1});
    w.run(3000);
    CAF_REQUIRE(place_and_wait(w, again)); // and it goes on
    CAF_REQUIRE(!again.reports.empty());
    CAF_CHECK_EQUAL(again.reports.front().number.value(), ends[gone] + 1);
    CAF_CHECK_EQUAL(again.reports.size(), w.all_reports().size() - ends[gone]);
    CAF_CHECK_EQUAL(w.violation(again), "");
    CAF_CHECK_EQUAL(again.session->reports().counts().gone, ends[gone]);
    for (auto faults : again.session->reports().faults())
      CAF_CHECK_EQUAL(faults, 0u);
  }
}

CAF_TEST(nobody claims to know what became of an order whose reports are gone) {
  client_world w{{}};
  auto& run = w.start();
  CAF_REQUIRE(place_and_wait(w, run));
  w.executing = false;
  auto lost = w.place(run, 0, {w.order()});
  w.run(20); // all replicas have it
  for (std::uint16_t r = 0; r < 4; ++r)
    w.cut(run, r);
  w.executing = true;
  w.run(50);
  auto blocks = static_cast<std::size_t>(w.log().back().block.value());
  w.options.gone_blocks = {blocks, blocks, blocks, blocks};
  for (std::uint16_t r = 0; r < 4; ++r)
    w.connect(run, r);
  CAF_REQUIRE(w.until_finished(run, lost));
  CAF_REQUIRE(run.finished[lost]->problem.has_value());
  CAF_CHECK(run.finished[lost]->problem->code == errc::pruned);
  auto next = place_and_wait(w, run);
  CAF_REQUIRE(next);
  CAF_CHECK_EQUAL(described(next->problem), "none");
}

CAF_TEST(an order of an earlier run can not pass for one of this) {
  // The first run dies with submissions on their way, that take the numbers of the second's. Each
  // placement of the second is either executed once, or said not to be and is not.
  std::size_t bad = 0;
  std::size_t taken = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    world_options o;
    o.seed = seed() + i;
    o.loss_percent = 10;
    o.delay_at_most_ms = 40;
    o.lag_at_most_blocks = 5;
    o.tuning.max_coalesced = 2;
    client_world w{o};
    auto& first = w.start();
    w.until([&] { return first.session->ready(); });
    for (std::uint64_t n = w.random.below(12); n > 0; --n) {
      w.place(first, 0, orders(w, 1 + w.random.below(2)));
      w.run(static_cast<std::uint32_t>(w.random.below(10)));
    }
    w.kill(first);
    w.run(static_cast<std::uint32_t>(w.random.below(30)));
    auto& second = w.start();
    std::map<placement_id, std::vector<request>> placed_here;
    for (int n = 0; n < 8; ++n) {
      auto content = orders(w, 1 + w.random.below(2));
      placed_here[w.place(second, 0, content)] = content;
      w.run(static_cast<std::uint32_t>(w.random.below(20)));
    }
    bool right = w.until([&] { return second.finished.size() == placed_here.size(); });
    for (auto& [id, content] : placed_here) {
      if (!second.finished.contains(id))
        continue;
      auto& problem = second.finished[id]->problem;
      taken += problem.has_value();
      for (auto& r : content) {
        auto times = w.times_executed(std::get<place>(r).client_order);
        right = right && times == (problem ? 0u : 1u);
      }
      right = right && (!problem || problem->code == errc::duplicate);
    }
    right = right && w.violation(second).empty();
    if (!right) {
      CAF_MESSAGE("seed " << o.seed);
      ++bad;
    }
  }
  CAF_CHECK_EQUAL(bad, 0u);
  CAF_CHECK(taken > 0); // else this tested nothing
}

CAF_TEST(a number that was used up before the start is found out) {
  // One replica is up to date, one lags, one lies: 3 seems to be next, and report 60. The fourth,
  // late, shows that 3 was executed before, so no report on it is to come.
  client_world w{{}};
  client_session session{cluster_size{4}, w.rules, client_id{1}, w.key};
  auto greet = [&](std::uint16_t replica, std::uint64_t next, std::uint64_t next_report) {
    session.linked(replica_id{replica});
    welcome m{replica_id{replica}, {}, {submission_number{next}}, report_number{next_report}};
    session.receive(replica_id{replica}, m, w.now);
  };
  greet(0, 5, 60);
  greet(1, 3, 30);
  greet(2, 1, 60);
  CAF_REQUIRE(session.ready());
  session.place(stream_id{0}, {w.order()}, w.now);
  CAF_CHECK_EQUAL(session.position().next[0].value(), 4u);
  CAF_CHECK(session.take_finished().empty());
  greet(3, 5, 60);
  auto finished = session.take_finished();
  CAF_REQUIRE_EQUAL(finished.size(), 1u);
  CAF_CHECK(finished[0].result->problem->code == errc::duplicate);
  CAF_CHECK_EQUAL(session.position().next[0].value(), 5u);
}

CAF_TEST(f+1 that refuse a number as used up move the stream on) {
  client_world w{{}};
  client_session session{cluster_size{4}, w.rules, client_id{1}, w.key};
  for (std::uint16_t r = 0; r < 3; ++r)
    session.receive(replica_id{r}, welcome{replica_id{r}, {}, {}, report_number{1}}, w.now);
  session.place(stream_id{0}, {w.order()}, w.now);
  refused used{stream_id{0}, submission_number{1}, {errc::duplicate, {}}};
  session.receive(replica_id{0}, used, w.now);
  CAF_CHECK_EQUAL(session.in_flight(), 1u);
  session.receive(replica_id{1}, used, w.now);
  CAF_CHECK_EQUAL(session.in_flight(), 0u);
}

CAF_TEST(two runs at once share a stream) {
  world_options o;
  o.seed = seed();
  client_world w{o};
  auto& a = w.start();
  auto& b = w.start();
  // They get into each other's way, but each is told, and can try again.
  std::size_t attempts = 0;
  for (std::size_t executed = 0; executed < 30; ++attempts) {
    auto& run = (w.random.below(2) == 0) ? a : b;
    auto result = place_and_wait(w, run);
    CAF_REQUIRE(result);
    executed += !result->problem;
    CAF_REQUIRE(!result->problem || result->problem->code == errc::duplicate);
    CAF_REQUIRE(attempts < 100);
    CAF_REQUIRE_EQUAL(w.log().size(), executed);
  }
}
