// Counts of durations in buckets that grow with the duration, so that a percentile is exact to
// about 1.6 % and memory does not grow with the run.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace bourse::bench {

class latency_histogram {
public:
  /// Counts one duration in microseconds; anything above 2^40 us counts as that.
  void add(std::uint64_t us, std::uint64_t times = 1) {
    counts_[bucket_of(us)] += times;
    total_ += times;
    max_us_ = us > max_us_ ? us : max_us_;
  }

  void merge(const latency_histogram& other);

  std::uint64_t total() const {
    return total_;
  }
  /// The duration that a share `q` (0 to 1) of all does not exceed, in milliseconds; 0 if empty.
  double percentile_ms(double q) const;
  double max_ms() const {
    return static_cast<double>(max_us_) / 1000.0;
  }

  struct bucket {
    double upper_ms;
    std::uint64_t count;
  };
  /// Buckets that are not empty, ascending.
  std::vector<bucket> buckets() const;

private:
  static constexpr unsigned sub_bits = 6; ///< 64 buckets an octave
  static constexpr unsigned octaves = 36;
  static constexpr std::size_t bucket_count = (octaves + 1) << sub_bits;

  static std::size_t bucket_of(std::uint64_t us);
  static std::uint64_t upper_us(std::size_t bucket);

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_us_ = 0;
};

} // namespace bourse::bench
