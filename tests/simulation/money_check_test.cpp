// The second opinion on settlement objects to every transfer that is not due.
#define CAF_SUITE money_check
#include "tests/suite.hpp"

#include "simulation/money_check.hpp"

#include "tests/simulation/spoilt_market.hpp"

using namespace bourse;
using namespace bourse::messages;
using fixture = simulation::spoilt_market;

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
