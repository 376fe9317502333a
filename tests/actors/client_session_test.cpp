#define CAF_SUITE client_session
#include "tests/suite.hpp"

#include "tests/actors/client_orders.hpp"

using namespace bourse::test;

namespace {

/// Client order ids in the order in which a stream executed them.
std::vector<std::uint64_t> executed_names(const client_world& w, std::uint8_t stream) {
  std::vector<std::uint64_t> out;
  for (auto& e : w.log())
    if (e.content.stream.value() == stream)
      for (auto& r : e.content.requests)
        if (auto* p = std::get_if<place>(&r))
          out.push_back(p->client_order.value());
  return out;
}

/// Places on several streams at random times, waits for all, and says what went wrong.
std::string load(client_world& w, std::uint32_t placements) {
  auto& run = w.start();
  std::map<placement_id, std::vector<request>> placed_here;
  for (std::uint32_t i = 0; i < placements; ++i) {
    auto content = orders(w, 1 + w.random.below(6));
    auto stream = static_cast<std::uint8_t>(w.random.below(3));
    placed_here[w.place(run, stream, content)] = content;
    w.run(static_cast<std::uint32_t>(w.random.below(6)));
  }
  if (!w.until([&] { return run.finished.size() == placements; }))
    return "only " + std::to_string(run.finished.size()) + " placements finished";
  w.until([&] { return run.reports.size() == w.all_reports().size(); });
  for (auto& [id, content] : placed_here) {
    auto& result = *run.finished[id];
    if (result.problem)
      return "placement failed: " + to_string(*result.problem);
    std::vector<bool> accepted(content.size(), false);
    for (std::size_t i = 0; i < result.reports.size(); ++i) {
      auto& r = result.reports[i];
      auto& asked = std::get<place>(content[result.about[i]]);
      if (asked.client_order != r.client_order)
        return "a report is about another request";
      if (r.kind == report_kind::accepted)
        accepted[result.about[i]] = true;
    }
    if (std::find(accepted.begin(), accepted.end(), false) != accepted.end())
      return "a request has no report";
    for (auto& r : content)
      if (w.times_executed(std::get<place>(r).client_order) != 1)
        return "an order was not executed exactly once";
  }
  for (std::uint8_t stream = 0; stream < 3; ++stream) {
    auto names = executed_names(w, stream);
    if (!std::is_sorted(names.begin(), names.end()))
      return "a stream was executed out of order";
  }
  if (run.reports.size() != w.all_reports().size())
    return "reports are missing";
  return w.violation(run);
}

} // namespace

// -- sending -------------------------------------------------------------------------------------

CAF_TEST(a lone order leaves at once) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  w.place(run, 0, {w.order()});
  CAF_CHECK_EQUAL(run.session->counts().submissions, 1u);
  CAF_CHECK_EQUAL(run.session->in_flight(), 1u);
  CAF_CHECK(w.until([&] { return run.finished.size() == 1; }, 100));
  CAF_CHECK_EQUAL(described(run.finished[1]->problem), "none");
  CAF_CHECK_EQUAL(run.finished[1]->number.value(), 1u);
}

CAF_TEST(what is placed before the links are up leaves later) {
  client_world w{{}};
  auto& run = w.start();
  auto id = w.place(run, 0, {w.order()});
  CAF_CHECK_EQUAL(run.session->counts().submissions, 0u);
  CAF_CHECK(w.until_finished(run, id));
}

CAF_TEST(orders share a signature while one is in flight) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  for (int i = 0; i < 10; ++i)
    w.place(run, 0, {w.order()});
  CAF_CHECK_EQUAL(run.session->counts().submissions, 1u);
  CAF_CHECK(w.until([&] { return run.finished.size() == 10; }));
  CAF_CHECK_EQUAL(run.session->counts().submissions, 2u);
  CAF_CHECK_EQUAL(run.finished[2]->number, run.finished[10]->number);
}

