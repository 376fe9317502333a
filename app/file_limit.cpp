#include "app/file_limit.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace bourse::app {

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 0;
  auto now = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : now;
}

std::uint32_t connections_within(std::uint64_t files, std::uint32_t replicas) {
  constexpr std::uint64_t database = 256; // max_open_files of rocks_tuning
  constexpr std::uint64_t others = 64;    // logs, what compaction writes, doors, pipes
  constexpr std::uint64_t enough = 1U << 20;
  auto taken = database + others + replicas; // those that it dials
  auto left = files > taken ? std::min((files - taken) / 2, enough) : 0;
  // All replicas at once, old links that they have given up, and as many clients.
  return left < 2 * std::uint64_t{replicas} ? 0 : static_cast<std::uint32_t>(left);
}

} // namespace bourse::app
