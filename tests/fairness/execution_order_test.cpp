#define CAF_SUITE execution_order
#include "tests/suite.hpp"

#include "fairness/execution_order.hpp"

#include <map>
#include <optional>

#include "messages/splitmix64.hpp"
#include "tests/fairness/chains.hpp"
#include "tests/fairness/fair_market.hpp"
#include "tests/fairness/stamps_of.hpp"

using namespace bourse;
using namespace bourse::fairness;

namespace {

using digests = std::vector<digest>;

struct fixture {
  market::rules rules = fair_rules();
  cluster_size size{4};
  std::optional<execution_order> order;
  report_store store{size};
  body_shelf shelf;
  std::vector<chain_position> newest = std::vector(4, chain_start());

  fixture() {
    rules.stream_window = 16;
    reset();
  }
  void reset() {
    order.emplace(rules, size);
    store = report_store(size);
    newest = std::vector(4, chain_start());
  }

  submission_ptr make(std::uint32_t client, std::uint64_t number = 1, std::uint64_t variant = 0) {
    return shelf.put(submission_of(rules, header(client, 0, number), lane::ordinary, 1, variant));
  }
  /// The next report of that replica, which is here.
  chain_head report(std::uint16_t who, std::uint64_t boundary, std::vector<stamp> stamps = {}) {
    auto r = report_after(who, newest[who], boundary, std::move(stamps));
    newest[who] = position_of(*r);
    store.add(r, order->heads().of(replica_id{who}), true);
    return name_of(r);
  }
  static stamp at(const submission_ptr& s, std::uint64_t time) {
    return stamp_at(about(*s), time);
  }
  /// All replicas stamp it and report.
  std::vector<chain_head> all_report(std::uint64_t boundary, const submission_ptr& s) {
    std::vector<chain_head> out;
    for (std::uint16_t i = 0; i < 4; ++i)
      out.push_back(report(i, boundary, {at(s, boundary - 5 + i)}));
    return out;
  }
  digests block(const std::vector<chain_head>& heads) {
    CAF_REQUIRE(order->lacking(heads, store).empty());
    digests out;
    for (const auto& s : order->finish(shelf.get(order->begin(heads, store))))
      out.push_back(s->digest);
    return out;
  }
  std::uint64_t time() const {
    return order->time().value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(execution_order_tests, fixture)

CAF_TEST(what f and one more have stamped by the time of the block executes) {
  auto s = make(0);
  CAF_CHECK(block({report(0, 100, {at(s, 50)}), report(1, 100, {at(s, 60)})}).empty());
  CAF_CHECK_EQUAL(time(), 0u); // two are no quorum
  CAF_CHECK(block({report(2, 55)}).empty());
  CAF_CHECK_EQUAL(time(), 55u); // not yet
  CAF_CHECK((block({report(3, 70)}) == digests{s->digest}));
  CAF_CHECK_EQUAL(time(), 70u);
}

CAF_TEST(a block commits all reports up to those that it names) {
  auto a = make(0), b = make(1);
  std::vector<chain_head> heads;
  for (std::uint16_t i = 0; i < 3; ++i) {
    report(i, 100, {at(b, 90)});
    report(i, 200, {at(a, 150)});
    heads.push_back(report(i, 300));
  }
  CAF_CHECK((block(heads) == digests{b->digest, a->digest}));
  CAF_CHECK(order->heads().of(replica_id{0}).index == report_index{3});
}

CAF_TEST(what is missing is named once a head) {
  auto ghost = chain_after(1, chain_start(), 3);
  store.add(ghost[2], chain_start(), true);
  auto known = report(0, 10);
  auto unknown = name_of(report_after(2, chain_start(), 10));
  std::vector<chain_head> heads{known, name_of(ghost[2]), unknown};
  CAF_CHECK((order->lacking(heads, store) == std::vector{name_of(ghost[1]), unknown}));
  store.add(ghost[1], chain_start(), true);
  CAF_CHECK((order->lacking(heads, store) == std::vector{name_of(ghost[0]), unknown}));
}

CAF_TEST(heads that do not continue the log are without effect) {
  auto s = make(0);
  auto first = report(1, 10);
  auto heads = all_report(100, s);
  CAF_CHECK_EQUAL(block(heads).size(), 1u);
  auto before = order->heads().encode();
  auto t = time();
  // Behind, apart, of a liar, far, and of nobody.
  CAF_CHECK(block({first}).empty());
  auto fork = report_after(2, chain_start(), 5000);
  store.add(fork, chain_start(), true);
  CAF_CHECK(block({name_of(fork)}).empty());
  auto lie = report(3, 200);
  lie.index = report_index{7};
  CAF_CHECK(block({lie}).empty());
  newest[0] = order->heads().of(replica_id{0});
  chain_head far;
  for (std::size_t i = 0; i <= max_links; ++i)
    far = report(0, 200 + i);
  CAF_CHECK(block({far}).empty());
  auto nobody = heads[0];
  nobody.replica = replica_id{4};
  CAF_CHECK(block({nobody}).empty());
  nobody.replica = replica_id{65535};
  CAF_CHECK(block({nobody}).empty());
  CAF_CHECK_EQUAL(order->heads().encode(), before);
  CAF_CHECK_EQUAL(time(), t);
}

CAF_TEST(a block that names what the log has moves nothing) {
  block(all_report(100, make(0)));
  order->take_dirty_pages();
  const auto& head = order->heads().of(replica_id{2});
  CAF_CHECK(block({{replica_id{2}, head.index, head.digest}}).empty());
  CAF_CHECK(order->take_dirty_pages().empty());
}

CAF_TEST(of two branches that blocks name the first is the chain) {
  auto a = make(0), b = make(1);
  auto left = report_after(3, chain_start(), 100, {at(a, 50)});
  auto right = report_after(3, chain_start(), 100, {at(b, 50)});
  store.add(left, chain_start(), true);
  store.add(right, chain_start(), true);
  block({name_of(right)});
  block({name_of(left)});
  // So b has two stamps, and a has one.
  auto executed = block({report(0, 100, {at(a, 60), at(b, 61)}), report(1, 100), report(2, 100)});
  CAF_CHECK((executed == digests{b->digest}));
  CAF_CHECK_EQUAL(stamps_of(order->order(), a->digest), 1u);
}

CAF_TEST(what a null block would have named comes with the next one and keeps its time) {
  auto a = make(0), b = make(1), c = make(2);
  std::vector<std::vector<chain_head>> blocks;
  blocks.push_back(all_report(100, a));
  blocks.push_back(all_report(200, b));
  blocks.push_back(all_report(300, c));
  // The second is null after a view change, and does not come here.
  CAF_CHECK((block(blocks[0]) == digests{a->digest}));
  CAF_CHECK((block(blocks[2]) == digests{b->digest, c->digest}));
  CAF_CHECK_EQUAL(time(), 300u);
  // And what was named twice is a matter of the first.
  CAF_CHECK(block(blocks[1]).empty());
  CAF_CHECK_EQUAL(time(), 300u);
}

CAF_TEST(the time of the market is in milliseconds) {
  CAF_CHECK(block_time_of(stamp_time{1'999}) == block_time{1});
  CAF_CHECK(block_time_of(stamp_time{0}) == block_time{0});
}

// -- pages ---------------------------------------------------------------------------------------

CAF_TEST(pages are ascending and those that changed) {
  auto pages = order->take_dirty_pages();
  CAF_REQUIRE_EQUAL(pages.size(), 1u); // of an empty state there are the heads
  CAF_CHECK(pages[0].key == chain_heads::page);
  CAF_CHECK(order->take_dirty_pages().empty());
  auto s = make(0);
  block({report(0, 100, {at(s, 50)})});
  pages = order->take_dirty_pages();
  CAF_CHECK_EQUAL(pages.size(), 2u);
  for (std::size_t i = 1; i < pages.size(); ++i)
    CAF_CHECK(pages[i - 1].key < pages[i].key);
}

CAF_TEST(a state that is restored goes on the same) {
  auto first = first_seed();
  rules.blocks.max_requests = 2; // so that some wait
  for (auto seed = first; seed < first + 30; ++seed) {
    splitmix64 random(seed);
    reset();
    std::map<market::page_key, bytes> state;
    std::vector<std::pair<submission_ptr, std::uint64_t>> sent; // and when
    std::map<std::uint32_t, std::uint64_t> numbers;
    std::vector<std::size_t> stamped(4);
    std::vector<std::vector<chain_head>> blocks;
    auto make_block = [&](std::uint64_t now) {
      if (numbers.size() < 100 && random.below(3) != 0) {
        auto client = static_cast<std::uint32_t>(random.below(4));
        sent.emplace_back(make(client, ++numbers[client]), now);
      }
      std::vector<chain_head> heads;
      for (std::uint16_t i = 0; i < 4; ++i) {
        if (random.below(4) == 0)
          continue;
        std::vector<stamp> stamps;
        for (; stamped[i] < sent.size(); ++stamped[i])
          stamps.push_back(at(sent[stamped[i]].first, now - 90 + stamps.size()));
        heads.push_back(report(i, now, std::move(stamps)));
      }
      return heads;
    };
    std::uint64_t now = 1000;
    for (int k = 0; k < 30; ++k)
      block(make_block(now += 100));
    for (auto& p : order->take_dirty_pages())
      state[p.key] = p.content;
    for (int k = 0; k < 5; ++k) // a few blocks later again
      block(make_block(now += 100));
    for (auto& p : order->take_dirty_pages())
      state[p.key] = p.content;

    execution_order other(rules, size);
    for (std::uint32_t c = 0; c < 4; ++c)
      for (std::uint8_t s = 0; s < max_streams; ++s)
        other.set_next(client_id{c}, stream_id{s}, order->order().next(client_id{c}, stream_id{s}));
    for (const auto& [key, content] : state)
      if (!content.empty())
        CAF_REQUIRE(other.restore(key, content));
    CAF_REQUIRE(other.finish_restore());
    CAF_CHECK(other.time() == order->time());
    CAF_CHECK(other.take_dirty_pages().empty());
    for (int k = 0; k < 20; ++k) {
      auto heads = make_block(now += 100);
      digests theirs;
      for (const auto& s : other.finish(shelf.get(other.begin(heads, store))))
        theirs.push_back(s->digest);
      auto pages = other.take_dirty_pages();
      if (block(heads) != theirs)
        CAF_FAIL("seed " << seed << ": another order");
      auto own = order->take_dirty_pages();
      bool same = own.size() == pages.size();
      for (std::size_t i = 0; same && i < own.size(); ++i)
        same = own[i].key == pages[i].key && own[i].content == pages[i].content;
      if (!same)
        CAF_FAIL("seed " << seed << ": other pages");
    }
  }
  CAF_CHECK(true);
}

CAF_TEST(pages that are none are refused) {
  auto page = chain_heads(chains_cluster(), size).encode();
  CAF_CHECK(order->restore(chain_heads::page, page));
  CAF_CHECK(!order->restore(chain_heads::page, page.substr(1)));
  CAF_CHECK(!order->restore({market::page_kind::fair_order, 1, 0}, page));
  CAF_CHECK(!order->restore({market::page_kind::bodies, 0, 0}, page));
}

CAF_TEST_FIXTURE_SCOPE_END()
