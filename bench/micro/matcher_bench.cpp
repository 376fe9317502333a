// What a request costs in the matcher, reports and holds included, by the number of resting orders.
//
// Blocks of 1,000 requests: 55 % limit orders near the touch, 25 % cancels, 10 % replacements by a
// tick, 10 % immediate orders that take about three resting ones each. They are drawn outside the
// measured time, from the book as the block before left it. `pages_us` is what encoding the changed
// pages of sixteen blocks costs, as a checkpoint does.

#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/order_flow.hpp"
#include "market/holds.hpp"
#include "market/matcher.hpp"

namespace {

using namespace bourse::market;

constexpr std::uint32_t block_size = 1000;
constexpr std::uint32_t accounts = 1000;
constexpr std::int64_t lots = 10;

rules make_rules() {
  rules r;
  r.assets = {{"BTC", 8}, {"USD", 2}};
  instrument i;
  i.base = asset_id{0};
  i.quote = asset_id{1};
  i.lot_units = 100;
  i.tick_lot_units = 10;
  i.maker_fee = basis_points{10};
  i.taker_fee = basis_points{20};
  r.instruments = {i};
  r.accounts.resize(accounts);
  r.clients.resize(accounts);
  return r;
}

class workload {
public:
  explicit workload(std::size_t size) : size_(size), names_(accounts) {
    while (live_.size() < size_) {
      begin();
      for (std::uint32_t i = 0; i < block_size && live_.size() + i < size_; ++i)
        add_limit(i % 2 ? side::buy : side::sell, time_in_force::post_only);
      finish(matcher_.run(work_));
    }
    for (std::size_t i = 0; i < 4 * size_ / block_size + 100; ++i) { // let it settle
      draw_block();
      finish(matcher_.run(work_));
    }
    matcher_.take_dirty_pages();
  }

  void draw_block() {
    begin();
    for (std::uint32_t i = 0; i < block_size; ++i) {
      auto roll = random_.below(20);
      auto s = random_.below(2) ? side::buy : side::sell;
      if (roll < 11)
        add_limit(s, time_in_force::good_till_cancel);
      else if (roll < 16)
        add_cancel();
      else if (roll < 18)
        add_replace();
      else
        add_taker(s);
    }
  }

  outcome run() {
    return matcher_.run(work_);
  }

  /// Learns from the outcome who rests now.
  void finish(const outcome& o) {
    for (const auto& d : o.reports) {
      const auto& r = d.content;
      auto closes = r.kind == report_kind::cancelled || r.kind == report_kind::expired
                    || (r.kind == report_kind::fill && r.leaves.value() == 0);
      if (r.kind == report_kind::accepted)
        open({r.account, r.client_order, r.side, r.price});
      else if (closes)
        close(r.account, r.client_order);
      else if (r.kind == report_kind::replaced)
        resting_[number_of(r.account, r.client_order)].price = r.price;
    }
  }

  std::size_t size() const {
    return matcher_.open_orders();
  }
  std::size_t take_pages() {
    return matcher_.take_dirty_pages().size();
  }

private:
  struct resting {
    account_id account;
    client_order_id name;
    bourse::messages::side side;
    bourse::messages::price price;
  };

  void begin() {
    work_.sequence = work_.sequence.next();
    work_.items.clear();
    work_.items.reserve(block_size);
    auto view = matcher_.view(1);
    bid_ = view.bids.empty() ? 999'999 : view.bids[0].price.value();
    ask_ = view.asks.empty() ? 1'000'001 : view.asks[0].price.value();
  }
  origin from(account_id account) {
    auto position = static_cast<std::uint32_t>(work_.items.size()) + 1;
    return {client_id{account.value()}, stream_id{0}, submission_number{1}, 0, position};
  }
  account_id any_account() {
    return account_id{static_cast<std::uint32_t>(random_.below(accounts))};
  }

