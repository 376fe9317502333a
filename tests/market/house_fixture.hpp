// A clearing house without matchers: tests write what these would have done. To be included after
// CAF's test header.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "market/clearing_house.hpp"
#include "messages/merkle.hpp"
#include "tests/market/samples.hpp"

namespace bourse::market::samples {

constexpr std::uint32_t liquidator = 4, treasurer = 5;
constexpr asset_id btc{0}, usd{1}, eth{2};
constexpr account_id fees{4};

/// A clearing house, and outcomes written by hand in the matchers' stead.
struct house_fixture {
  rules r = small_rules();
  std::unique_ptr<clearing_house> house;
  std::uint64_t sequence = 0;
  std::uint64_t time = 1000;
  std::map<std::pair<std::uint32_t, int>, std::uint64_t> numbers;

  house_fixture() {
    reset();
  }
  void reset() {
    house = std::make_unique<clearing_house>(r);
    sequence = 0;
    numbers.clear();
  }

  submission_ptr next(std::uint32_t client, std::vector<request> requests,
                      std::uint8_t stream = 0) {
    return submission_of(client, stream, ++numbers[{client, stream}], std::move(requests), r);
  }
  std::vector<work> begin(std::vector<submission_ptr> submissions) {
    return house->begin(
        {sequence_number{++sequence}, {}, block_time{time}, std::move(submissions)});
  }
  std::vector<outcome> nothing() const {
    std::vector<outcome> outcomes(r.instruments.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i)
      outcomes[i].instrument = instrument_id{static_cast<std::uint16_t>(i)};
    return outcomes;
  }
  /// A block in which the matchers do nothing, but give back what was reserved.
  block_result run(std::vector<submission_ptr> submissions) {
    auto works = begin(std::move(submissions));
    auto outcomes = nothing();
    for (std::size_t i = 0; i < works.size(); ++i)
      for (auto& item : works[i].items)
        if (auto* p = std::get_if<place_work>(&item))
          outcomes[i].releases.push_back({p->order.account,
                                          p->order.side == side::buy ? usd : r.instruments[i].base,
                                          p->reserved});
    return house->finish(std::move(outcomes));
  }

  std::vector<report> reports(const block_result& result) const {
    std::vector<report> all;
    std::size_t leaf = 0;
    for (auto& of : result.reports) {
      auto some = decode_reports(of.encoded, of.count);
      CAF_REQUIRE(some);
      CAF_REQUIRE_EQUAL(some->size(), of.count);
      for (auto& x : *some) {
        CAF_CHECK(x.client == of.client);
        CAF_CHECK_EQUAL(x.number.value(), of.first.value() + (&x - some->data()));
        CAF_REQUIRE(leaf < result.leaves.size());
        CAF_CHECK(merkle_leaf(encode(x)) == result.leaves[leaf++]);
        all.push_back(x);
      }
    }
    CAF_CHECK_EQUAL(leaf, result.leaves.size());
    CAF_CHECK(merkle_root(result.leaves) == result.results_root);
    return all;
  }
  /// The reason for which the only request of a block is rejected; none if it is not.
  reason why(std::uint32_t client, request x) {
    auto all = reports(run({next(client, {std::move(x)})}));
    if (all.empty() || all[0].kind == report_kind::done)
      return reason::none;
    CAF_CHECK_EQUAL(all.size(), 1u);
    CAF_CHECK(all[0].kind == report_kind::rejected);
    CAF_CHECK(all[0].why != reason::none);
    return all[0].why;
  }
  reason why(request x) {
    return why(0, std::move(x));
  }

  balance of(std::uint32_t account, asset_id asset) const {
    return house->view(account_id{account}).balances.at(asset.value());
  }
  std::int64_t free(std::uint32_t account, asset_id asset) const {
    return of(account, asset).free.value();
  }
  std::int64_t held(std::uint32_t account, asset_id asset) const {
    return of(account, asset).held.value();
  }
};

template <class Work>
const Work& item(const std::vector<work>& works, std::size_t instrument, std::size_t i) {
  return std::get<Work>(works.at(instrument).items.at(i));
}

/// A taker's fill at position `at`, with both reports.
inline void add_fill(outcome& to, std::uint32_t at, fill f, std::uint32_t buyer_client,
                     std::uint32_t seller_client) {
  auto index = static_cast<std::uint32_t>(to.fills.size());
  to.fills.push_back(f);
  to.fill_positions.push_back(at);
  for (auto client : {buyer_client, seller_client}) {
    draft_report d;
    d.content.client = client_id{client};
    d.content.account = client == buyer_client ? f.buyer : f.seller;
    d.content.instrument = to.instrument;
    d.content.kind = report_kind::fill;
    d.content.price = f.price;
    d.content.quantity = f.quantity;
    d.position = at;
    d.fill = index;
    to.reports.push_back(d);
  }
}

inline fill trade_between(std::uint32_t buyer, std::uint32_t seller, std::int64_t price,
                          std::int64_t quantity, std::int64_t buyer_fee = 0,
                          std::int64_t seller_fee = 0) {
  fill f;
  f.buyer = account_id{buyer};
  f.seller = account_id{seller};
  f.price = messages::price{price};
  f.quantity = messages::quantity{quantity};
  f.notional = amount{price * quantity};
  f.base = amount{quantity};
  f.buyer_fee = amount{buyer_fee};
  f.seller_fee = amount{seller_fee};
  return f;
}

inline draft_report draft(std::uint32_t at, std::uint32_t client, std::uint16_t instrument,
                          report_kind kind = report_kind::accepted) {
  draft_report d;
  d.content.client = client_id{client};
  d.content.instrument = instrument_id{instrument};
  d.content.kind = kind;
  d.position = at;
  return d;
}

inline place buy(std::int64_t price, std::int64_t quantity, std::uint64_t name = 1) {
  return limit_order(0, 0, name, side::buy, price, quantity);
}

inline place sell(std::int64_t price, std::int64_t quantity, std::uint64_t name = 1) {
  return limit_order(0, 0, name, side::sell, price, quantity);
}

inline place market_order(side way, std::int64_t quantity, std::int64_t max_spend) {
  auto p = limit_order(0, 0, 1, way, 0, quantity);
  p.type = order_type::market;
  p.max_spend = amount{max_spend};
  return p;
}

constexpr std::int64_t balance_at_start = 1'000'000;

} // namespace bourse::market::samples
