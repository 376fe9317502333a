// Blocks of random requests of all kinds, valid and not, for a small market in which everybody
// meets everybody: few prices, few names for orders, little money.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "market/clearing_house.hpp"
#include "tests/market/samples.hpp"

namespace bourse::market::samples {

/// small_rules with a third instrument (2: asset 2 for asset 0), so that an asset is the base of
/// one market and the quote of another; units other than 1; and a client that acts for two
/// accounts.
inline rules tangled_rules(std::int64_t balance) {
  auto r = small_rules(balance);
  r.clients[3].accounts = {account_id{2}, account_id{3}};
  auto cross = r.instruments[0];
  cross.name = "ETH-BTC";
  cross.base = asset_id{2};
  cross.quote = asset_id{0};
  cross.lot_units = 7;
  cross.tick_lot_units = 3;
  cross.maker_fee = basis_points{40};
  cross.taker_fee = basis_points{15};
  r.instruments.push_back(cross);
  r.instruments[1].lot_units = 10;
  r.instruments[0].high_value = amount{5000};
  r.max_account_orders = 12;
  r.max_open_orders = 20;
  return r;
}

class random_blocks {
public:
  /// Says a number from 0 to n-1.
  using chooser = std::function<std::uint64_t(std::uint64_t n)>;

  random_blocks(const rules& r, std::uint64_t seed)
      : random_blocks(
          r, [random = std::mt19937_64{seed}](std::uint64_t n) mutable { return random() % n; }) {}
  random_blocks(const rules& r, chooser choose) : rules_(r), choose_(std::move(choose)) {}

  block_input next() {
    block_input block;
    block.sequence = sequence_number{++sequence_};
    block.block_digest = hash("block " + std::to_string(sequence_));
    block.time = block_time{time_ += below(200)};
    for (auto n = below(12); n > 0; --n)
      block.submissions.push_back(next_submission());
    return block;
  }

  std::uint64_t below(std::uint64_t n) {
    return choose_(n);
  }

private:
  bool chance(unsigned percent) {
    return below(100) < percent;
  }

  submission_ptr next_submission() {
    auto client = static_cast<std::uint32_t>(below(rules_.clients.size()));
    auto stream = static_cast<std::uint8_t>(below(3));
    auto& number = numbers_[{client, stream}];
    auto wanted = number + 1;
    if (chance(4))
      wanted = below(number + 4) + 1; // a duplicate or a gap, or right by accident
    if (wanted == number + 1)
      ++number;
    std::vector<request> requests;
    for (auto n = 1 + below(6); n > 0; --n)
      requests.push_back(next_request(client));
    return submission_of(client, stream, wanted, std::move(requests), rules_);
  }

  account_id next_account(std::uint32_t client) {
    auto& own = rules_.clients[client].accounts;
    if (own.empty() || chance(2))
      return account_id{static_cast<std::uint32_t>(below(rules_.accounts.size() + 1))};
    return own[below(own.size())];
  }
  instrument_id next_instrument() {
    return instrument_id{
        static_cast<std::uint16_t>(below(rules_.instruments.size() + (chance(1) ? 1 : 0)))};
  }
  client_order_id next_name() {
    return client_order_id{chance(1) ? 0 : 1 + below(15)};
  }
  side next_side() {
    return chance(50) ? side::buy : side::sell;
  }
  price next_price() {
    if (chance(1))
      return price{chance(50) ? 0 : max_price};
    return price{static_cast<std::int64_t>(95 + below(11))};
  }
  quantity next_quantity() {
    if (chance(1))
      return quantity{chance(50) ? 0 : max_quantity};
    return quantity{static_cast<std::int64_t>(chance(5) ? below(5000) : 1 + below(40))};
  }

  place next_place(std::uint32_t client) {
    place p;
    p.account = next_account(client);
    p.instrument = next_instrument();
    p.client_order = next_name();
    p.side = next_side();
    p.stp = static_cast<self_trade>(1 + below(3));
    p.quantity = next_quantity();
    if (chance(12)) {
      p.type = order_type::market;
      if (p.side == side::buy)
        p.max_spend = amount{static_cast<std::int64_t>(chance(5) ? 0 : below(4000))};
    } else {
      p.price = next_price();
      if (chance(50))
        p.tif = static_cast<time_in_force>(1 + below(5));
      if (p.tif == time_in_force::good_till_block)
        p.expire_after = sequence_number{sequence_ + below(20) - 1};
    }
    if (rules_.clients[client].liquidator) {
      p.side = side::sell;
      p.max_spend = {};
      p.tif = p.type == order_type::market ? p.tif : time_in_force::immediate_or_cancel;
      p.expire_after = {};
    }
    p.liquidation = rules_.clients[client].liquidator || chance(1);
    placed_[client].push_back(p);
    return p;
  }

  /// Makes it about one of the client's latest orders, which may be open still.
  void aim_at_placed(replace& x, std::uint32_t client) {
    auto& placed = placed_[client];
    if (placed.empty())
      return;
    auto& order = placed[placed.size() - 1 - below(std::min<std::size_t>(placed.size(), 10))];
    x.account = order.account;
    x.instrument = order.instrument;
    x.client_order = order.client_order;
    x.side = order.side;
  }

  request next_request(std::uint32_t client) {
    auto asset
        = asset_id{static_cast<std::uint16_t>(below(rules_.assets.size() + (chance(2) ? 1 : 0)))};
    auto some = amount{static_cast<std::int64_t>(chance(2) ? 0 : below(3000))};
    if (rules_.clients[client].treasurer)
      return chance(50) ? request{deposit{next_account(client), asset, some}}
                        : request{withdraw{next_account(client), asset, some}};
    auto kind = below(100);
    if (kind < 60)
      return next_place(client);
    if (kind < 74)
      return cancel{next_account(client), next_instrument(), next_name()};
    if (kind < 92) {
      replace x{next_account(client), next_instrument(), next_name(),
                next_name(),          next_price(),      next_quantity()};
      x.post_only = chance(30);
      x.side = next_side();
      if (chance(60))
        aim_at_placed(x, client);
      if (chance(60))
        x.new_client_order = x.client_order;
      return x;
    }
    if (kind < 95)
      return cancel_all{next_account(client),
                        chance(50) ? std::optional{next_instrument()} : std::nullopt};
    if (kind < 99)
      return dead_man_switch{next_account(client), static_cast<std::uint32_t>(below(1500))};
    return deposit{next_account(client), asset, some};
  }

  const rules& rules_;
  chooser choose_;
  std::map<std::uint32_t, std::vector<place>> placed_; ///< by client
  std::uint64_t sequence_ = 0;
  std::uint64_t time_ = 1'000'000;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::uint64_t> numbers_;
};

} // namespace bourse::market::samples
