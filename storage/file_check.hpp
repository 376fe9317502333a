// A look at RocksDB's files before RocksDB reads them.
//
// RocksDB checks the checksums of what it reads, with exceptions. It believes the header of a log
// record: a length that points past the end of the file is taken for a write that a crash cut
// short, and the type of a recycled log for the log's end. One flipped bit there would silently
// cost everything behind it, and in the manifest, which has the same form, whole tables. And it
// walks the properties of a table before it checks them, over which a build with assertions, such
// as Debian's, aborts. So these are looked at first, and refused if they are wrong.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "messages/error.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
struct DBOptions;
} // namespace rocksdb

namespace bourse::storage {

using namespace messages;

/// Checks the logs, the manifest and the properties of the tables, and that no log in between is
/// missing or ends too early. An unfinished last record is fine, as RocksDB never acknowledged it.
/// Errors: corrupt, io_failed.
expected<void> check_files(rocksdb::Env& env, const std::filesystem::path& directory);

/// Refuses a manifest that was cut short before it named all of `families`, in a directory that
/// holds data: RocksDB would pass over what the logs say of the others and make them anew. Errors:
/// corrupt, io_failed.
expected<void> check_families(const rocksdb::DBOptions& options,
                              const std::filesystem::path& directory,
                              const std::vector<std::string>& families);

/// Compares the sizes of an open database's blob files with its manifest, as RocksDB itself does
/// with tables: a missing end would otherwise show on the day that somebody asks for it. Errors:
/// corrupt.
expected<void> check_blobs(rocksdb::Env& env, rocksdb::DB& db,
                           const std::vector<rocksdb::ColumnFamilyHandle*>& families);

/// Makes the logs durable. Without it a process that was killed could come back, act on what it
/// reads from its old log, sync that to a new one, and then lose the old one's end to a power cut.
expected<void> sync_logs(rocksdb::Env& env, const std::filesystem::path& directory);

} // namespace bourse::storage