  void add(const place& p) {
    auto hold = hold_of(rules_.instruments[0], p).value();
    work_.items.emplace_back(place_work{from(p.account), p, amount{hold}, amount{0}});
  }
  place new_order(side s, time_in_force tif) {
    place p;
    p.account = any_account();
    auto& name = names_[p.account.value()];
    p.client_order = client_order_id{++name}; // clients count
    p.side = s;
    p.tif = tif;
    p.stp = self_trade::expire_maker;
    p.quantity = quantity{lots};
    return p;
  }
  void add_limit(side s, time_in_force tif) {
    auto p = new_order(s, tif);
    // One in sixteen improves the price by a tick, if there is room.
    auto away = static_cast<std::int64_t>(random_.below(16)) - 1;
    if (away < 0 && ask_ - bid_ < 2)
      away = 0;
    p.price = price{s == side::buy ? bid_ - away : ask_ + away};
    add(p);
  }
  void add_taker(side s) {
    auto p = new_order(s, time_in_force::immediate_or_cancel);
    p.price = price{s == side::buy ? ask_ + 100 : bid_ - 100};
    auto take = live_.size() < size_ ? 2 : 4;
    p.quantity = quantity{take * lots - lots / 2 + static_cast<std::int64_t>(random_.below(lots))};
    add(p);
  }
  void add_cancel() {
    auto target = live_.draw(random_);
    work_.items.emplace_back(
        cancel_work{from(target.account), {target.account, instrument_id{0}, target.name}});
  }
  void add_replace() {
    auto target = live_.draw(random_);
    const auto& was = resting_[target.number];
    replace r;
    r.account = target.account;
    r.client_order = r.new_client_order = target.name;
    r.side = was.side;
    r.price = price{was.price.value() + (was.side == side::buy ? -1 : 1)};
    r.quantity = quantity{lots};
    auto hold = hold_of(rules_.instruments[0], r).value();
    work_.items.emplace_back(replace_work{from(r.account), r, amount{hold}, amount{0}});
  }

  /// Orders are numbered by account and name, so that reports lead to them.
  std::uint64_t number_of(account_id account, client_order_id name) const {
    return name.value() * accounts + account.value();
  }
  void open(const resting& o) {
    auto number = number_of(o.account, o.name);
    if (number >= resting_.size())
      resting_.resize(2 * number);
    resting_[number] = o;
    live_.add({number, o.account, o.name});
  }
  void close(account_id account, client_order_id name) {
    live_.remove(number_of(account, name));
  }

  std::size_t size_;
  splitmix64 random_{42};
  rules rules_ = make_rules();
  matcher matcher_{instrument_id{0}, rules_, 7};
  work work_;
  std::int64_t bid_ = 0;
  std::int64_t ask_ = 0;
  std::vector<std::uint64_t> names_;
  std::vector<resting> resting_;
  live_orders live_;
};

void matcher_block(benchmark::State& state) {
  constexpr auto blocks_a_checkpoint = 16;
  workload w(static_cast<std::size_t>(state.range(0)));
  double total = 0;
  double in_pages = 0;
  double checkpoints = 0;
  double pages = 0;
  double fills = 0;
  double reports = 0;
  std::int64_t blocks = 0;
  for (auto _ : state) {
    w.draw_block();
    auto start = thread_seconds();
    auto o = w.run();
    auto seconds = thread_seconds() - start;
    state.SetIterationTime(seconds);
    total += seconds;
    fills += static_cast<double>(o.fills.size());
    reports += static_cast<double>(o.reports.size());
    w.finish(o);
    if (++blocks % blocks_a_checkpoint == 0) {
      start = thread_seconds();
      pages += static_cast<double>(w.take_pages());
      in_pages += thread_seconds() - start;
      ++checkpoints;
    }
  }
  auto requests = static_cast<double>(blocks) * block_size;
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));
  state.counters["resting"] = static_cast<double>(w.size());
  state.counters["ns"] = total * 1e9 / requests; // for one request
  state.counters["fills"] = fills / requests;
  state.counters["reports"] = reports / requests;
  if (checkpoints > 0) {
    state.counters["pages"] = pages / checkpoints;
    state.counters["pages_us"] = in_pages * 1e6 / checkpoints;
  }
}

BENCHMARK(matcher_block)
    ->Name("matcher/block_of_1000")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->UseManualTime();

} // namespace
