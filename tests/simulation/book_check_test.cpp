// The second opinion on matching: it agrees with the exchange, and objects where a result is wrong.
#define CAF_SUITE book_check
#include "tests/suite.hpp"

#include "simulation/book_check.hpp"

#include <algorithm>

#include "bench/synthetic_market.hpp"
#include "config/sample_market.hpp"
#include "simulation/crowd.hpp"

using namespace bourse;
using namespace bourse::messages;
using simulation::book_check;
using simulation::violations;
using part = bench::synthetic_market::part;

namespace {

struct fixture {
  static config::genesis sample() {
    config::genesis g;
    g.market = config::sample_market();
    return g;
  }

  void add(client_id who, request r) {
    submission s{who, stream_id{0}, submission_number{++numbers[who]}, {std::move(r)}};
    auto body = encode(s);
    auto name = hash(body);
    block.submissions.push_back(std::make_shared<const verified_submission>(
        verified_submission{{body, {}}, name, s, market::lane_of(s, genesis.market)}));
  }
  request limit(client_id who, side way, std::int64_t price, std::int64_t lots,
                std::size_t account = 0) {
    return simulation::limit_order(simulation::account_of(genesis, who, account), way, price, lots,
                                   ++orders);
  }
  static request replacement(const request& of, std::int64_t price, std::int64_t lots) {
    const auto& p = std::get<place>(of);
    replace r;
    r.account = p.account;
    r.instrument = p.instrument;
    r.client_order = r.new_client_order = p.client_order;
    r.price = messages::price{price};
    r.quantity = quantity{lots};
    r.side = p.side;
    return r;
  }
  /// What the exchange makes of the block so far; `spoil` may change it before it is checked.
  template <class Spoil>
  void execute(Spoil spoil) {
    block.sequence = block.sequence.next();
    auto result = exchange.execute(block);
    std::vector<report> reports;
    for (const auto& c : result.reports) {
      auto decoded = decode_reports(c.encoded, c.count);
      CAF_REQUIRE(decoded.has_value());
      reports.insert(reports.end(), decoded->begin(), decoded->end());
    }
    spoil(result, reports);
    check.executed(block, result, reports, exchange);
    block.submissions.clear();
  }
  void execute() {
    execute([](auto&, auto&) {});
  }
  /// To be called by `spoil`: shows the check another request than the exchange executed.
  template <class Request, class Change>
  void pretend(std::size_t submission, Change change) {
    auto other = *block.submissions[submission];
    change(std::get<Request>(other.content.requests.front()));
    block.submissions[submission] = std::make_shared<const verified_submission>(other);
  }
  std::string rule() const {
    return out.empty() ? "" : out.all().front().rule;
  }
  /// True if that rule was broken, with those words.
  bool found(std::string_view rule, std::string_view words = "") const {
    return std::any_of(out.all().begin(), out.all().end(), [&](const auto& v) {
      return v.rule == rule && v.what.find(words) != std::string::npos;
    });
  }
  /// 20 lots are sold and bought at 100, in one block: enough for a fee of each.
  template <class Spoil>
  void trade(Spoil spoil) {
    add(maker, limit(maker, side::sell, 100, 20));
    add(taker, limit(taker, side::buy, 100, 20));
    execute(spoil);
  }
  /// The same, and only the settlement is spoilt.
  template <class Spoil>
  void settle(Spoil spoil) {
    trade([&](market::block_result& r, auto&) {
      CAF_REQUIRE_EQUAL(r.settlements.size(), 1u);
      CAF_REQUIRE_EQUAL(r.settlements.front().transfers.size(), 4u);
      spoil(r.settlements.front());
    });
  }

  config::genesis genesis = sample();
  client_id maker = simulation::client_named(genesis, "maker");
  client_id taker = simulation::client_named(genesis, "taker");
  market::exchange exchange{genesis.market};
  violations out;
  book_check check{genesis.market, out};
  market::block_input block;
  std::map<client_id, std::uint64_t> numbers;
  std::uint64_t orders = 0;
};

} // namespace

CAF_TEST(it agrees with the exchange) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
  f.execute();
  f.add(f.taker, f.limit(f.taker, side::buy, 101, 15));
  f.execute();
  f.check.compare_books(f.exchange);
  CAF_CHECK_EQUAL(f.rule(), "");
}

