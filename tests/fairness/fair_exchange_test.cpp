// Order and market in one piece: what a block executes, and a state that goes on from its pages.
#define CAF_SUITE fair_exchange
#include "tests/suite.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "fairness/fair_exchange.hpp"
#include "tests/fairness/fair_market.hpp"
#include "tests/fairness/report_chain.hpp"

using namespace bourse::fairness;
namespace market = bourse::market;

namespace {

constexpr std::uint64_t grid = 1000;
constexpr cluster_size size{4};

market::rules trading_rules() {
  auto r = fair_rules(3);
  r.accounts = {{"a", {amount{1'000'000}, amount{1'000'000}}}};
  for (auto& c : r.clients)
    c.accounts = {account_id{0}};
  r.stream_window = 16;
  return r;
}

std::vector<key_pair> make_keys() {
  std::vector<key_pair> out;
  for (std::uint8_t i = 0; i < size.n; ++i)
    out.push_back(key_pair::from_seed({1, i}));
  return out;
}

std::vector<digest> names_of(const std::vector<submission_ptr>& bodies) {
  std::vector<digest> out;
  for (auto& b : bodies)
    out.push_back(b->digest);
  return out;
}

/// Replicas that stamp everything at once, and one log.
struct fixture {
  market::rules r = trading_rules();
  std::vector<key_pair> keys = make_keys();
  std::vector<report_chain> chains;
  report_store store{size};
  body_shelf shelf;
  fair_exchange original{r, size, 1};
  stamp_time now{grid};
  sequence_number last;
  std::map<market::page_key, bytes> pages;

  fixture() {
    for (std::uint16_t i = 0; i < size.n; ++i)
      chains.emplace_back(replica_id{i}, keys[i], r.cluster);
  }

