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

double measure_verify_rate(std::uint32_t orders, std::chrono::milliseconds how_long) {
  using clock = std::chrono::steady_clock;
  auto key = key_pair::generate();
  digest cluster = hash("verify limit");
  submission s;
  s.number = submission_number{1};
  s.requests.resize(orders, place{});
  auto body = encode(s);
  auto signature = key.sign(purpose::submission, cluster, body);
  auto cores = std::max(1u, std::thread::hardware_concurrency());
  std::atomic<std::uint64_t> checks{0};
  auto start = clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < cores; ++i)
    threads.emplace_back([&] {
      std::uint64_t done = 0;
      for (; clock::now() - start < how_long; ++done)
        BOURSE_ASSERT(verify(key.identity(), purpose::submission, cluster, body, signature));
      checks += done;
    });
  for (auto& t : threads)
    t.join();
  return static_cast<double>(checks) / std::chrono::duration<double>(clock::now() - start).count();
}

} // namespace bourse::bench
