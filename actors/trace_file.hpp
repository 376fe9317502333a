// A node's trace on its disk: see conformance/trace.hpp and `bourse conformance`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>

#include <spdlog/logger.h>

#include "conformance/trace.hpp"
#include "messages/error.hpp"

namespace bourse::actors {

/// Every record is handed to the operating system before the step that it tells of has any effect,
/// so the file has all that a killed process did. It is not synced: a power cut may lose its end,
/// and then the start that follows can be refused without cause.
class trace_file {
public:
  /// Made if it is not there, else continued: a record that a crash has cut off is taken back.
  /// Errors: io_failed; malformed, too_large, unsupported_version or wrong_cluster if it is no
  /// trace of this replica, or is damaged: it is left as it is.
  static messages::expected<std::shared_ptr<trace_file>> open(const std::filesystem::path& file,
                                                              const conformance::identity& who,
                                                              std::uint64_t limit_bytes,
                                                              std::shared_ptr<spdlog::logger> log);

  trace_file(const trace_file&) = delete;
  trace_file& operator=(const trace_file&) = delete;
  ~trace_file();

  /// From any thread. Past the limit, and once the disk has failed, it does nothing; it says so
  /// once.
  void append(std::uint64_t time_ns, const conformance::event& e);

private:
  trace_file() = default;
  bool write(messages::byte_view what);
  void stop(std::string why);

  std::mutex mutex_;
  std::filesystem::path file_;
  std::shared_ptr<spdlog::logger> log_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t limit_ = 0;
  bool stopped_ = false;
};

} // namespace bourse::actors
