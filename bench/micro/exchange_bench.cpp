// The whole market on one thread: requests a second, and what the clearing house takes of it.
// Blocks hold 1,000 requests of the synthetic market: makers that quote and cancel, takers that
// cross.
#include <benchmark/benchmark.h>

#include <ctime>

#include <memory>
#include <vector>

#include "bench/synthetic_market.hpp"
#include "config/sample_market.hpp"
#include "market/clearing_house.hpp"
#include "market/exchange.hpp"
#include "market/matcher.hpp"
#include "market/pending_pool.hpp"
#include "messages/crypto.hpp"
#include "messages/request.hpp"

namespace {

using namespace bourse;
using namespace bourse::market;

constexpr std::size_t block_requests = 1000;

/// Blocks of submissions of so many requests, round the streams of makers and takers.
class block_source {
public:
  using part = bench::synthetic_market::part;

  block_source(const rules& r, std::size_t per_submission)
      : rules_(r), market_(r, 1), per_submission_(per_submission), numbers_(r.clients.size()) {
    for (auto& of_client : numbers_)
      of_client.resize(max_streams);
  }

  block_input next() {
    block_input block;
    block.sequence = sequence_number{++sequence_};
    block.time = block_time{1'000'000 + sequence_ * 20};
    for (std::size_t n = 0; n < block_requests; n += per_submission_)
      block.submissions.push_back(next_submission());
    return block;
  }

private:
  submission_ptr next_submission() {
    // As many from makers as from takers; a taker's crossing meets several quotes.
    auto from = turn_ % 2 == 0 ? part::makers : part::takers;
    auto stream = turn_++ / 2 % market_.streams(from);
    auto client = market_.client_of(from);
    verified_submission s;
    s.content.client = client;
    s.content.stream = stream_id{static_cast<std::uint8_t>(stream)};
    s.content.number = submission_number{++numbers_[client.value()][stream]};
    s.content.requests = market_.next(from, stream, per_submission_);
    s.lane = lane_of(s.content, rules_);
    return std::make_shared<const verified_submission>(std::move(s));
  }

  const rules& rules_;
  bench::synthetic_market market_;
  std::size_t per_submission_;
  std::vector<std::vector<std::uint64_t>> numbers_; ///< by client and stream
  std::uint64_t sequence_ = 0;
  std::size_t turn_ = 0;
};

/// The thread's own time, which other programs on a shared machine do not lengthen.
double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

class stopwatch {
public:
  template <class F>
  auto run(F&& f) {
    auto begin = thread_seconds();
    auto result = f();
    seconds_ += thread_seconds() - begin;
    return result;
  }
  /// Nanoseconds per item.
  benchmark::Counter per(std::uint64_t items) const {
    return benchmark::Counter(seconds_ * 1e9 / static_cast<double>(items));
  }

private:
  double seconds_ = 0;
};

void warm_up(exchange& x, block_source& blocks) {
  for (int i = 0; i < 50; ++i)
    x.execute(blocks.next());
}

void exchange_execute(benchmark::State& state) {
  auto r = config::sample_market();
  block_source blocks{r, static_cast<std::size_t>(state.range(0))};
  exchange x{r};
  warm_up(x, blocks);
  std::uint64_t requests = 0, trades = 0, reports = 0;
  for (auto _ : state) {
    auto block = blocks.next();
    auto begin = thread_seconds();
    auto result = x.execute(block);
    state.SetIterationTime(thread_seconds() - begin);
    requests += result.requests;
    trades += result.settlements.size();
    reports += result.leaves.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(requests));
  auto each = static_cast<double>(requests);
  state.counters["reports/request"] = static_cast<double>(reports) / each;
  state.counters["trades/request"] = static_cast<double>(trades) / each;
}
BENCHMARK(exchange_execute)->Arg(1)->Arg(20)->UseManualTime()->Unit(benchmark::kMicrosecond);

/// Where the time goes, in nanoseconds a request.
void exchange_parts(benchmark::State& state) {
  auto r = config::sample_market();
  block_source blocks{r, 20};
  clearing_house house{r};
  std::vector<matcher> matchers;
  for (std::uint16_t i = 0; i < r.instruments.size(); ++i)
    matchers.emplace_back(instrument_id{i}, r);
  stopwatch begin, match, finish;
  std::uint64_t requests = 0;
  for (auto _ : state) {
    auto block = blocks.next();
    auto works = begin.run([&] { return house.begin(block); });
    auto outcomes = match.run([&] {
      std::vector<outcome> all;
      for (std::size_t i = 0; i < works.size(); ++i)
        all.push_back(matchers[i].run(works[i]));
      return all;
    });
    auto result = finish.run([&] { return house.finish(std::move(outcomes)); });
    requests += result.requests;
  }
  state.counters["begin_ns"] = begin.per(requests);
  state.counters["match_ns"] = match.per(requests);
  state.counters["finish_ns"] = finish.per(requests);
}
BENCHMARK(exchange_parts)->Unit(benchmark::kMicrosecond);

/// A checkpoint every 32 blocks: pages encoded and hashed, in nanoseconds a request.
void exchange_checkpoint(benchmark::State& state) {
  auto r = config::sample_market();
  block_source blocks{r, 20};
  exchange x{r};
  warm_up(x, blocks);
  x.page_root();
  stopwatch watch;
  std::uint64_t requests = 0;
  for (auto _ : state) {
    for (int i = 0; i < 32; ++i)
      requests += x.execute(blocks.next()).requests;
    watch.run([&] { return x.page_root(); });
  }
  state.counters["checkpoint_ns"] = watch.per(requests);
}
BENCHMARK(exchange_checkpoint)->Unit(benchmark::kMillisecond);

/// One request a submission, the mempool's worst case: in nanoseconds a submission.
void pool_of_single_orders(benchmark::State& state) {
  auto r = config::sample_market();
  while (r.clients.size() < 500)
    r.clients.push_back({"more", {}, {}});
  pending_pool pool{r};
  std::vector<std::uint64_t> numbers(r.clients.size());
  stopwatch add, executed;
  std::uint64_t count = 0;
  for (auto _ : state) {
    std::vector<submission_ptr> arriving;
    block_result result;
    for (std::size_t i = 0; i < block_requests; ++i) {
      verified_submission s;
      s.content
          = {client_id{static_cast<std::uint32_t>(i % numbers.size())}, stream_id{},
             submission_number{++numbers[i % numbers.size()]}, std::vector<request>(1, place{})};
      s.source.body.assign(100, 'x');
      s.digest = hash(std::to_string(count++));
      s.lane = lane::ordinary;
      arriving.push_back(std::make_shared<const verified_submission>(std::move(s)));
    }
    add.run([&] {
      for (auto& s : arriving) {
        auto& c = s->content;
        benchmark::DoNotOptimize(
            pool.admissible({c.client, c.stream, c.number}, s->source.body.size()));
        pool.add(s);
      }
      return 0;
    });
    for (std::uint32_t c = 0; c < numbers.size(); ++c)
      result.positions.push_back({client_id{c}, stream_id{}, submission_number{numbers[c] + 1}});
    executed.run([&] {
      pool.executed(result, arriving);
      return 0;
    });
  }
  state.counters["add_ns"] = add.per(count);
  state.counters["executed_ns"] = executed.per(count);
}
BENCHMARK(pool_of_single_orders)->Unit(benchmark::kMicrosecond);

} // namespace
