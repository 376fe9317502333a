// Requests at the ends of every range, from clients who hold all that a number can hold: a command
// that fails is a deterministic rejection, and none crashes execution on every replica.
#define CAF_SUITE hostile_requests
#include "tests/suite.hpp"

#include <cstdio>
#include <limits>

#include "market/exchange.hpp"
#include "tests/market/samples.hpp"

using namespace bourse::market;
using namespace bourse::market::samples;

namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();

/// What decode_submission lets pass, with a liking for the ends; names and accounts such that many
/// requests are about the same orders.
class extremes {
public:
  extremes(const rules& r, std::uint64_t seed) : rules_(r), random_(seed) {}

  block_input next() {
    block_input block;
    block.sequence = sequence_number{++sequence_};
    block.block_digest = hash("block " + std::to_string(sequence_));
    // A faulty primary may say any time.
    block.time = block_time{pick<std::uint64_t>({0, 1, 1'000'000, UINT64_MAX - 1, UINT64_MAX})};
    for (auto n = below(8); n > 0; --n) {
      auto client = static_cast<std::uint32_t>(below(rules_.clients.size()));
      std::vector<request> requests;
      for (auto m = 1 + below(4); m > 0; --m)
        requests.push_back(next_request(client));
      block.submissions.push_back(
          submission_of(client, 0, ++numbers_[client], std::move(requests), rules_));
    }
    return block;
  }

private:
  std::uint64_t below(std::uint64_t n) {
    return random_() % n;
  }
  template <class T>
  T pick(std::initializer_list<T> of) {
    return *(of.begin() + below(of.size()));
  }

  account_id an_account(std::uint32_t client) {
    auto& own = rules_.clients[client].accounts;
    if (own.empty() || below(10) == 0)
      return account_id{pick<std::uint32_t>({0, 1, 4, UINT32_MAX})};
    return own[below(own.size())];
  }
  instrument_id an_instrument() {
    return instrument_id{pick<std::uint16_t>({0, 0, 0, 0, 0, 0, 0, 0, 1, 2, UINT16_MAX})};
  }
  asset_id an_asset() {
    return asset_id{pick<std::uint16_t>({0, 1, 2, 3, UINT16_MAX})};
  }
  client_order_id a_name() {
    return client_order_id{pick<std::uint64_t>({0, 1, 1, 2, 2, 3, UINT64_MAX})};
  }
  side a_side() {
    return pick({side::buy, side::sell});
  }
  price a_price() {
    return price{pick<std::int64_t>({0, 1, 1, 2, 1 << 20, max_price - 1, max_price})};
  }
  quantity a_quantity() {
    return quantity{pick<std::int64_t>({0, 1, 1, 2, 1 << 20, std::int64_t{1} << 40, max_quantity})};
  }
  amount an_amount() {
    return amount{pick<std::int64_t>({0, 1, 1 << 20, most / 2, most - 1, most})};
  }

  request next_request(std::uint32_t client) {
    switch (below(20)) {
      case 0:
        return cancel{an_account(client), an_instrument(), a_name()};
      case 1:
      case 2:
      case 3: {
        replace r{an_account(client), an_instrument(), a_name(), a_name(), a_price(), a_quantity()};
        r.post_only = below(2) == 0;
        r.side = a_side();
        return r;
      }
      case 4:
        return cancel_all{an_account(client),
                          below(2) == 0 ? std::optional{an_instrument()} : std::nullopt};
      case 5:
        return deposit{an_account(client), an_asset(), an_amount()};
      case 6:
        return withdraw{an_account(client), an_asset(), an_amount()};
      case 7:
        return dead_man_switch{an_account(client), pick<std::uint32_t>({0, 1, UINT32_MAX})};
      default:
        return a_place(client);
    }
  }

  place a_place(std::uint32_t client) {
    place p;
    p.account = an_account(client);
    p.instrument = an_instrument();
    p.client_order = a_name();
    p.side = a_side();
    p.type = below(4) == 0 ? order_type::market : order_type::limit;
    p.tif = static_cast<time_in_force>(1 + below(5));
    p.stp = static_cast<self_trade>(1 + below(3));
    p.quantity = a_quantity();
    p.liquidation = rules_.clients[client].liquidator || below(20) == 0;
    bool all = below(5) == 0; // also what does not belong
    if (all || p.type == order_type::limit)
      p.price = a_price();
    if (all || (p.type == order_type::market && p.side == side::buy))
      p.max_spend = an_amount();
    if (all || p.tif == time_in_force::good_till_block)
      p.expire_after
          = sequence_number{pick<std::uint64_t>({0, 1, sequence_, sequence_ + 1, UINT64_MAX})};
    return p;
  }

  const rules& rules_;
  std::mt19937_64 random_;
  std::uint64_t sequence_ = 0;
  std::map<std::uint32_t, std::uint64_t> numbers_;
};

} // namespace

CAF_TEST(no request crashes execution and what fails is rejected everywhere alike) {
  auto seed = test_seed();
  std::printf("hostile requests: seed %llu\n", static_cast<unsigned long long>(seed));
  for (auto balance : {std::int64_t{0}, std::int64_t{1} << 40, most}) {
    auto rules = small_rules(balance / 8); // so that what all own together is an amount
    extremes source{rules, seed};
    exchange one{rules, 1};
    exchange other{rules, 2};
    std::size_t different = 0;
    std::map<report_kind, std::size_t> kinds;
    std::map<reason, std::size_t> reasons;
    for (int n = 0; n < 3000; ++n) {
      auto block = source.next();
      auto first = one.execute(block);
      auto second = other.execute(block);
      different += first.results_root != second.results_root;
      for (auto& of_client : first.reports) {
        auto reports = decode_reports(of_client.encoded, of_client.count);
        CAF_REQUIRE(reports);
        for (auto& r : *reports) {
          ++kinds[r.kind];
          ++reasons[r.why];
        }
      }
    }
    CAF_CHECK_EQUAL(different, 0u);
    CAF_CHECK(one.page_root() == other.page_root());
    CAF_CHECK(kinds[report_kind::rejected] > 1000);
    CAF_CHECK(reasons.contains(reason::overflow));
    CAF_CHECK(balance == 0 || kinds[report_kind::fill] > 100);
    CAF_CHECK(balance == 0 || kinds[report_kind::replaced] > 0);
  }
}
