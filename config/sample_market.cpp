#include <algorithm>

#include <fmt/format.h>

#include "config/decimal.hpp"
#include "config/sample_market.hpp"
#include "messages/assert.hpp"

namespace bourse::config {

namespace {

/// Adds what the sample market is made of, each thing by the names of others.
class sample_builder {
public:
  market::rules take() {
    return std::move(rules_);
  }

  void asset(std::string name, std::uint8_t decimals) {
    rules_.assets.push_back({std::move(name), decimals});
  }

  /// Between the first asset, which pays, and asset `base`.
  void instrument(std::string name, std::uint16_t base, std::string lot,
                  const std::string& high_value) {
    market::instrument i;
    i.name = std::move(name);
    i.base = asset_id{base};
    i.quote = asset_id{0};
    i.tick = "0.01";
    i.lot = std::move(lot);
    i.maker_fee = basis_points{5};
    i.taker_fee = basis_points{10};
    auto derived = derive_units(i, rules_.assets[base], rules_.assets[0]);
    BOURSE_ASSERT(derived.has_value());
    i.high_value = units(high_value, 0);
    rules_.instruments.push_back(std::move(i));
  }

  /// `count` accounts, named NAME-0, NAME-1, ..., or NAME if there is one; `balances` by asset.
  std::vector<account_id> accounts(const std::string& name, std::size_t count,
                                   const std::vector<std::string>& balances) {
    std::vector<account_id> ids;
    for (std::size_t i = 0; i < count; ++i) {
      market::account a;
      a.name = count == 1 ? name : fmt::format("{}-{}", name, i);
      for (std::size_t asset = 0; asset < balances.size(); ++asset)
        a.balances.push_back(units(balances[asset], asset));
      ids.emplace_back(static_cast<std::uint32_t>(rules_.accounts.size()));
      rules_.accounts.push_back(std::move(a));
    }
    return ids;
  }

  market::client& client(std::string name, std::vector<account_id> accounts) {
    std::sort(accounts.begin(), accounts.end());
    market::client c;
    c.name = std::move(name);
    c.accounts = std::move(accounts);
    rules_.clients.push_back(std::move(c));
    return rules_.clients.back();
  }

private:
  amount units(const std::string& text, std::size_t asset) {
    auto a = parse_amount(text, rules_.assets[asset]);
    BOURSE_ASSERT(a.has_value());
    return *a;
  }

  market::rules rules_;
};

} // namespace

market::rules sample_market() {
  sample_builder b;
  // 10 decimals: a satoshi (a lot of BTC) at a cent (a tick) costs 1e-10 USD. With 64 bits that
  // leaves room for 922 million USD, of which the accounts below have about half.
  b.asset("USD", 10);
  b.asset("BTC", 8);
  b.asset("ETH", 8);
  b.instrument("BTC-USD", 1, "0.00000001", "100000");
  b.instrument("ETH-USD", 2, "0.0001", "50000");

  b.accounts("fees", 1, {"0", "0", "0"});
  auto makers = b.accounts("maker", 4, {"10000000", "50000", "500000"});
  auto takers = b.accounts("taker", 8, {"5000000", "20000", "200000"});
  b.accounts("borrower", 2, {"10000", "5000", "50000"});
  // For replays of recorded flow: all buyers are one account and all sellers the other.
  auto traders = b.accounts("bids", 1, {"300000000", "0", "0"});
  traders.push_back(b.accounts("asks", 1, {"0", "1000000", "10000000"}).front());

  b.client("maker", std::move(makers));
  b.client("taker", std::move(takers));
  b.client("liquidator", {}).liquidator = true;
  b.client("treasurer", {}).treasurer = true;
  b.client("trader", std::move(traders));
  return b.take();
}

} // namespace bourse::config
