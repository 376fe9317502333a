#include "storage/rocks_tuning.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace bourse::storage {

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// Swallows RocksDB's own log, where there is nowhere to write it.
class no_log final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// One value a block or a few, tens of kilobytes each, never changed: flushed once into a blob file
/// and not touched again. Compaction sees only their keys.
bool holds_big_values(family f) {
  return f == family::bodies || f == family::results || f == family::blocks || f == family::stamps;
}

std::size_t buffer_bytes(const rocks_options& o) {
  return std::max<std::size_t>(o.write_buffer_mb, 1) * mib;
}

} // namespace

std::string family_name(family f) {
  return f == family::meta ? rocksdb::kDefaultColumnFamilyName : std::string{to_string(f)};
}

std::size_t flush_after_bytes(const rocks_options& o) {
  // Less than half: the other half holds what is being flushed meanwhile.
  return buffer_bytes(o) * 3 / 8;
}

rocksdb::DBOptions database_options(const rocks_options& o) {
  rocksdb::DBOptions to;
  if (o.env != nullptr)
    to.env = o.env;
  to.create_if_missing = !o.read_only;
  to.create_missing_column_families = !o.read_only;
  to.paranoid_checks = true;

  // A torn last record was never acknowledged and may go; any other damage is refused. The default
  // would cut the log at the damage. kAbsoluteConsistency would refuse after every power cut.
  to.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  to.track_and_verify_wals_in_manifest = true;
  // A node that is killed again and again must not write its log out as tables each time.
  to.avoid_flush_during_recovery = true;
  // The operator decides when a disk that failed is good again, by a restart.
  to.max_bgerror_resume_count = 0;

  // The bound of memory. The store flushes before it is reached, see flush_after_bytes.
  to.db_write_buffer_size = buffer_bytes(o);
  to.max_total_wal_size = 4 * buffer_bytes(o);
  to.max_open_files = 256;
  to.max_file_opening_threads = 1;
  to.max_manifest_file_size = 4 * mib;

  // One thread flushes, one compacts; there is one writer, so no group of writers to wait for.
  to.max_background_jobs = 2;
  to.max_subcompactions = 1;
  to.allow_concurrent_memtable_write = false;
  to.enable_write_thread_adaptive_yield = false;
  // Tables reach the disk little by little, not in one burst that the log's next sync waits behind.
  to.bytes_per_sync = 1 * mib;

  to.stats_dump_period_sec = 0;
  to.stats_persist_period_sec = 0;
  to.skip_stats_update_on_db_open = true;
  to.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  to.max_log_file_size = 1 * mib;
  to.keep_log_file_num = 2;
  if (o.read_only || o.env != nullptr)
    to.info_log = std::make_shared<no_log>();
  return to;
}

rocksdb::ColumnFamilyOptions family_options(const rocks_options& o, family f,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions to;
  to.write_buffer_size = buffer_bytes(o);
  to.max_write_buffer_number = 3;
  to.arena_block_size = std::min(buffer_bytes(o) / 64, 256 * kib);
  // Signatures and digests do not shrink, and the processor is what the node lacks.
  to.compression = rocksdb::kNoCompression;
  to.bottommost_compression = rocksdb::kNoCompression;
  to.target_file_size_base = 16 * mib;
  to.max_bytes_for_level_base = 64 * mib;
  if (holds_big_values(f)) {
    to.enable_blob_files = true;
    to.min_blob_size = 1 * kib;
    to.blob_file_size = 256 * mib;
    to.blob_compression_type = rocksdb::kNoCompression;
  }

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true; // else they would escape the bound
  table.format_version = 5;
  table.checksum = rocksdb::kCRC32c; // what check_files knows
  to.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return to;
}

} // namespace bourse::storage
