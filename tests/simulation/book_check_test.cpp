// The second opinion on matching: it agrees with the exchange, and objects where a result is wrong.
#define CAF_SUITE book_check
#include "tests/suite.hpp"

#include "simulation/book_check.hpp"

#include "config/sample_market.hpp"
#include "simulation/crowd.hpp"

using namespace bourse;
using namespace bourse::messages;
using simulation::book_check;
using simulation::violations;

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
  /// What the exchange makes of the block so far; `spoil` may change it before it is checked.
  template <class Spoil>
  void execute(Spoil spoil) {
    block.sequence = block.sequence.next();
    auto result = exchange.execute(block);
    block.submissions.clear();
    std::vector<report> reports;
    for (const auto& c : result.reports) {
      auto decoded = decode_reports(c.encoded, c.count);
      CAF_REQUIRE(decoded.has_value());
      reports.insert(reports.end(), decoded->begin(), decoded->end());
    }
    spoil(result, reports);
    check.executed(result, reports, exchange);
  }
  void execute() {
    execute([](auto&, auto&) {});
  }
  std::string rule() const {
    return out.empty() ? "" : out.all().front().rule;
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

CAF_TEST(money from nowhere is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
  f.execute([](market::block_result& r, auto&) {
    CAF_REQUIRE(!r.settlements.empty());
    r.settlements.front().transfers.pop_back();
  });
  CAF_CHECK_EQUAL(f.rule(), "conservation");
}

CAF_TEST(a fill that nobody was told of is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute();
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 4));
  f.execute([](auto&, std::vector<report>& all) {
    std::erase_if(all, [](const report& r) { return r.role == role::maker; });
  });
  CAF_CHECK(!f.out.empty());
}

CAF_TEST(an order that is passed over is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10, 1));
  f.execute();
  f.add(f.taker, f.limit(f.taker, side::buy, 100, 10));
  f.execute([](market::block_result& r, std::vector<report>& all) {
    // As if the second had been filled instead of the first.
    auto first = r.settlements.front().maker_order;
    order_id second{first.value() + 1};
    r.settlements.front().maker_order = second;
    for (auto& each : all)
      if (each.order == first)
        each.order = second;
  });
  CAF_REQUIRE(!f.out.empty());
  bool passed_over = false;
  for (const auto& v : f.out.all())
    passed_over = passed_over || v.rule == "priority";
  CAF_CHECK(passed_over);
}

CAF_TEST(an order that is accepted twice is found) {
  fixture f;
  f.add(f.maker, f.limit(f.maker, side::sell, 100, 10));
  f.execute([](auto&, std::vector<report>& all) { all.push_back(all.front()); });
  CAF_CHECK_EQUAL(f.rule(), "exactly-once");
}
