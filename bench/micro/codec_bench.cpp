// What encoding, decoding and hashing cost: items_per_second counts requests, reports, leaves,
// submissions or messages, whichever the benchmark has many of.
#include <benchmark/benchmark.h>

#include "messages/block.hpp"
#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/crypto.hpp"
#include "messages/merkle.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"

namespace {

using namespace bourse::messages;

submission sample_submission(std::size_t requests) {
  submission s;
  s.client = client_id{3};
  s.stream = stream_id{1};
  s.number = submission_number{123'456};
  for (std::size_t i = 0; i < requests; ++i) {
    place p;
    p.account = account_id{static_cast<std::uint32_t>(100 + i % 7)};
    p.instrument = instrument_id{static_cast<std::uint16_t>(i % 4)};
    p.client_order = client_order_id{1'000'000 + i};
    p.side = i % 2 == 0 ? side::buy : side::sell;
    p.price = price{2'345'600 + static_cast<std::int64_t>(i)};
    p.quantity = quantity{10 + static_cast<std::int64_t>(i)};
    s.requests.push_back(p);
  }
  return s;
}

report sample_report(std::uint64_t i) {
  report r;
  r.number = report_number{100'000 + i};
  r.client = client_id{3};
  r.account = account_id{104};
  r.instrument = instrument_id{2};
  r.kind = report_kind::fill;
  r.order = order_id{(std::uint64_t{50'000} << 16) + i};
  r.client_order = client_order_id{1'000'000 + i};
  r.side = side::sell;
  r.role = role::taker;
  r.price = price{2'345'678};
  r.quantity = quantity{40};
  r.leaves = quantity{60};
  r.trade = trade_id{(std::uint64_t{50'000} << 24) + i};
  r.fee = amount{9'382};
  r.stream = stream_id{1};
  r.submission = submission_number{123'456};
  r.index = static_cast<std::uint16_t>(i % 64);
  return r;
}

void count_items(benchmark::State& state, std::int64_t items) {
  state.SetItemsProcessed(state.iterations() * items);
}

void encode_submission(benchmark::State& state) {
  auto s = sample_submission(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(encode(s));
  count_items(state, state.range(0));
}
BENCHMARK(encode_submission)->Arg(1)->Arg(64);

void decode_submission_body(benchmark::State& state) {
  auto body = encode(sample_submission(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_submission(body, {}));
  count_items(state, state.range(0));
}
BENCHMARK(decode_submission_body)->Arg(1)->Arg(64);

void decode_header(benchmark::State& state) {
  auto body = encode(sample_submission(64));
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_submission_header(body));
  count_items(state, 1);
}
BENCHMARK(decode_header);

void append_reports(benchmark::State& state) {
  auto count = static_cast<std::uint64_t>(state.range(0));
  std::vector<report> reports;
  for (std::uint64_t i = 0; i < count; ++i)
    reports.push_back(sample_report(i));
  bytes out;
  for (auto _ : state) {
    out.clear();
    for (auto& r : reports)
      append_report(out, r);
    benchmark::DoNotOptimize(out);
  }
  count_items(state, state.range(0));
}
BENCHMARK(append_reports)->Arg(1000);

void decode_report_list(benchmark::State& state) {
  auto count = static_cast<std::uint64_t>(state.range(0));
  bytes encoded;
  for (std::uint64_t i = 0; i < count; ++i)
    append_report(encoded, sample_report(i));
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_reports(encoded, count));
  count_items(state, state.range(0));
}
BENCHMARK(decode_report_list)->Arg(1000);

void results_tree(benchmark::State& state) {
  auto count = static_cast<std::uint64_t>(state.range(0));
  std::vector<bytes> encoded;
  for (std::uint64_t i = 0; i < count; ++i)
    encoded.push_back(encode(sample_report(i)));
  for (auto _ : state) {
    std::vector<digest> leaves;
    leaves.reserve(encoded.size());
    for (auto& leaf : encoded)
      leaves.push_back(merkle_leaf(leaf));
    benchmark::DoNotOptimize(merkle_root(leaves));
  }
  count_items(state, state.range(0));
}
BENCHMARK(results_tree)->Arg(1000);

std::vector<signed_submission> sample_bodies(std::size_t count) {
  std::vector<signed_submission> out(count);
  for (auto& s : out)
    s.body = encode(sample_submission(64));
  return out;
}

void encode_submit(benchmark::State& state) {
  client_message m = submit{sample_bodies(static_cast<std::size_t>(state.range(0)))};
  for (auto _ : state)
    benchmark::DoNotOptimize(encode(m));
  count_items(state, state.range(0));
}
BENCHMARK(encode_submit)->Arg(1)->Arg(16);

void decode_submit(benchmark::State& state) {
  auto encoded
      = encode(client_message{submit{sample_bodies(static_cast<std::size_t>(state.range(0)))}});
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_client_message(encoded, {}));
  count_items(state, state.range(0));
}
BENCHMARK(decode_submit)->Arg(1)->Arg(16);

void encode_vote(benchmark::State& state) {
  peer_message m = prepare{};
  for (auto _ : state)
    benchmark::DoNotOptimize(encode(m));
  count_items(state, 1);
}
BENCHMARK(encode_vote);

void decode_vote(benchmark::State& state) {
  auto encoded = encode(peer_message{prepare{}});
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_peer_message(encoded, {}));
  count_items(state, 1);
}
BENCHMARK(decode_vote);

void decode_block_body(benchmark::State& state) {
  block b;
  for (std::uint16_t i = 0; i < state.range(0); ++i)
    b.heads.push_back({replica_id{i}, report_index{1'000'000}, hash("report")});
  auto encoded = encode(b);
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_block(encoded));
  count_items(state, state.range(0));
}
BENCHMARK(decode_block_body)->Arg(4)->Arg(31);

void decode_report(benchmark::State& state) {
  stamp_report r{
      replica_id{1}, report_index{7}, hash("before"), stamp_time{1'700'000'000'000'000}, {}};
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(state.range(0)); ++i)
    r.stamps.push_back({{client_id{3}, stream_id{1}, submission_number{i + 1}},
                        hash("body"),
                        stamp_time{1'699'999'999'980'000 + i}});
  auto encoded = encode(r);
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_stamp_report(encoded, 4096));
  count_items(state, state.range(0));
}
BENCHMARK(decode_report)->Arg(16)->Arg(1000);

void verify_signature(benchmark::State& state) {
  init_crypto();
  auto key = key_pair::from_seed({});
  auto body = encode(sample_submission(static_cast<std::size_t>(state.range(0))));
  auto sig = key.sign(purpose::submission, {}, body);
  for (auto _ : state)
    benchmark::DoNotOptimize(verify(key.identity(), purpose::submission, {}, body, sig));
  count_items(state, 1);
}
BENCHMARK(verify_signature)->Arg(1)->Arg(64);

} // namespace
