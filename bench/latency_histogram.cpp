#include "bench/latency_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace bourse::bench {

std::size_t latency_histogram::bucket_of(std::uint64_t us) {
  constexpr std::uint64_t linear = std::uint64_t{1} << sub_bits;
  if (us < linear)
    return static_cast<std::size_t>(us);
  auto octave = static_cast<unsigned>(std::bit_width(us)) - 1 - sub_bits;
  auto index = (std::uint64_t{octave + 1} << sub_bits) + ((us >> octave) - linear);
  return std::min<std::size_t>(static_cast<std::size_t>(index), bucket_count - 1);
}

std::uint64_t latency_histogram::upper_us(std::size_t bucket) {
  constexpr std::uint64_t linear = std::uint64_t{1} << sub_bits;
  if (bucket < linear)
    return bucket;
  auto octave = (bucket >> sub_bits) - 1;
  auto within = bucket & (linear - 1);
  return ((linear + within + 1) << octave) - 1;
}

void latency_histogram::merge(const latency_histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i)
    counts_[i] += other.counts_[i];
  total_ += other.total_;
  max_us_ = std::max(max_us_, other.max_us_);
}

double latency_histogram::percentile_ms(double q) const {
  if (total_ == 0)
    return 0;
  auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_)));
  rank = std::clamp<std::uint64_t>(rank, 1, total_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += counts_[i];
    if (seen >= rank)
      return static_cast<double>(std::min(upper_us(i), max_us_)) / 1000.0;
  }
  return max_ms();
}

std::vector<latency_histogram::bucket> latency_histogram::buckets() const {
  std::vector<bucket> out;
  for (std::size_t i = 0; i < bucket_count; ++i)
    if (counts_[i] > 0)
      out.push_back({static_cast<double>(upper_us(i)) / 1000.0, counts_[i]});
  return out;
}

} // namespace bourse::bench