CAF_TEST(it agrees with the exchange on made up trade) {
  fixture f;
  bench::synthetic_market crowd{f.genesis.market, 1};
  std::size_t trades = 0;
  std::size_t rejected = 0;
  for (int block = 0; block < 200; ++block) {
    for (auto p : {part::makers, part::takers, part::liquidators, part::makers, part::takers})
      for (auto& each : crowd.next(p, 0, 4))
        f.add(crowd.client_of(p), std::move(each));
    f.execute([&](market::block_result& r, std::vector<report>& all) {
      trades += r.settlements.size();
      for (const auto& each : all)
        rejected += each.kind == report_kind::rejected ? 1 : 0;
    });
  }
  f.check.compare_books(f.exchange);
  CAF_CHECK_EQUAL(f.rule(), "");
  CAF_CHECK(trades > 500);
  CAF_CHECK(rejected > 0);
}

// -- settlement ----------------------------------------------------------------------------------

CAF_TEST(a transfer that is left out is found) {
  fixture f;
  f.settle([](settlement& s) { s.transfers.pop_back(); });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
  CAF_CHECK(f.found("conservation"));
}

CAF_TEST(a fee that is too high is found) {
  fixture f;
  f.settle(
      [](settlement& s) { s.transfers[2].amount = amount{s.transfers[2].amount.value() + 1}; });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(a fee that comes from outside is found) {
  fixture f;
  f.settle([](settlement& s) { s.transfers[3].from = transfer::outside; });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(another receiver is found) {
  fixture f;
  f.settle([](settlement& s) { s.transfers[0].to = account_id{7}; });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(another price than was paid is found) {
  fixture f;
  f.settle(
      [](settlement& s) { s.transfers[1].amount = amount{s.transfers[1].amount.value() + 10}; });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(fees are rounded once an order) {
  fixture f;
  // 100 ticks and 5 hundredths of a percent: every 20th lot costs the maker a unit.
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 60));
  f.execute();
  std::vector<std::int64_t> fees;
  for (int i = 0; i < 4; ++i) {
    f.add(f.taker, f.limit(f.taker, side::buy, 100, 15));
    f.execute([&](auto&, std::vector<report>& all) {
      for (const auto& each : all)
        if (each.role == role::maker)
          fees.push_back(each.fee.value());
    });
  }
  CAF_CHECK_EQUAL(f.rule(), "");
  CAF_CHECK(fees == (std::vector<std::int64_t>{0, 1, 1, 1}));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 15));
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 15));
  f.execute([](auto&, std::vector<report>& all) {
    for (auto& each : all)
      if (each.role == role::maker)
        each.fee = amount{1};
  });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(a fill that is not settled is found) {
  fixture f;
  f.trade([](market::block_result& r, auto&) { r.settlements.clear(); });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(a fill that nobody was told of is found) {
  for (auto untold : {role::maker, role::taker}) {
    fixture f;
    f.trade([&](auto&, std::vector<report>& all) {
      std::erase_if(all, [&](const report& r) { return r.role == untold; });
    });
    CAF_CHECK_EQUAL(f.rule(), "settlement");
  }
}

CAF_TEST(a fill that is told twice is found) {
  fixture f;
  f.trade([](auto&, std::vector<report>& all) { all.push_back(all.back()); });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(a fill of another size than is settled is found) {
  fixture f;
  f.trade([](auto&, std::vector<report>& all) {
    CAF_REQUIRE(all.back().kind == report_kind::fill);
    all.back().quantity = quantity{9};
  });
  CAF_CHECK_EQUAL(f.rule(), "settlement");
}

CAF_TEST(a market order that spends too much is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute();
  auto buy = std::get<place>(f.limit(f.taker, side::buy, 0, 10));
  buy.type = order_type::market;
  buy.tif = time_in_force::immediate_or_cancel;
  buy.max_spend = amount{1001};
  f.add(f.taker, buy);
  f.execute(
      [&](auto&, auto&) { f.pretend<place>(0, [](place& p) { p.max_spend = amount{1000}; }); });
  CAF_CHECK(f.found("settlement", "spends more"));
}

CAF_TEST(deposits and withdrawals are what was asked for) {
  auto treasurer = [](fixture& f) {
    return simulation::client_named(f.genesis, "treasurer");
  };
  account_id account{1};
  {
    fixture f;
    f.add(treasurer(f), deposit{account, asset_id{1}, amount{50}});
    f.add(treasurer(f), withdraw{account, asset_id{0}, amount{70}});
    f.execute();
    CAF_CHECK_EQUAL(f.rule(), "");
  }
  {
    fixture f;
    f.add(treasurer(f), deposit{account, asset_id{1}, amount{50}});
    f.execute(
        [&](auto&, auto&) { f.pretend<deposit>(0, [](deposit& d) { d.amount = amount{49}; }); });
    CAF_CHECK_EQUAL(f.rule(), "settlement");
    CAF_CHECK(f.found("conservation", "1 more of asset 1 than was brought"));
  }
  {
    fixture f;
    f.add(treasurer(f), withdraw{account, asset_id{0}, amount{70}});
    f.execute([](market::block_result& r, auto&) { r.settlements.clear(); });
    CAF_CHECK(f.found("settlement", "granted and not moved"));
  }
  {
    fixture f;
    f.add(treasurer(f), deposit{account, asset_id{1}, amount{50}});
    f.execute([](auto&, std::vector<report>& all) { all.front().kind = report_kind::rejected; });
    CAF_CHECK_EQUAL(f.rule(), "settlement");
    CAF_CHECK(f.found("conservation", "50 more of asset 1 than was brought"));
  }
}

CAF_TEST(a hold of more than the order needs is found) {
  fixture f;
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 1000));
  f.execute([&](auto&, auto&) { f.genesis.market.instruments[0].taker_fee = basis_points{9}; });
  CAF_CHECK_EQUAL(f.rule(), "holds");
}

