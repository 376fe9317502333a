// The store in memory, for tests and simulation: it can lose what was not synced, and fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "storage/store.hpp"

namespace bourse::storage {

class memory_store;

/// The content that outlives a crashed node: give it to the next memory_store.
class memory_disk {
public:
  /// Forgets everything written but not synced, and any fault that was set. Stores that were open
  /// belong to the dead node: all their calls fail from now on.
  void crash();
  /// The same, but the first `writes` of the unsynced ones reached the disk after all.
  void crash_keeping(std::size_t writes);
  /// How many writes are not synced yet.
  std::size_t unsynced() const;
  /// From the given write on (counted from now, 0 = the next), writes fail with io_failed.
  void fail_after(std::uint64_t writes);
  /// Whether it was told to fail, at once or later.
  bool failing() const;
  std::uint64_t syncs() const;
  /// Those whose key is not above `last`.
  std::size_t entries(family where, byte_view last) const;
  /// What a crash now would leave of it, if it kept nothing that is not synced.
  std::optional<bytes> durable(family where, byte_view key) const;
  /// Called before and after each write, from within it; it may crash the disk, and then the write
  /// fails. A synced write that is crashed after was done, and nobody was told.
  enum class moment : std::uint8_t { before, after };
  using watcher = std::function<void(moment, durability)>;
  void watch(watcher w);

private:
  friend class memory_store;
  struct state;
  std::shared_ptr<state> state_;

public:
  memory_disk();
  ~memory_disk();
  memory_disk(const memory_disk&) = default;
};

std::unique_ptr<store> open_memory_store(const memory_disk& disk);

} // namespace bourse::storage
