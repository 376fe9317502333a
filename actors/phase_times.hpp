// How long the latest blocks took from phase to phase, for `status` and `timeline`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "consensus/replica_core.hpp"

namespace bourse::actors {

/// Pure. Keeps the last so many slots.
class phase_times {
public:
  explicit phase_times(std::size_t keep = 1024) : keep_(keep) {}

  void add(const consensus::slot_times& slot);

  /// JSON object: by phase, the 50th and 99th percentile of its duration in microseconds.
  std::string percentiles() const;
  /// JSON array, oldest first: nanoseconds of the local monotone clock at which each of the last
  /// `count` slots passed each phase; 0 where it did not.
  std::string timeline(std::size_t count) const;

private:
  std::size_t keep_;
  std::size_t next_ = 0;
  std::vector<consensus::slot_times> slots_; ///< a ring once it is full
};

} // namespace bourse::actors