// -- orders --------------------------------------------------------------------------------------

CAF_TEST(an order that is accepted twice is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([](auto&, std::vector<report>& all) { all.push_back(all.front()); });
  CAF_CHECK_EQUAL(f.rule(), "exactly-once");
}

CAF_TEST(a request that is not answered is found) {
  fixture f;
  f.add(f.maker, cancel_all{simulation::account_of(f.genesis, f.maker), std::nullopt});
  f.execute([](auto&, std::vector<report>& all) { all.clear(); });
  CAF_CHECK_EQUAL(f.rule(), "exactly-once");
}

CAF_TEST(an order that is not as it was asked for is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute(
      [&](auto&, auto&) { f.pretend<place>(0, [](place& p) { p.quantity = quantity{11}; }); });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

CAF_TEST(an order for an account of others is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([&](auto&, auto&) { f.genesis.market.clients[f.maker.value()].accounts.clear(); });
  CAF_CHECK_EQUAL(f.rule(), "rights");
}

CAF_TEST(a cancel that ends another order is found) {
  fixture f;
  auto first = f.limit(f.maker, side::sell, 100, 10);
  f.add(f.maker, first);
  f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
  f.execute();
  f.add(f.maker, simulation::cancel_of(std::get<place>(first)));
  f.execute([](auto&, std::vector<report>& all) {
    all.front().order = order_id{all.front().order.value() + 1};
  });
  CAF_CHECK_EQUAL(f.rule(), "book");
}

CAF_TEST(a replacement that forgets what is filled is found) {
  fixture f;
  auto sale = f.limit(f.maker, side::sell, 100, 10);
  f.add(f.maker, sale);
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 4));
  f.execute();
  f.add(f.maker, f.replacement(sale, 101, 10));
  f.execute([](auto&, std::vector<report>& all) { all.front().leaves = quantity{10}; });
  CAF_CHECK(f.found("book", "not replaced as was asked"));
}

// -- trades --------------------------------------------------------------------------------------

CAF_TEST(an order that is passed over is found) {
  // The first of two that stand in the book, or of two in one block.
  for (bool at_once : {false, true}) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
    if (!at_once)
      f.execute();
    f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.execute([](market::block_result& r, std::vector<report>& all) {
      // As if the second had been filled instead of the first.
      auto first = r.settlements.front().maker_order;
      order_id second{first.value() + 1};
      r.settlements.front().maker_order = second;
      for (auto& each : all)
        if (each.order == first && each.kind == report_kind::fill)
          each.order = second;
    });
    CAF_CHECK(f.found("priority"));
  }
}

CAF_TEST(a replaced order stands at the end of its line) {
  fixture f;
  auto sale = f.limit(f.maker, side::sell, 99, 10);
  f.add(f.maker, sale);
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
  f.execute();
  f.add(f.maker, f.replacement(sale, 100, 10));
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
  f.execute([](market::block_result& r, std::vector<report>& all) {
    auto second = r.settlements.front().maker_order;
    order_id replaced{second.value() - 1};
    r.settlements.front().maker_order = replaced;
    for (auto& each : all)
      if (each.order == second)
        each.order = replaced;
  });
  CAF_CHECK(f.found("priority"));
}

CAF_TEST(an order that was replaced once trades at its price all the same) {
  // As maker and as taker.
  for (bool makes : {true, false}) {
    fixture f;
    auto sale = f.limit(f.maker, side::sell, 105, 10);
    f.add(f.maker, sale);
    f.execute();
    if (!makes)
      f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.add(f.maker, f.replacement(sale, 100, 10));
    if (makes) {
      f.execute();
      f.add(f.taker, f.limit(f.taker, side::buy, 101, 10));
    }
    f.execute([&](market::block_result& r, std::vector<report>& all) {
      CAF_REQUIRE_EQUAL(r.settlements.size(), 1u);
      price other{makes ? 101 : 99};
      r.settlements.front().price = other;
      for (auto& each : all)
        if (each.kind == report_kind::fill)
          each.price = other;
    });
    CAF_CHECK(f.found("book", makes ? "its maker stands at another" : "beyond its taker's limit"));
  }
}

