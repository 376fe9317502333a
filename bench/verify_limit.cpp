#include "bench/verify_limit.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "messages/assert.hpp"
#include "messages/crypto.hpp"
#include "messages/request.hpp"

namespace bourse::bench {

using namespace messages;

namespace {

struct signed_body {
  public_key by;
  bytes body;
  signature signed_by;
};

/// So many that a processor's branch predictor cannot learn them: checking one signature again and
/// again is about a tenth faster than checking what a network brings.
constexpr std::uint64_t distinct = 2048;
constexpr std::uint64_t signers = 16;

std::vector<signed_body> sign_bodies(std::uint32_t orders, const digest& cluster) {
  std::vector<key_pair> keys;
  for (std::uint64_t i = 0; i < signers; ++i)
    keys.push_back(key_pair::generate());
  std::vector<signed_body> out;
  for (std::uint64_t i = 0; i < distinct; ++i) {
    submission s;
    s.number = submission_number{i + 1};
    s.requests.resize(orders, place{});
    const auto& key = keys[i % signers];
    auto body = encode(s);
    auto signed_by = key.sign(purpose::submission, cluster, body);
    out.push_back({key.identity(), std::move(body), signed_by});
  }
  return out;
}

} // namespace

double measure_verify_rate(std::uint32_t orders, std::chrono::milliseconds how_long) {
  using clock = std::chrono::steady_clock;
  digest cluster = hash("verify limit");
  auto bodies = sign_bodies(orders, cluster);
  auto cores = std::max(1u, std::thread::hardware_concurrency());
  std::atomic<std::uint64_t> checks{0};
  auto start = clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < cores; ++i)
    threads.emplace_back([&, i] {
      std::uint64_t done = 0;
      for (; clock::now() - start < how_long; ++done) {
        const auto& b = bodies[(i * distinct / cores + done) % distinct];
        BOURSE_ASSERT(verify(b.by, purpose::submission, cluster, b.body, b.signed_by));
      }
      checks += done;
    });
  for (auto& t : threads)
    t.join();
  return static_cast<double>(checks) / std::chrono::duration<double>(clock::now() - start).count();
}

} // namespace bourse::bench
