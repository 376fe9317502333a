// One node as a process of its own: started, watched, measured, and never left behind.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "messages/error.hpp"

namespace bourse::app {

struct process_usage {
  double cpu_seconds = 0; ///< user and system, of all threads
  double rss_mb = 0;      ///< resident memory now
  double peak_rss_mb = 0; ///< the most there ever was
};
/// Errors: not_found if there is no such process (any more).
messages::expected<process_usage> usage_of(pid_t pid);

/// Runs `PROGRAM node --config FILE`, its output appended to a log. The process dies with the
/// thread that started it, whichever way that ends, so start it from one that lives as long as it
/// should.
class node_process {
public:
  node_process(std::filesystem::path program, std::filesystem::path config,
               std::filesystem::path log);
  node_process(node_process&& other) noexcept;
  node_process& operator=(node_process&&) = delete;
  ~node_process(); ///< kills and reaps

  /// It must not run. Errors: io_failed.
  messages::expected<void> start();
  /// True once the node has written a line `ready` since it was started.
  bool ready();
  /// False once it has ended, or was never started.
  bool running();
  /// 0 if it does not run.
  pid_t pid() const {
    return pid_;
  }
  /// Signals the node and whatever it has started. SIGKILL and SIGTERM do not wait for the end, see
  /// wait.
  void signal(int number) const;
  /// Reaps it if it ends within that time; true if it does not run after that.
  bool wait(std::chrono::milliseconds most);
  /// SIGKILL, and waits.
  void kill();

  const std::filesystem::path& log() const {
    return log_;
  }
  /// How it ended, such as "was killed by signal 11 (Segmentation fault)", and the end of its log.
  std::string obituary() const;

private:
  /// Reaps it if it has ended.
  void reap(int options);

  std::filesystem::path program_;
  std::filesystem::path config_;
  std::filesystem::path log_;
  pid_t pid_ = 0;
  std::optional<int> status_; ///< as waitpid gave it
  std::uintmax_t log_read_ = 0;
  std::string partial_line_;
  bool ready_ = false;
};

/// The last lines of a text file; what went wrong if it can't be read.
std::string tail_of(const std::filesystem::path& file, std::size_t lines);

} // namespace bourse::app
