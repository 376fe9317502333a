#define CAF_SUITE synthetic_market
#include "tests/suite.hpp"

#include "bench/synthetic_market.hpp"
#include "config/sample_market.hpp"

#include <set>

using namespace bourse::bench;
using part = synthetic_market::part;

CAF_TEST(the same seed gives the same requests) {
  auto rules = bourse::config::sample_market();
  synthetic_market a{rules, 7};
  synthetic_market b{rules, 7};
  synthetic_market c{rules, 8};
  CAF_CHECK(a.next(part::makers, 0, 500) == b.next(part::makers, 0, 500));
  CAF_CHECK(a.next(part::takers, 1, 500) == b.next(part::takers, 1, 500));
  CAF_CHECK(a.next(part::makers, 0, 500) != c.next(part::makers, 0, 500));
}

CAF_TEST(makers cancel only what they placed and their book stays bounded) {
  auto rules = bourse::config::sample_market();
  synthetic_market m{rules, 1};
  std::set<std::tuple<account_id, instrument_id, client_order_id>> open;
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {
    for (auto& r : m.next(part::makers, 2, 64)) {
      if (auto p = std::get_if<place>(&r)) {
        CAF_CHECK(open.insert({p->account, p->instrument, p->client_order}).second);
        CAF_CHECK(p->price.value() > 0 && p->quantity.value() > 0);
      } else {
        auto& c = std::get<cancel>(r);
        CAF_CHECK_EQUAL(open.erase({c.account, c.instrument, c.client_order}), 1u);
      }
    }
    most = std::max(most, open.size());
  }
  // Four accounts, two instruments, 200 quotes each.
  CAF_CHECK(most > 1000u);
  CAF_CHECK(most <= 1600u);
}

CAF_TEST(liquidators sell at the market for others) {
  auto rules = bourse::config::sample_market();
  synthetic_market m{rules, 1};
  for (auto& r : m.next(part::liquidators, 0, 50)) {
    auto& p = std::get<place>(r);
    CAF_CHECK(p.liquidation);
    CAF_CHECK(p.side == side::sell);
    CAF_CHECK(rules.accounts[p.account.value()].name.starts_with("borrower-"));
  }
}
