// Adds the processor time of a scope to a counter: one reading per message, never per order.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace bourse::actors {

/// Nanoseconds of processor time that the calling thread has used.
inline std::uint64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000
         + static_cast<std::uint64_t>(now.tv_nsec);
}

class cpu_meter {
public:
  /// `total_ns` outlives the meter; null: nothing is measured.
  explicit cpu_meter(std::atomic<std::uint64_t>* total_ns)
      : total_(total_ns), start_(total_ns ? thread_cpu_ns() : 0) {}
  ~cpu_meter() {
    if (total_)
      total_->fetch_add(thread_cpu_ns() - start_, std::memory_order_relaxed);
  }
  cpu_meter(const cpu_meter&) = delete;
  cpu_meter& operator=(const cpu_meter&) = delete;

private:
  std::atomic<std::uint64_t>* total_;
  std::uint64_t start_;
};

} // namespace bourse::actors
