// A market whose results can be changed before the second opinion sees them.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/suite.hpp"

#include "config/sample_market.hpp"
#include "simulation/book_check.hpp"
#include "simulation/crowd.hpp"

namespace bourse::simulation {

struct spoilt_market {
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
    return limit_order(account_of(genesis, who, account), way, price, lots, ++orders);
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
  client_id maker = client_named(genesis, "maker");
  client_id taker = client_named(genesis, "taker");
  market::exchange exchange{genesis.market};
  violations out;
  book_check check{genesis.market, out};
  market::block_input block;
  std::map<client_id, std::uint64_t> numbers;
  std::uint64_t orders = 0;
};

} // namespace bourse::simulation
