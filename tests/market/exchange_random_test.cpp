// What must hold of the whole market whatever is asked of it.
#define CAF_SUITE exchange_random
#include "tests/suite.hpp"

#include "market/exchange.hpp"
#include "market/holds.hpp"
#include "messages/merkle.hpp"
#include "tests/market/exchange_checks.hpp"
#include "tests/market/random_blocks.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <tuple>

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

/// What a client could know: its reports must tell a story without contradictions.
class client_story {
public:
  std::size_t wrong = 0;
  std::map<report_kind, std::size_t> kinds;
  std::map<reason, std::size_t> reasons;

  void read(const block_result& result) {
    std::vector<report> all;
    for (auto& of : result.reports) {
      auto reports = decode_reports(of.encoded, of.count);
      wrong += !reports;
      if (reports)
        all.insert(all.end(), reports->begin(), reports->end());
    }
    for (auto& x : all) {
      ++kinds[x.kind];
      ++reasons[x.why];
      wrong += x.number.value() != ++numbers_[x.client.value()];
      if (x.kind == report_kind::accepted)
        wrong += !open_.try_emplace(x.order, known_order{x.client, x.leaves}).second;
    }
    for (auto& x : all)
      follow(x);
  }
  /// Whoever asks is answered: counts executed requests without a report to their client.
  static std::size_t unanswered(const block_input& block, const block_result& result) {
    std::set<std::tuple<client_id, stream_id, submission_number, std::uint16_t>> answered;
    for (auto& of : result.reports) {
      auto reports = decode_reports(of.encoded, of.count);
      for (auto& x : reports.value())
        answered.insert({x.client, x.stream, x.submission, x.index});
    }
    std::size_t missing = 0;
    for (std::size_t i = 0; i < block.submissions.size(); ++i) {
      auto& s = block.submissions[i]->content;
      if (result.fates[i] == submission_fate::executed)
        for (std::uint16_t k = 0; k < s.requests.size(); ++k)
          missing += !answered.contains({s.client, s.stream, s.number, k});
    }
    return missing;
  }

  std::size_t open() const {
    return open_.size();
  }

private:
  struct known_order {
    client_id owner;
    quantity leaves;
  };

  void follow(const report& x) {
    auto i = open_.find(x.order);
    bool known = i != open_.end();
    switch (x.kind) {
      case report_kind::accepted:
        wrong += !known || i->second.owner != x.client || x.order == order_id{};
        return;
      case report_kind::rejected:
        wrong += x.why == reason::none;
        return;
      case report_kind::done:
        return;
      case report_kind::fill:
        wrong += !known || i->second.leaves.value() != x.leaves.value() + x.quantity.value()
                 || x.trade == trade_id{} || x.fee.value() < 0;
        break;
      case report_kind::cancelled:
      case report_kind::expired:
        // Whoever else acts for the account and cancels its order is told as well.
        wrong += known ? i->second.owner != x.client && x.kind == report_kind::expired
                       : closed_.count(x.order) == 0;
        break;
      case report_kind::replaced:
        wrong += !known && closed_.count(x.order) == 0;
        break;
    }
    if (!known || i->second.owner != x.client)
      return;
    i->second.leaves = x.leaves;
    if (x.leaves == quantity{} || x.kind == report_kind::cancelled
        || x.kind == report_kind::expired) {
      open_.erase(i);
      closed_.insert(x.order);
    }
  }

  std::map<std::uint32_t, std::uint64_t> numbers_;
  std::map<order_id, known_order> open_;
  std::set<order_id> closed_;
};

constexpr std::int64_t little_money = 20'000;

std::uint64_t announced_seed() {
  auto seed = test_seed();
  CAF_MESSAGE("seed " << seed);
  return seed;
}

} // namespace

CAF_TEST(nothing is lost or made and clients hear of all) {
  auto r = tangled_rules(little_money);
  random_blocks blocks{r, announced_seed()};
  exchange x{r};
  double_entry books{r};
  client_story story;
  std::size_t trades = 0;
  for (int i = 0; i < 4000; ++i) {
    auto block = blocks.next();
    auto result = x.execute(block);
    CAF_REQUIRE_EQUAL(client_story::unanswered(block, result), 0u);
    trades += result.settlements.size();
    books.apply(result);
    story.read(result);
    CAF_REQUIRE_EQUAL(story.wrong, 0u);
    CAF_REQUIRE_EQUAL(wrong_balances(x, books, r), 0u);
    std::size_t open = 0;
    for (std::uint32_t a = 0; a < r.accounts.size(); ++a)
      open += x.account(account_id{a}).orders.size();
    CAF_REQUIRE_EQUAL(story.open(), open);
  }
  // The blocks must have been worth it: everything happened, and often.
  CAF_CHECK(trades > 1000);
  for (auto kind :
       {report_kind::accepted, report_kind::fill, report_kind::cancelled, report_kind::expired,
        report_kind::replaced, report_kind::rejected, report_kind::done}) {
    CAF_MESSAGE(to_string(kind) << ": " << story.kinds[kind]);
    CAF_CHECK(story.kinds[kind] > 100);
  }
  for (int i = 0; i <= static_cast<int>(reason::book_full); ++i) {
    auto why = static_cast<reason>(i);
    CAF_MESSAGE(to_string(why) << ": " << story.reasons[why]);
    CAF_CHECK(story.reasons[why] > 0);
  }
}

