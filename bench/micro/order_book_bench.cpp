// What an operation on the order book costs, by the number of resting orders.
//
// The mix: 60 % adds within a few ticks of the touch, 30 % cancels of any resting order by its
// name, 10 % crossing orders, which take about three resting ones each, so that the size stays what
// it is. Operations are drawn a block at a time outside the measured time, as clients would: from
// the book as the block before left it.
//
// `in_blocks` looks ahead in the block and prefetches, as the matcher does; `one_by_one` does not.

#include <array>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/order_flow.hpp"
#include "market/order_book.hpp"

namespace {

using namespace bourse::market;

enum class action : std::uint8_t { add, cancel, cross };

struct operation {
  action what = action::add;
  bourse::messages::side side = side::buy;
  account_id account{};
  client_order_id name{};
  order_id id{};
  bourse::messages::price price{};
  bourse::messages::quantity quantity{};
};

constexpr std::size_t block_size = 1000;
constexpr std::uint64_t accounts = 1000;
constexpr std::int64_t lots = 10;
/// How many operations ahead to prefetch.
constexpr std::size_t distance = 16;

class workload {
public:
  explicit workload(std::size_t size) : size_(size) {
    while (live_.size() < size_) {
      auto op = draw_add(live_.size() % 2 ? side::buy : side::sell);
      book_.add(order_of(op), op.price);
      live_.add({op.id.value(), op.account, op.name});
    }
    for (std::size_t i = 0; i < 4 * size_ / block_size + 100; ++i) { // let it settle
      draw_block();
      run<true>();
    }
  }

  void draw_block() {
    for (const auto& op : added_)
      live_.add({op.id.value(), op.account, op.name});
    added_.clear();
    for (auto id : closed_)
      live_.remove(id.value());
    closed_.clear();
    block_.clear();
    for (std::size_t i = 0; i < block_size; ++i) {
      auto roll = random_.below(10);
      if (roll < 6)
        block_.push_back(draw_add(random_.below(2) ? side::buy : side::sell));
      else if (roll < 9)
        block_.push_back(draw_cancel());
      else
        block_.push_back(draw_cross());
    }
  }

  template <bool look_ahead>
  void run() {
    if constexpr (look_ahead) {
      for (std::size_t i = 0; i < 2 * distance; ++i)
        prefetch_entry(i);
      for (std::size_t i = 0; i < distance; ++i)
        prefetch_order(i);
    }
    for (std::size_t i = 0; i < block_.size(); ++i) {
      if constexpr (look_ahead) {
        prefetch_entry(i + 2 * distance);
        prefetch_order(i + distance);
      }
      const auto& op = block_[i];
      switch (op.what) {
        case action::add:
          add(op);
          break;
        case action::cancel:
          cancel(op);
          break;
        case action::cross:
          cross(op);
          break;
      }
    }
  }

  std::size_t size() const {
    return book_.size();
  }

private:
  void prefetch_entry(std::size_t i) {
    if (i < block_.size() && block_[i].what != action::cross)
      book_.prefetch_entry(block_[i].account, block_[i].name);
  }
  void prefetch_order(std::size_t i) {
    if (i < block_.size() && block_[i].what == action::cancel)
      book_.prefetch_order(block_[i].account, block_[i].name);
  }

  void add(const operation& op) {
    if (book_.find(op.account, op.name) != no_order)
      return;
    auto other = book_.best(opposite(op.side));
    if (other && (op.side == side::buy ? op.price >= other->price : op.price <= other->price))
      return; // the touch has moved over it within the block
    book_.add(order_of(op), op.price);
    added_.push_back(op);
  }

  void cancel(const operation& op) {
    auto slot = book_.find(op.account, op.name);
    if (slot == no_order)
      return; // taken within the block
    closed_.push_back(book_[slot].id);
    book_.erase(slot);
  }

  void cross(const operation& op) {
    auto left = op.quantity.value();
    while (left > 0) {
      auto level = book_.best(opposite(op.side));
      if (!level)
        return;
      auto slot = book_.first(*level);
      const auto& maker = book_[slot];
      if (maker.leaves.value() > left) {
        book_.reduce(slot, quantity{left});
        return;
      }
      left -= maker.leaves.value();
      closed_.push_back(maker.id);
      book_.erase(slot);
    }
  }

  operation draw_add(side s) {
    auto own = book_.best(s);
    auto other = book_.best(opposite(s));
    auto outward = s == side::buy ? -1 : 1;
    auto touch = own ? own->price.value() : 1'000'000 + outward;
    // One in sixteen improves the price by a tick, if there is room.
    auto away = static_cast<std::int64_t>(random_.below(16)) - 1;
    auto p = touch + outward * away;
    if (other && outward * (p - other->price.value()) <= 0)
      p = touch;
    auto account = random_.below(accounts);
    return {.what = action::add,
            .side = s,
            .account = account_id{static_cast<std::uint32_t>(account)},
            .name = client_order_id{++names_[account]}, // clients count
            .id = order_id{++orders_},
            .price = price{p},
            .quantity = quantity{lots}};
  }

  operation draw_cancel() {
    const auto& victim = live_.draw(random_);
    return {.what = action::cancel, .account = victim.account, .name = victim.name};
  }

  operation draw_cross() {
    auto take = (live_.size() < size_ ? 2 : 4) * lots - lots / 2
                + static_cast<std::int64_t>(random_.below(lots));
    return {.what = action::cross,
            .side = random_.below(2) ? side::buy : side::sell,
            .quantity = quantity{take}};
  }

  static order order_of(const operation& op) {
    order o;
    o.id = op.id;
    o.client_order = op.name;
    o.account = op.account;
    o.side = op.side;
    o.quantity = o.leaves = op.quantity;
    return o;
  }

  std::size_t size_;
  splitmix64 random_{42};
  order_book book_{7};
  live_orders live_;
  std::array<std::uint64_t, accounts> names_{};
  std::uint64_t orders_ = 0;
  std::vector<operation> block_;
  std::vector<operation> added_;
  std::vector<order_id> closed_;
};

template <bool look_ahead>
void order_book_mix(benchmark::State& state) {
  workload w(static_cast<std::size_t>(state.range(0)));
  double total = 0;
  for (auto _ : state) {
    w.draw_block();
    auto start = thread_seconds();
    w.run<look_ahead>();
    auto seconds = thread_seconds() - start;
    state.SetIterationTime(seconds);
    total += seconds;
  }
  auto operations = static_cast<double>(state.iterations()) * block_size;
  state.SetItemsProcessed(static_cast<std::int64_t>(operations));
  state.counters["resting"] = static_cast<double>(w.size());
  state.counters["ns"] = total * 1e9 / operations; // for one operation
}

BENCHMARK(order_book_mix<true>)
    ->Name("order_book/in_blocks")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->UseManualTime();
BENCHMARK(order_book_mix<false>)
    ->Name("order_book/one_by_one")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->UseManualTime();

} // namespace
