// Checked integer arithmetic: a result that does not fit is no result.
#pragma once

#include <cstdint>
#include <optional>

namespace bourse::messages {

using int128 = __int128;

constexpr std::optional<std::int64_t> narrow(int128 x) {
  if (x > INT64_MAX || x < INT64_MIN)
    return std::nullopt;
  return static_cast<std::int64_t>(x);
}

constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  if (__builtin_add_overflow(a, b, &r))
    return std::nullopt;
  return r;
}

} // namespace bourse::messages
