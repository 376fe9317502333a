// A look at RocksDB's logs before RocksDB reads them.
//
// Every write ends in a log file of 32 KB blocks, filled with records: checksum (4 bytes), length
// (2), type (1), payload. RocksDB checks the checksums but believes the header: a length that
// points past the end of the file is taken for a write that a crash cut short, and the type of a
// recycled log for its end. One flipped bit there would silently cost everything behind it, and
// in the manifest, which has the same form, whole tables. So both are refused here.
#pragma once

#include <cstdint>
#include <filesystem>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace rocksdb {
class Env;
}

namespace bourse::storage {

using namespace messages;

/// Checks the logs and the manifest of a database that nobody has open. An unfinished last record
/// is fine, as RocksDB never acknowledged it. Errors: corrupt, io_failed.
expected<void> check_logs(rocksdb::Env& env, const std::filesystem::path& directory);

/// Makes the logs durable. Without it a process that was killed could come back, act on what it
/// reads from its old log, sync that to a new one, and then lose the old one's end to a power cut.
expected<void> sync_logs(rocksdb::Env& env, const std::filesystem::path& directory);

/// Steps through one log, block by block; for check_logs and its test.
class log_checker {
public:
  static constexpr std::size_t block_size = 32 * 1024;

  /// The next block; only the last may be shorter than block_size. False: a header is wrong.
  bool add(byte_view block, bool is_last);

private:
  bool in_padding_ = false;
};

} // namespace bourse::storage
