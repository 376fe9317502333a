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

#include "messages/error.hpp"

namespace rocksdb {
class Env;
}

namespace bourse::storage {

using namespace messages;

/// Checks the logs, the manifest and the properties of the tables. An unfinished last record is
/// fine, as RocksDB never acknowledged it. Errors: corrupt, io_failed.
expected<void> check_files(rocksdb::Env& env, const std::filesystem::path& directory);

/// Makes the logs durable. Without it a process that was killed could come back, act on what it
/// reads from its old log, sync that to a new one, and then lose the old one's end to a power cut.
expected<void> sync_logs(rocksdb::Env& env, const std::filesystem::path& directory);

} // namespace bourse::storage
