// What a group commit costs: one block's bodies and some small records, synced, on the disk where
// the program runs. Processor time counts all threads, so flushes and compactions are in it.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "storage/rocks_store.hpp"

namespace {

using namespace bourse::storage;

bytes noise(std::size_t size) {
  static std::mt19937_64 random{1};
  bytes out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random());
  return out;
}

bytes key_of(std::uint64_t n) {
  bytes out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(n >> shift));
  return out;
}

/// A database in the working directory, gone at the end.
class scratch_store {
public:
  scratch_store() {
    bytes pattern = (std::filesystem::current_path() / "store-bench-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    rocks_options o;
    o.directory = directory_;
    auto opened = open_rocks_store(o);
    if (opened)
      store_ = std::move(*opened);
  }

  ~scratch_store() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  store* get() const {
    return store_.get();
  }

private:
  std::filesystem::path directory_;
  std::unique_ptr<store> store_;
};

/// range(0): bytes of bodies, range(1): whether it is synced.
void group_commit(benchmark::State& state) {
  scratch_store scratch;
  auto* s = scratch.get();
  if (s == nullptr) {
    state.SkipWithError("the store does not open");
    return;
  }
  auto body = noise(static_cast<std::size_t>(state.range(0)));
  auto how = state.range(1) != 0 ? durability::synced : durability::buffered;
  auto vote = noise(60);
  std::uint64_t n = 0;
  write_batch batch;
  for (auto _ : state) {
    ++n;
    batch.clear();
    batch.put(family::bodies, key_of(n), body);
    for (char kind : {'p', 'v', 'c'})
      batch.put(family::consensus, kind + key_of(n), vote);
    if (n % 32 == 0)
      batch.erase_range(family::consensus, "", "z");
    if (!s->write(batch, how)) {
      state.SkipWithError("a write failed");
      return;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(n) * state.range(0));
}
BENCHMARK(group_commit)
    ->ArgsProduct({{0, 60'000, 150'000}, {0, 1}})
    ->MeasureProcessCPUTime()
    ->UseRealTime();

} // namespace
