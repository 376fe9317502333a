// What stands in a ranking of one body.
#pragma once

#include <cstddef>

#include "fairness/ranking.hpp"

namespace bourse::fairness {

/// Stamps of it, also those that name another number for it.
inline std::size_t stamps_of(const ranking& r, const digest& body) {
  std::size_t n = 0;
  r.each_stamp([&](const stamped& what, replica_id, stamp_time) { n += what.body == body; });
  return n;
}

} // namespace bourse::fairness