  submission_ptr send(submission_header about, std::size_t requests = 1,
                      std::uint64_t variant = 0) {
    auto s = shelf.put(submission_of(r, about, lane::ordinary, requests, variant));
    for (auto& c : chains) {
      now = now.next();
      c.put(*s, now);
    }
    return s;
  }
  /// All replicas report, and a block names their heads.
  std::vector<chain_head> report_all() {
    std::vector<chain_head> heads;
    now = stamp_time{(now.value() / grid + 1) * grid};
    for (auto& c : chains) {
      auto report = c.report(now);
      heads.push_back(name_of(*report));
      store.add(report, original.order().heads().of(report->content.replica), true);
    }
    return heads;
  }
  fair_exchange::outcome run(fair_exchange& x, sequence_number n,
                             const std::vector<chain_head>& heads) {
    CAF_CHECK(x.lacking(heads, store).empty());
    return x.finish(n, hash(std::to_string(n.value())), shelf.get(x.begin(heads, store)));
  }
  fair_exchange::outcome block(const std::vector<chain_head>& heads) {
    last = last.next();
    return run(original, last, heads);
  }
  fair_exchange::outcome block() {
    return block(report_all());
  }
  void take_pages() {
    for (auto& u : original.take_dirty_pages()) {
      if (u.content.empty())
        pages.erase(u.key);
      else
        pages[u.key] = u.content;
    }
  }
  expected<void> restore(fair_exchange& to) {
    for (auto& [key, content] : pages)
      if (auto ok = to.restore(key, content); !ok)
        return ok;
    return to.finish_restore();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fair_exchange_tests, fixture)

CAF_TEST(a block executes what its heads make eligible at their time) {
  auto a = send(header(1, 0, 1));
  auto b = send(header(0, 0, 1), 2);
  auto heads = report_all();
  CAF_CHECK(original.lacking(heads, report_store{size}) == heads);
  auto x = block(heads);
  CAF_REQUIRE_EQUAL(x.executed.size(), 2u);
  CAF_CHECK(x.executed[0] == a);
  CAF_CHECK(x.executed[1] == b);
  CAF_CHECK(x.voided.empty());
  CAF_CHECK_EQUAL(x.result.requests, 3u);
  CAF_CHECK(x.result.time == block_time_of(now));
  CAF_CHECK(x.result.block_digest == hash("1"));
  CAF_CHECK(original.market().clearing().next_submission(client_id{1}, stream_id{0})
            == submission_number{2});
  CAF_CHECK_EQUAL(original.market().account(account_id{0}).orders.size(),
                  1u); // of one client order id
}

CAF_TEST(a null block executes nothing at the time of the block before) {
  send(header(0, 0, 1));
  block();
  auto root = original.page_root();
  auto time = original.order().time();
  auto x = block({});
  CAF_CHECK(x.executed.empty());
  CAF_CHECK(x.result.time == block_time_of(time));
  CAF_CHECK(original.page_root() != root); // the market counts it
  CAF_CHECK(original.order().time() == time);
  send(header(0, 0, 2));
  CAF_CHECK_EQUAL(block().executed.size(), 1u);
}

CAF_TEST(bodies that lose their number are told as void) {
  auto first = send(header(0, 0, 1), 1, 1);
  auto second = send(header(0, 0, 1), 1, 2);
  auto third = send(header(0, 0, 1), 1, 3);
  auto x = block();
  CAF_REQUIRE_EQUAL(x.executed.size(), 1u);
  CAF_CHECK(x.executed[0] == first);
  CAF_REQUIRE_EQUAL(x.voided.size(), 2u);
  CAF_CHECK(x.voided[0]->digest < x.voided[1]->digest);
  CAF_CHECK((x.voided[0] == second) != (x.voided[0] == third));
  CAF_CHECK((x.voided[1] == second) != (x.voided[1] == third));
  CAF_CHECK(block().voided.empty());
  CAF_CHECK(block({}).voided.empty());
}

CAF_TEST(a state goes on from its pages wherever it was taken) {
  r.blocks.max_requests = 3; // so that some are left over
  std::map<std::uint32_t, std::uint64_t> sent;
  splitmix64 random{first_seed()};
  CAF_MESSAGE("seed " << first_seed());
  std::optional<fair_exchange> restored;
  for (int step = 0; step < 60; ++step) {
    for (auto k = random.below(4); k > 0; --k) {
      auto c = static_cast<std::uint32_t>(random.below(3));
      if (sent[c] - original.order().order().next(client_id{c}, stream_id{0}).value() + 1 < 16)
        send(header(c, 0, ++sent[c]), 1 + random.below(2));
    }
    auto heads = random.below(5) == 0 ? std::vector<chain_head>{} : report_all();
    auto x = block(heads);
    if (restored) {
      auto y = run(*restored, last, heads);
      CAF_REQUIRE(names_of(x.executed) == names_of(y.executed));
      CAF_REQUIRE(x.result.results_root == y.result.results_root);
      CAF_REQUIRE(original.page_root() == restored->page_root());
    } else {
      take_pages();
    }
    if (step == 20) {
      CAF_CHECK(original.order().order().left_over() > 0);
      restored.emplace(r, size, 1);
      CAF_REQUIRE(restore(*restored).has_value());
      CAF_REQUIRE(original.page_root() == restored->page_root());
    }
  }
}

CAF_TEST(the order enters the state with checkpoints only) {
  fair_exchange rare{r, size, 3};
  std::vector<bool> entered;
  for (std::uint64_t n = 1; n <= 6; ++n) {
    send(header(0, 0, n));
    auto heads = report_all();
    block(heads);
    run(rare, last, heads);
    auto pages = rare.take_dirty_pages();
    entered.push_back(std::any_of(pages.begin(), pages.end(),
                                  [](auto& p) { return p.key == chain_heads::page; }));
    CAF_CHECK_EQUAL(rare.page_root() == original.page_root(), n % 3 == 0);
  }
  CAF_CHECK(entered == (std::vector{false, false, true, false, false, true}));
}

CAF_TEST(pages of another order are refused) {
  send(header(0, 0, 1));
  block();
  take_pages();
  fair_exchange turned{r, size, 1};
  CAF_CHECK(turned.restore(chain_heads::page, pages.at(chain_heads::page)).has_value());
  market::page_key totals{market::page_kind::ledger_totals, 0, 0};
  CAF_CHECK(!turned.restore(totals, pages.at(totals)));
  fair_exchange more{r, cluster_size{7}, 1}; // than the page has
  CAF_CHECK(!restore(more));
  fair_exchange unknown{r, size, 1};
  CAF_CHECK(!unknown.restore({market::page_kind{7}, 0, 0}, "x"));
}

CAF_TEST_FIXTURE_SCOPE_END()