CAF_TEST(who could trade and rests is found) {
  for (auto life : {time_in_force::good_till_cancel, time_in_force::immediate_or_cancel}) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 101, 10));
    auto buy = std::get<place>(f.limit(f.taker, side::buy, 100, 10));
    buy.tif = life;
    f.add(f.taker, buy);
    f.execute([&](auto&, std::vector<report>& all) {
      f.pretend<place>(1, [](place& p) { p.price = price{101}; });
      for (auto& each : all)
        if (each.client == f.taker)
          each.price = price{101};
    });
    bool rests = life == time_in_force::good_till_cancel;
    CAF_CHECK_EQUAL(f.rule(), rests ? "book" : "time-in-force");
  }
}

CAF_TEST(an account that trades with itself is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10, 1));
  f.execute([&](auto&, std::vector<report>& all) {
    auto one = simulation::account_of(f.genesis, f.maker);
    f.pretend<place>(1, [&](place& p) { p.account = one; });
    for (auto& each : all)
      each.account = one;
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

CAF_TEST(an account that trades past an order of its own is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 102, 10, 1));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10, 1));
  f.execute([&](auto&, std::vector<report>& all) {
    f.pretend<place>(0, [](place& p) { p.price = price{99}; });
    all.front().price = price{99};
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

CAF_TEST(the wrong one of two orders of an account is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::buy, 100, 10));
  f.execute([&](auto&, auto&) {
    f.pretend<place>(1, [](place& p) { p.stp = self_trade::expire_maker; });
  });
  CAF_CHECK_EQUAL(f.rule(), "self-trade");
}

// -- time in force -------------------------------------------------------------------------------

CAF_TEST(what an order promises is kept) {
  using enum time_in_force;
  struct row {
    time_in_force is;   ///< what the exchange executed
    time_in_force says; ///< what was asked for
    std::int64_t buys;  ///< from 10 lots
    const char* rule;
  };
  const row rows[] = {
      {immediate_or_cancel, fill_or_kill, 15, "time-in-force"}, // filled in part
      {immediate_or_cancel, fill_or_kill, 10, ""},
      {good_till_cancel, fill_or_kill, 15, "time-in-force"}, // rests
      {good_till_cancel, post_only, 5, "time-in-force"},     // takes
      {good_till_cancel, immediate_or_cancel, 15, "time-in-force"},
      {good_till_cancel, immediate_or_cancel, 5, ""},
      {immediate_or_cancel, good_till_cancel, 15, "time-in-force"}, // expires
  };
  for (const auto& r : rows) {
    fixture f;
    f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
    auto buy = std::get<place>(f.limit(f.taker, side::buy, 100, r.buys));
    buy.tif = r.is;
    f.add(f.taker, buy);
    f.execute([&](auto&, auto&) { f.pretend<place>(1, [&](place& p) { p.tif = r.says; }); });
    CAF_CHECK_EQUAL(f.rule(), r.rule);
  }
}

CAF_TEST(a replacement that must not take is held to it) {
  fixture f;
  auto buy = f.limit(f.taker, side::buy, 99, 10);
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.taker, buy);
  f.execute();
  f.add(f.taker, f.replacement(buy, 100, 10));
  f.execute([&](auto&, auto&) { f.pretend<replace>(0, [](replace& r) { r.post_only = true; }); });
  CAF_CHECK_EQUAL(f.rule(), "time-in-force");
}

CAF_TEST(an order that outlives its last block is found) {
  for (bool trades : {false, true}) {
    fixture f;
    auto sale = std::get<place>(f.limit(f.maker, side::sell, 100, 10));
    sale.tif = time_in_force::good_till_block;
    sale.expire_after = sequence_number{5};
    f.add(f.maker, sale);
    f.execute([&](auto&, auto&) {
      f.pretend<place>(0, [](place& p) { p.expire_after = sequence_number{1}; });
    });
    CAF_CHECK_EQUAL(f.rule(), "");
    if (trades)
      f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
    f.execute();
    CAF_CHECK_EQUAL(f.rule(), "time-in-force");
  }
}

CAF_TEST(an order that expires too soon is found) {
  fixture f;
  auto sale = std::get<place>(f.limit(f.maker, side::sell, 100, 10));
  sale.tif = time_in_force::good_till_block;
  sale.expire_after = sequence_number{1};
  f.add(f.maker, sale);
  f.execute([&](auto&, auto&) {
    f.pretend<place>(0, [](place& p) { p.expire_after = sequence_number{2}; });
  });
  f.execute();
  CAF_CHECK_EQUAL(f.rule(), "time-in-force");
}
