// The store in memory, for tests and simulation: it can lose what was not synced, and fail.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "storage/store.hpp"

namespace bourse::storage {

/// The content that outlives a crashed node: give it to the next memory_store.
class memory_disk {
public:
  /// Forgets everything written but not synced.
  void crash();
  /// From the given write on (counted from now, 0 = the next), writes fail with io_failed.
  void fail_after(std::uint64_t writes);
  std::uint64_t syncs() const;

private:
  friend std::unique_ptr<store> open_memory_store(const memory_disk& disk);
  struct state;
  std::shared_ptr<state> state_;

public:
  memory_disk();
  ~memory_disk();
  memory_disk(const memory_disk&) = default;
};

std::unique_ptr<store> open_memory_store(const memory_disk& disk);

} // namespace bourse::storage