CAF_TEST(a full submission does not wait) {
  world_options o;
  o.tuning.max_coalesced = 4;
  client_world w{o};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  w.place(run, 0, {w.order()});
  w.place(run, 0, orders(w, 9));
  CAF_CHECK_EQUAL(run.session->counts().submissions, 3u); // 1, 4, 4
  CAF_CHECK_EQUAL(run.session->waiting(), 1u);
  CAF_CHECK(w.until([&] { return run.finished.size() == 2; }));
  CAF_CHECK_EQUAL(run.finished[2]->number.value(), 4u);
}

CAF_TEST(a submission never outgrows the limit in bytes) {
  client_world w{{}};
  w.rules.submissions.max_bytes = 200;
  auto& run = w.start();
  auto id = w.place(run, 0, orders(w, 40));
  CAF_CHECK(w.until_finished(run, id));
  CAF_CHECK_EQUAL(described(run.finished[id]->problem), "none");
  std::size_t largest = 0;
  for (auto& e : w.log())
    largest = std::max(largest, encode(e.content).size());
  CAF_CHECK(largest <= 200);
  CAF_CHECK(w.log().size() < 20);
}

CAF_TEST(past its credit a stream is busy and memory stays flat) {
  world_options o;
  o.tuning.max_coalesced = 2;
  o.tuning.max_waiting = 10;
  client_world w{o};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  w.executing = false;
  std::vector<placement_id> ids;
  for (int i = 0; i < 50; ++i)
    ids.push_back(w.place(run, 0, orders(w, 2)));
  // Three quarters of the window of 8, and 10 requests that wait.
  CAF_CHECK_EQUAL(run.session->in_flight(), 6u);
  CAF_CHECK_EQUAL(run.session->waiting(), 10u);
  CAF_CHECK_EQUAL(run.finished.size(), 50u - 6 - 5);
  CAF_CHECK(run.finished[ids.back()]->problem->code == errc::busy);
  auto other = w.place(run, 1, orders(w, 2)); // another stream has credit of its own
  CAF_CHECK(!run.finished.contains(other));
  w.executing = true;
  CAF_CHECK(w.until([&] { return run.finished.size() == 51; }));
  CAF_CHECK_EQUAL(w.violation(run), "");
}

