// Random work for one matcher: few accounts, prices and names, so that everybody meets everybody.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "messages/splitmix64.hpp"
#include "tests/market/matcher_fixture.hpp"

namespace bourse::market {

class random_work {
public:
  /// Says a number from 0 to n-1.
  using chooser = std::function<std::uint64_t(std::uint64_t n)>;

  explicit random_work(std::uint64_t seed)
      : random_work(
          seed, [random = splitmix64{seed}](std::uint64_t n) mutable { return random.below(n); }) {}
  /// The seed picks the market, and somebody else everything after that.
  random_work(std::uint64_t seed, chooser choose)
      : choose_(std::move(choose)), rules_(one_instrument()) {
    auto& i = rules_.instruments[0];
    if (seed % 3 == 1) {
      i.maker_fee = basis_points{400}; // more than takers pay
      i.taker_fee = basis_points{150};
      i.lot_units = 7;
      i.tick_lot_units = 3;
    } else if (seed % 3 == 2) {
      i.maker_fee = i.taker_fee = basis_points{0};
      i.tick_lot_units = 1;
    }
    if (seed % 4 == 0)
      rules_.max_open_orders = 8;
  }

  const rules& market() const {
    return rules_;
  }

  work next() {
    work w;
    sequence_ += 1 + below(10) / 9;
    w.sequence = sequence_number{sequence_};
    position_ = 0;
    if (chance(3))
      w.items.emplace_back(cancel_all_work{origin{}, any_account(), reason::dead_man});
    for (auto n = below(25); n > 0; --n)
      w.items.push_back(next_item());
    return w;
  }

  bool chance(unsigned percent) {
    return below(100) < percent;
  }
  std::uint64_t below(std::uint64_t n) {
    return choose_(n);
  }

private:
  work_item next_item() {
    auto kind = below(100);
    auto account = any_account();
    auto from = next_origin(account);
    if (kind < 60) {
      auto p = next_place(account);
      auto [reserved, shortfall] = split(hold_of(rules_.instruments[0], p).value());
      return place_work{from, p, reserved, shortfall};
    }
    if (kind < 80) {
      auto r = next_replace(account);
      auto [reserved, shortfall] = split(hold_of(rules_.instruments[0], r).value());
      return replace_work{from, r, reserved, shortfall};
    }
    if (kind < 98)
      return cancel_work{from, {account, instrument_id{0}, any_name()}};
    return cancel_all_work{from, account};
  }

  place next_place(account_id account) {
    place p;
    p.account = account;
    p.client_order = any_name();
    p.side = any_side();
    p.stp = static_cast<self_trade>(1 + below(3));
    p.quantity = any_quantity();
    p.liquidation = chance(4);
    if (chance(10)) {
      p.type = order_type::market;
      p.tif = chance(30) ? time_in_force::fill_or_kill : time_in_force::good_till_cancel;
      if (p.side == side::buy)
        p.max_spend = amount{static_cast<std::int64_t>(1 + below(150'000))};
      return p;
    }
    p.tif = static_cast<time_in_force>(1 + below(5));
    p.price = any_price(p.side);
    if (p.tif == time_in_force::good_till_block)
      p.expire_after = sequence_number{sequence_ + below(6) - 1};
    return p;
  }

  replace next_replace(account_id account) {
    replace r;
    r.account = account;
    r.client_order = any_name();
    r.new_client_order = chance(60) ? r.client_order : any_name();
    r.side = any_side();
    r.price = any_price(r.side);
    r.quantity = any_quantity();
    r.post_only = chance(20);
    return r;
  }

  origin next_origin(account_id account) {
    ++position_;
    auto client = chance(85) ? account.value() : 9;
    return {client_id{client}, stream_id{static_cast<std::uint8_t>(below(3))},
            submission_number{1 + below(1000)}, static_cast<std::uint16_t>(below(5)), position_};
  }

  /// How much of a hold was free at the block's start, and how much was not.
  std::pair<amount, amount> split(std::int64_t hold) {
    auto kind = below(10);
    auto shortfall = kind < 7 ? 0 : kind < 9 ? below(static_cast<std::uint64_t>(hold) + 1) : hold;
    return {amount{hold - static_cast<std::int64_t>(shortfall)},
            amount{static_cast<std::int64_t>(shortfall)}};
  }

  account_id any_account() {
    return account_id{static_cast<std::uint32_t>(below(5))};
  }
  client_order_id any_name() {
    return client_order_id{1 + below(12)};
  }
  side any_side() {
    return chance(50) ? side::buy : side::sell;
  }
  quantity any_quantity() {
    return quantity{static_cast<std::int64_t>(1 + below(12))};
  }
  /// Overlapping, but not so much that nothing rests.
  price any_price(side s) {
    return price{static_cast<std::int64_t>((s == side::buy ? 94 : 97) + below(9))};
  }

  chooser choose_;
  rules rules_;
  std::uint64_t sequence_ = 0;
  std::uint32_t position_ = 0;
};

} // namespace bourse::market