CAF_TEST(two instances agree on every byte) {
  auto r = tangled_rules(little_money);
  auto seed = announced_seed();
  random_blocks blocks{r, seed}, again{r, seed};
  exchange x{r}, y{r, seed}; // how names are hashed is each one's own affair
  for (int i = 0; i < 1000; ++i) {
    CAF_REQUIRE(same(x.execute(blocks.next()), y.execute(again.next())));
    if (i % 50 == 0)
      CAF_REQUIRE(x.page_root() == y.page_root());
  }
  CAF_CHECK(x.page_root() == y.page_root());
}

CAF_TEST(a null block is an empty one of the time before) {
  auto r = tangled_rules(little_money);
  auto seed = announced_seed();
  random_blocks blocks{r, seed};
  std::mt19937_64 random{seed};
  exchange x{r}, y{r};
  sequence_number n;
  block_time time;
  for (int i = 0; i < 1000; ++i) {
    block_input block;
    if (random() % 5 != 0) {
      block = blocks.next();
      time = block.time;
    }
    block.sequence = n = n.next();
    auto with_time = block;
    with_time.time = time;
    auto result = x.execute(block);
    CAF_REQUIRE(result.time == time);
    CAF_REQUIRE(same(result, y.execute(with_time)));
    if (i % 50 == 0)
      CAF_REQUIRE(x.page_root() == y.page_root());
  }
  CAF_CHECK(x.page_root() == y.page_root());
}

CAF_TEST(it does not matter which matcher is first) {
  auto r = tangled_rules(little_money);
  auto seed = announced_seed();
  random_blocks blocks{r, seed};
  exchange x{r};
  clearing_house house{r};
  std::vector<matcher> matchers;
  for (std::uint16_t i = 0; i < r.instruments.size(); ++i)
    matchers.emplace_back(instrument_id{i}, r);
  std::vector<std::size_t> order(matchers.size());
  std::iota(order.begin(), order.end(), 0);
  for (int i = 0; i < 1000; ++i) {
    auto block = blocks.next();
    auto works = house.begin(block);
    std::vector<outcome> outcomes(works.size());
    std::next_permutation(order.begin(), order.end());
    for (auto k : order)
      outcomes[k] = matchers[k].run(works[k]);
    CAF_REQUIRE(same(x.execute(block), house.finish(std::move(outcomes))));
  }
}

CAF_TEST(an exchange restored from pages goes on as if nothing had been) {
  auto r = tangled_rules(little_money);
  auto seed = announced_seed();
  random_blocks blocks{r, seed};
  auto x = std::make_unique<exchange>(r);
  std::map<std::uint64_t, bytes> pages; // as storage has them
  auto checkpoint = [&](exchange& of) {
    for (auto& p : of.take_dirty_pages())
      if (p.content.empty())
        pages.erase(p.key.packed());
      else
        pages[p.key.packed()] = p.content;
  };
  for (int round = 0; round < 40; ++round) {
    for (auto n = 1 + blocks.below(30); n > 0; --n)
      x->execute(blocks.next());
    checkpoint(*x);
    auto restored = std::make_unique<exchange>(r);
    for (auto& [key, content] : pages)
      if (auto ok = restored->restore(page_key::unpack(key), content); !ok)
        CAF_FAIL(to_string(ok.error()) << " page " << key << " size " << content.size());
    CAF_REQUIRE(restored->page_root() == x->page_root());
    CAF_REQUIRE(restored->take_dirty_pages().empty());
    for (auto n = 1 + blocks.below(30); n > 0; --n) {
      auto block = blocks.next();
      CAF_REQUIRE(same(x->execute(block), restored->execute(block)));
    }
    // Go on with the copy, whose memory is laid out otherwise. Its pages are those of the original.
    checkpoint(*x);
    CAF_REQUIRE(restored->page_root() == x->page_root());
    x = std::move(restored);
  }
}

CAF_TEST(cancelling everything frees everything) {
  auto r = tangled_rules(little_money);
  random_blocks blocks{r, announced_seed()};
  exchange x{r};
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 20; ++i)
      x.execute(blocks.next());
    auto block = blocks.next();
    block.submissions.clear();
    for (std::uint32_t c = 0; c < 4; ++c) {
      std::vector<request> all;
      for (auto a : r.clients[c].accounts)
        all.push_back(cancel_all{a, std::nullopt});
      stream_id unused{15};
      auto number = x.clearing().next_submission(client_id{c}, unused);
      block.submissions.push_back(submission_of(c, unused.value(), number.value(), all, r));
    }
    x.execute(block);
    for (std::uint32_t a = 0; a < 4; ++a) {
      auto view = x.account(account_id{a});
      CAF_CHECK(view.orders.empty());
      for (auto& b : view.balances)
        CAF_CHECK(b.held == amount{0});
    }
    for (std::uint16_t i = 0; i < r.instruments.size(); ++i)
      CAF_CHECK((x.book(instrument_id{i}, 9) == book_view{instrument_id{i}, {}, {}}));
  }
}
