// The store on RocksDB.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "storage/store.hpp"

namespace rocksdb {
class Env;
}

namespace bourse::storage {

struct rocks_options {
  std::filesystem::path directory;
  std::size_t write_buffer_mb = 64; ///< over all families
  std::size_t block_cache_mb = 16;
  bool read_only = false;
  rocksdb::Env* env = nullptr; ///< for tests: a file system that forgets what was not synced
};

/// Errors: io_failed (also when another process holds it), corrupt (a flipped byte in the log is
/// refused, not skipped).
expected<std::unique_ptr<store>> open_rocks_store(const rocks_options& o);

/// Puts the directory before the detail, unless that begins with it already.
error located(error e, const std::filesystem::path& directory);

} // namespace bourse::storage