CAF_TEST(requests that no replica would take use up no number) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  auto problem = [&](std::uint8_t stream, std::vector<request> content) {
    auto id = w.place(run, stream, std::move(content));
    return run.finished.contains(id) ? to_string(run.finished[id]->problem->code) : "none";
  };
  place bad;
  bad.price = price{-1};
  CAF_CHECK_EQUAL(problem(0, {bad}), "malformed");
  bad.price = price{max_price + 1};
  CAF_CHECK_EQUAL(problem(0, {w.order(), bad}), "malformed");
  CAF_CHECK_EQUAL(problem(0, {}), "malformed");
  CAF_CHECK_EQUAL(problem(16, {w.order()}), "malformed");
  CAF_CHECK_EQUAL(problem(0, orders(w, 10'000)), "too_large");
  CAF_CHECK_EQUAL(run.session->counts().submissions, 0u);
}

CAF_TEST(what is lost is sent again byte for byte) {
  world_options o;
  o.loss_percent = 100;
  client_world w{o};
  w.options.loss_percent = 0;
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  w.options.loss_percent = 100;
  auto id = w.place(run, 0, {w.order()});
  w.run(5000);
  auto resent = run.session->counts().resent;
  CAF_CHECK(resent >= 2 && resent <= 4); // after 1 s, 3 s, 7 s
  w.options.loss_percent = 0;
  CAF_CHECK(w.until_finished(run, id));
  CAF_CHECK_EQUAL(run.session->counts().submissions, 1u);
  CAF_CHECK_EQUAL(w.log().size(), 1u);
}

CAF_TEST(a replica that comes back gets what it missed) {
  world_options o;
  o.lies = {lie::silent};
  client_world w{o};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  for (std::uint16_t r = 0; r < 4; ++r)
    w.cut(run, r);
  auto id = w.place(run, 0, {w.order()});
  w.run(10);
  w.connect(run, 1);
  w.connect(run, 2);
  CAF_CHECK(w.until([&] { return run.finished.contains(id); }, 500)); // no timeout was needed
}

// -- believing -----------------------------------------------------------------------------------

CAF_TEST(a watermark is what f+1 have reached) {
  weak_watermark mark{cluster_size{7}}; // f = 2
  CAF_CHECK_EQUAL(mark.value(), 0u);
  mark.raise(replica_id{0}, 1'000'000);
  mark.raise(replica_id{1}, 1'000'000);
  CAF_CHECK_EQUAL(mark.value(), 0u);
  mark.raise(replica_id{2}, 7);
  CAF_CHECK_EQUAL(mark.value(), 7u);
  mark.raise(replica_id{2}, 5);
  CAF_CHECK_EQUAL(mark.value(), 7u);
}

CAF_TEST(fewer than f+1 replicas are not believed) {
  world_options o;
  o.lies = {lie::silent, lie::silent, lie::silent};
  client_world w{o};
  auto& run = w.start();
  w.place(run, 0, {w.order()});
  w.run(3000);
  CAF_CHECK(!run.session->ready());
  CAF_CHECK(run.finished.empty());
  CAF_CHECK(run.reports.empty());
}

CAF_TEST(f+1 replicas are enough) {
  world_options o;
  o.lies = {lie::silent, lie::silent};
  client_world w{o};
  auto& run = w.start();
  CAF_CHECK(place_and_wait(w, run));
}

CAF_TEST(a replica that contradicts the others is counted) {
  world_options o;
  o.lies = {lie::none, lie::wrong_bytes};
  client_world w{o};
  auto& run = w.start();
  for (int i = 0; i < 20; ++i)
    CAF_REQUIRE(place_and_wait(w, run));
  w.run(20);
  auto& faults = run.session->reports().faults();
  CAF_CHECK_EQUAL(faults[1], 20u);
  CAF_CHECK_EQUAL(faults[0] + faults[2] + faults[3], 0u);
  CAF_CHECK_EQUAL(w.violation(run), "");
}

CAF_TEST(every lie is seen through) {
  for (auto what : {lie::silent, lie::wrong_bytes, lie::wrong_blocks, lie::refuses,
                    lie::exaggerates, lie::belittles}) {
    world_options o;
    o.seed = seed();
    o.lies = {lie::none, lie::none, what};
    for (auto part_bytes : {max_results_bytes, std::size_t{60}}) {
      o.part_bytes = part_bytes;
      client_world w{o};
      CAF_MESSAGE("seed " << o.seed);
      CAF_CHECK_EQUAL(load(w, 60), "");
    }
  }
}

CAF_TEST(lies losses and breaks together) {
  std::size_t bad = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    world_options o;
    o.seed = seed() + i;
    bourse::bench::random_source random{o.seed};
    o.replicas = (random.below(3) == 0) ? 7 : 4;
    o.lies.assign(o.replicas, lie::none);
    for (auto f = (o.replicas - 1) / 3; f > 0; --f)
      o.lies[random.below(o.replicas)] = static_cast<lie>(random.below(7));
    o.loss_percent = static_cast<std::uint32_t>(random.below(20));
    o.repeat_percent = static_cast<std::uint32_t>(random.below(20));
    o.delay_at_most_ms = 1 + static_cast<std::uint32_t>(random.below(20));
    o.lag_at_most_blocks = static_cast<std::uint32_t>(random.below(6));
    o.break_one_in = (random.below(2) == 0) ? 100 : 0;
    o.part_bytes = (random.below(2) == 0) ? 1 + random.below(200) : max_results_bytes;
    o.busy_percent = static_cast<std::uint32_t>(random.below(30));
    o.tuning.max_coalesced = 1 + static_cast<std::uint32_t>(random.below(8));
    client_world w{o};
    auto problem = load(w, 40);
    if (!problem.empty()) {
      CAF_MESSAGE("seed " << o.seed << ": " << problem);
      ++bad;
    }
  }
  CAF_CHECK_EQUAL(bad, 0u);
}

// -- refusals ------------------------------------------------------------------------------------

CAF_TEST(what f+1 refuse for good fails and the stream goes on) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  auto signed_list = std::make_shared<std::vector<signed_submission>>();
  for (std::uint64_t n = 1; n <= 5; ++n)
    signed_list->push_back(w.presign(0, n, orders(w, 2)));
  (*signed_list)[2].signature.data[5] ^= 1;
  auto id = w.place(run, 0, presigned_ptr{signed_list});
  CAF_REQUIRE(w.until_finished(run, id));
  CAF_CHECK(run.finished[id]->problem->code == errc::bad_signature);
  // Number 3 went to a request without effect, so that 4 and 5 could execute.
  CAF_CHECK_EQUAL(w.log().size(), 5u);
  CAF_CHECK_EQUAL(executed_names(w, 0).size(), 8u);
  auto next = place_and_wait(w, run);
  CAF_REQUIRE(next);
  CAF_CHECK_EQUAL(described(next->problem), "none");
  CAF_CHECK_EQUAL(next->number.value(), 6u);
}

