// The real client actor against whole nodes of the real actors.
#define CAF_SUITE client_cluster
#include "tests/suite.hpp"

#include <set>

#include "config/receipts.hpp"
#include "simulation/attached_client.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

/// Orders that rest, each under a name of its own.
class order_source {
public:
  explicit order_source(account_id account) : account_(account) {}

  std::vector<request> some(std::size_t n) {
    std::vector<request> out;
    for (std::size_t i = 0; i < n; ++i, ++last_)
      out.push_back(limit_order(account_, side::buy, static_cast<std::int64_t>(100 + last_ % 50), 1,
                                last_ + 1));
    return out;
  }
  std::size_t made() const {
    return last_;
  }

private:
  account_id account_;
  std::size_t last_ = 0;
};

/// How often an order of that name was accepted, by the reports that the subscriber got.
std::map<std::uint64_t, int> accepted(const std::vector<report>& reports) {
  std::map<std::uint64_t, int> out;
  for (auto& r : reports)
    out[r.client_order.value()] += r.kind == report_kind::accepted;
  return out;
}

std::size_t out_of_order(const std::vector<report>& reports) {
  std::size_t n = 0;
  for (std::size_t i = 1; i < reports.size(); ++i)
    n += reports[i].number != reports[i - 1].number.next();
  return n;
}

} // namespace

CAF_TEST(an order goes out and its receipt proves it) {
  cluster c{options_of(test_seed("order and receipt"))};
  auto id = client_named(c.genesis(), "maker");
  attached_client maker{c, id};
  order_source orders{account_of(c.genesis(), id)};
  maker.place(0, orders.some(3));
  CAF_REQUIRE(c.universe().run(5000, [&] { return maker.answered() == 1; }));
  auto& result = *maker.results()[0];
  CAF_CHECK(!result.problem);
  CAF_REQUIRE_EQUAL(result.reports.size(), 3u);
  CAF_CHECK(result.reports[2].kind == report_kind::accepted);

  question q;
  q.kind = query_kind::receipt;
  q.report = result.reports[1].number;
  auto answer = maker.ask(q);
  CAF_REQUIRE(answer);
  CAF_REQUIRE(!answer->problem);
  auto proof = decode_receipt(answer->body);
  CAF_REQUIRE(proof);
  auto proved = bourse::config::verify_receipt(*proof, c.genesis());
  CAF_REQUIRE(proved);
  CAF_CHECK(*proved == result.reports[1]);

  q.kind = query_kind::book;
  answer = maker.ask(q);
  CAF_REQUIRE(answer);
  CAF_CHECK(!answer->problem);
  auto book = decode_book_view(answer->body);
  CAF_REQUIRE(book);
  CAF_CHECK_EQUAL(book->bids.size(), 3u);

  q.kind = query_kind::account;
  q.subject = account_of(c.genesis(), client_named(c.genesis(), "taker")).value();
  answer = maker.ask(q);
  CAF_REQUIRE(answer);
  CAF_REQUIRE(answer->problem);
  CAF_CHECK(answer->problem->code == errc::not_authorised);
}

CAF_TEST(the book of a busy exchange is that of one block) {
  auto seed = test_seed("busy book");
  cluster c{options_of(seed)};
  crowd traders{c, seed};
  traders.trade(3000, 4, 5000);
  attached_client reader{c, client_named(c.genesis(), "maker")};
  c.universe().run(500);
  std::size_t proved = 0;
  for (int i = 0; i < 20; ++i) {
    question q;
    q.kind = query_kind::book;
    q.limit = 5;
    q.timeout_ms = 2000;
    auto answer = reader.ask(q);
    CAF_REQUIRE(answer);
    proved += !answer->problem;
    c.universe().run(50);
  }
  CAF_CHECK_EQUAL(proved, 20u);
}

CAF_TEST(nothing is lost or done twice while nodes crash and links break) {
  auto seed = test_seed("crashes");
  for (std::uint64_t round = 0; round < 6; ++round) {
    auto o = options_of(seed + round);
    o.network.loss_percent = 2;
    o.network.most_delay_us = 3000;
    cluster c{std::move(o)};
    auto& random = c.universe().random();
    auto id = client_named(c.genesis(), "maker");
    client_tuning tuning;
    tuning.max_coalesced = 8;
    attached_client maker{c, id, tuning};
    order_source orders{account_of(c.genesis(), id)};
    std::size_t placements = 0;
    for (int step = 0; step < 40; ++step) {
      maker.place(static_cast<std::uint8_t>(random.below(2)), orders.some(1 + random.below(5)));
      ++placements;
      c.universe().run(random.below(60));
      auto i = random.below(4);
      switch (random.below(6)) {
        case 0: // one at a time, but at times all
          for (std::size_t other = 0; other < 4; ++other)
            if (c.up(other) && (other == i || step == 20)) {
              c.crash(other, random.below(3));
              maker.cut(other);
            }
          c.universe().run(100);
          for (std::size_t other = 0; other < 4; ++other)
            if (!c.up(other))
              CAF_REQUIRE(c.start(other));
          break;
        case 1:
          maker.cut(i);
          break;
      }
    }
    bool done = c.universe().run(60'000, [&] { return maker.answered() == placements; });
    done
        = done && c.universe().run(20'000, [&] { return maker.reports().size() == orders.made(); });
    std::size_t wrong = !done;
    for (auto& r : maker.results())
      wrong += !r || r->problem;
    auto counted = accepted(maker.reports());
    for (std::size_t name = 1; name <= orders.made(); ++name)
      wrong += counted[name] != 1;
    wrong += out_of_order(maker.reports());
    wrong += !c.agree(10'000);
    if (wrong > 0)
      CAF_ERROR("seed " << seed + round << ": " << maker.answered() << " of " << placements
                        << " answered, " << maker.reports().size() << " of " << orders.made()
                        << " reports");
    CAF_CHECK_EQUAL(wrong, 0u);
  }
}

CAF_TEST(a new run gets the reports that the last one missed) {
  cluster c{options_of(test_seed("a new run"))};
  auto id = client_named(c.genesis(), "maker");
  order_source orders{account_of(c.genesis(), id)};
  std::size_t first_got = 0;
  {
    attached_client first{c, id};
    first.place(0, orders.some(4));
    CAF_REQUIRE(c.universe().run(5000, [&] { return first.answered() == 1; }));
    first_got = first.reports().size();
    first.place(0, orders.some(3));
    c.universe().run(2); // on their way
  }
  c.universe().run(2000);
  attached_client second{c, id, {}, report_number{first_got + 1}};
  second.place(0, orders.some(2));
  CAF_REQUIRE(c.universe().run(10'000, [&] { return second.answered() == 1; }));
  CAF_CHECK(!second.results()[0]->problem);
  CAF_CHECK_EQUAL(second.reports().size() + first_got, orders.made());
  CAF_CHECK_EQUAL(out_of_order(second.reports()), 0u);
  CAF_CHECK_EQUAL(second.reports().front().number.value(), first_got + 1);
}
