// What a link costs: one handshake, and sealing and opening frames of batched messages.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "messages/batch.hpp"
#include "messages/secure_channel.hpp"

namespace {

using namespace bourse::messages;

handshake_seed filled(std::uint8_t fill) {
  handshake_seed out;
  out.fill(fill);
  return out;
}

struct link {
  key_pair dialer_key = key_pair::from_seed(filled(1));
  key_pair listener_key = key_pair::from_seed(filled(2));
  secure_channel dialer
      = secure_channel::dialer({}, dialer_key, listener_key.identity(), filled(3));
  secure_channel listener = secure_channel::listener(
      {}, listener_key, [](peer_role, const public_key&) { return expected<void>{}; }, filled(4));
  std::vector<bytes> frames;

  bool connect() {
    for (int i = 0; i < 2; ++i)
      if (!listener.receive(dialer.take_output(), frames)
          || !dialer.receive(listener.take_output(), frames))
        return false;
    return dialer.established() && listener.established();
  }
};

void handshake_both_ends(benchmark::State& state) {
  init_crypto();
  for (auto _ : state) {
    link l;
    if (!l.connect())
      state.SkipWithError("no handshake");
  }
}
BENCHMARK(handshake_both_ends);

void seal(benchmark::State& state) {
  init_crypto();
  link l;
  l.connect();
  bytes plaintext(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    if (!l.dialer.send(plaintext))
      state.SkipWithError("not sealed");
    benchmark::DoNotOptimize(l.dialer.output());
    l.dialer.clear_output();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal)->Arg(200)->Arg(32 * 1024)->Arg(1024 * 1024);

void seal_and_open(benchmark::State& state) {
  init_crypto();
  link l;
  l.connect();
  bytes plaintext(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    l.frames.clear();
    if (!l.dialer.send(plaintext) || !l.listener.receive(l.dialer.output(), l.frames))
      state.SkipWithError("not opened");
    l.dialer.clear_output();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal_and_open)->Arg(200)->Arg(32 * 1024)->Arg(1024 * 1024);

/// A frame that comes in pieces of one read of a socket.
void open_in_pieces(benchmark::State& state) {
  init_crypto();
  link l;
  l.connect();
  bytes plaintext(1024 * 1024, 'x');
  auto piece = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    l.frames.clear();
    l.dialer.clear_output();
    if (!l.dialer.send(plaintext))
      state.SkipWithError("not sealed");
    auto rest = l.dialer.output();
    state.ResumeTiming();
    for (; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
      if (!l.listener.receive(rest.substr(0, piece), l.frames))
        state.SkipWithError("not opened");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(plaintext.size()));
}
BENCHMARK(open_in_pieces)->Arg(1)->Arg(64 * 1024)->Arg(256 * 1024);

/// 160 messages of 200 bytes, as one frame holds.
void batch(benchmark::State& state) {
  constexpr int count = 160;
  bytes message(200, 'x');
  bytes frame;
  for (auto _ : state) {
    frame.clear();
    for (int i = 0; i < count; ++i)
      append_message(frame, channel::consensus, message);
    std::size_t seen = 0;
    auto ok = for_each_message(frame, [&](channel, byte_view m) { seen += m.size(); });
    benchmark::DoNotOptimize(ok);
    benchmark::DoNotOptimize(seen);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(batch);

} // namespace