CAF_TEST(the last number is used again if it was refused for good) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  auto bad = std::make_shared<std::vector<signed_submission>>();
  bad->push_back(w.presign(0, 1, orders(w, 1)));
  bad->front().signature.data[5] ^= 1;
  auto id = w.place(run, 0, presigned_ptr{bad});
  CAF_REQUIRE(w.until_finished(run, id));
  CAF_CHECK(run.finished[id]->problem->code == errc::bad_signature);
  auto next = place_and_wait(w, run);
  CAF_REQUIRE(next);
  CAF_CHECK_EQUAL(next->number.value(), 1u);
}

CAF_TEST(busy replicas are asked again soon) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  w.options.busy_percent = 100;
  auto id = w.place(run, 0, {w.order()});
  w.run(30);
  w.options.busy_percent = 0;
  CAF_CHECK(w.until([&] { return run.finished.contains(id); }, 300)); // not the whole second
}

// -- presigned -----------------------------------------------------------------------------------

CAF_TEST(presigned submissions go through the window) {
  world_options o;
  o.seed = seed();
  o.loss_percent = 5;
  client_world w{o};
  auto& run = w.start();
  auto list = std::make_shared<std::vector<signed_submission>>();
  for (std::uint64_t n = 1; n <= 100; ++n)
    list->push_back(w.presign(3, n, orders(w, 3)));
  auto id = w.place(run, 3, presigned_ptr{list});
  std::size_t most = 0;
  CAF_REQUIRE(w.until([&] {
    most = std::max(most, run.session->in_flight());
    return run.finished.contains(id);
  }));
  CAF_CHECK_EQUAL(described(run.finished[id]->problem), "none");
  CAF_CHECK_EQUAL(run.finished[id]->number.value(), 100u);
  CAF_CHECK(run.finished[id]->reports.empty());
  CAF_CHECK_EQUAL(w.log().size(), 100u);
  CAF_CHECK_EQUAL(most, 6u);
  CAF_CHECK_EQUAL(run.reports.size(), w.all_reports().size());
}

CAF_TEST(presigned submissions with other numbers are not sent) {
  client_world w{{}};
  auto& run = w.start();
  w.until([&] { return run.session->ready(); });
  auto list = std::make_shared<std::vector<signed_submission>>();
  list->push_back(w.presign(3, 1, orders(w, 1)));
  list->push_back(w.presign(3, 3, orders(w, 1)));
  list->push_back(w.presign(3, 4, orders(w, 1)));
  auto id = w.place(run, 3, presigned_ptr{list});
  CAF_REQUIRE(w.until_finished(run, id));
  CAF_CHECK(run.finished[id]->problem->code == errc::outside_window);
  CAF_CHECK_EQUAL(w.log().size(), 1u);
}
