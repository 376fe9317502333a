// How RocksDB is set up, family by family, and why.
#pragma once

#include <rocksdb/options.h>

#include <memory>
#include <string>

#include "storage/rocks_store.hpp"

namespace rocksdb {
class Cache;
}

namespace bourse::storage {

/// The name of a family's column family. meta is RocksDB's default one, which always exists.
std::string family_name(family f);

/// After so many bytes of writes the store has all families flushed, well before RocksDB would do
/// it by itself. RocksDB begins a new log at a flush without having synced the old one, so a power
/// cut could keep what is in the new log and lose what came before it. The store syncs first.
std::size_t flush_after_bytes(const rocks_options& o);

rocksdb::DBOptions database_options(const rocks_options& o);
rocksdb::ColumnFamilyOptions family_options(const rocks_options& o, family f,
                                            const std::shared_ptr<rocksdb::Cache>& cache);

} // namespace bourse::storage
