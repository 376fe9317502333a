#include "app/node_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "messages/assert.hpp"

namespace bourse::app {

using namespace messages;

namespace {

constexpr std::size_t shown_log_lines = 20;

struct child_plan {
  const char* program;
  char* const* arguments;
  const char* log;
  pid_t parent;
};

/// Between fork and exec only async-signal-safe functions are allowed: other threads of the parent
/// may have held any lock.
[[noreturn]] void become_node(const child_plan& plan) {
  constexpr int cannot_start = 127;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) // it ended before prctl
    ::_exit(cannot_start);
  ::setpgid(0,
            0); // a group of its own: Ctrl-C is for the parent, which ends its nodes in its own way
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  auto input = ::open("/dev/null", O_RDONLY);
  auto output = ::open(plan.log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (input < 0 || output < 0 || ::dup2(input, STDIN_FILENO) < 0
      || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0)
    ::_exit(cannot_start);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::execv(plan.program, plan.arguments);
  constexpr std::string_view complaint = "can't run the program\n";
  [[maybe_unused]] auto ignored = ::write(STDERR_FILENO, complaint.data(), complaint.size());
  ::_exit(cannot_start);
}

std::optional<std::string> read_proc(pid_t pid, const char* what) {
  std::ifstream in{fmt::format("/proc/{}/{}", pid, what)};
  std::stringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty())
    return std::nullopt;
  return text.str();
}

/// The number behind `name` in /proc/PID/status, in kB there and MB here.
double megabytes(const std::string& status, const char* name) {
  auto at = status.find(name);
  constexpr double kilobyte = 1024;
  return at == std::string::npos ? 0
                                 : std::atof(status.c_str() + at + std::strlen(name)) / kilobyte;
}

} // namespace

expected<process_usage> usage_of(pid_t pid) {
  auto stat = read_proc(pid, "stat");
  auto status = read_proc(pid, "status");
  if (!stat || !status)
    return fail(errc::not_found, fmt::format("there is no process {}", pid));
  // The second field is the program's name in parentheses and may hold anything; proc(5) numbers
  // the one behind it 3, and user and system time 14 and 15.
  std::istringstream fields{stat->substr(stat->rfind(')') + 1)};
  std::string skipped;
  for (int field = 3; field < 14; ++field)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  process_usage u;
  u.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  u.rss_mb = megabytes(*status, "VmRSS:");
  u.peak_rss_mb = megabytes(*status, "VmHWM:");
  return u;
}

std::string tail_of(const std::filesystem::path& file, std::size_t lines) {
  constexpr std::streamoff longest = 16384;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return "(can't read " + file.string() + ")";
  in.seekg(0, std::ios::end);
  auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(std::max<std::streamoff>(0, size - longest));
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  auto at = text.size();
  for (std::size_t i = 0; i < lines && at != std::string::npos && at > 0; ++i)
    at = text.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

node_process::node_process(std::filesystem::path program, std::filesystem::path config,
                           std::filesystem::path log)
    : program_(std::move(program)), config_(std::move(config)), log_(std::move(log)) {}

node_process::node_process(node_process&& other) noexcept
    : program_(std::move(other.program_)),
      config_(std::move(other.config_)),
      log_(std::move(other.log_)),
      pid_(std::exchange(other.pid_, 0)),
      status_(other.status_),
      log_read_(other.log_read_),
      partial_line_(std::move(other.partial_line_)),
      ready_(other.ready_) {}

node_process::~node_process() {
  kill();
}

expected<void> node_process::start() {
  BOURSE_ASSERT(pid_ == 0);
  std::string name = "bourse";
  std::string verb = "node";
  std::string option = "--config";
  std::string config = config_.string();
  std::array<char*, 5> arguments{name.data(), verb.data(), option.data(), config.data(), nullptr};
  child_plan plan{program_.c_str(), arguments.data(), log_.c_str(), ::getpid()};
  std::error_code none;
  auto old_size = std::filesystem::file_size(log_, none);
  log_read_ = none ? 0 : old_size;
  partial_line_.clear();
  ready_ = false;
  status_.reset();
  auto pid = ::fork();
  if (pid < 0)
    return fail(errc::io_failed,
                "can't start a process: " + std::generic_category().message(errno));
  if (pid == 0)
    become_node(plan);
  ::setpgid(pid, pid); // as the child does: whichever comes first
  pid_ = pid;
  return {};
}

bool node_process::ready() {
  if (ready_)
    return true;
  std::ifstream in{log_, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(log_read_));
  std::string fresh{std::istreambuf_iterator<char>{in}, {}};
  log_read_ += fresh.size();
  partial_line_ += fresh;
  for (auto end = partial_line_.find('\n'); end != std::string::npos;
       end = partial_line_.find('\n')) {
    ready_ = ready_ || partial_line_.substr(0, end) == "ready";
    partial_line_.erase(0, end + 1);
  }
  return ready_;
}

void node_process::reap(int options) {
  int status = 0;
  if (pid_ != 0 && ::waitpid(pid_, &status, options) == pid_) {
    status_ = status;
    pid_ = 0;
  }
}

bool node_process::running() {
  reap(WNOHANG);
  return pid_ != 0;
}

void node_process::signal(int number) const {
  if (pid_ != 0) // not reaped yet, so the number can't be another's
    ::kill(-pid_, number);
}

bool node_process::wait(std::chrono::milliseconds most) {
  using namespace std::chrono_literals;
  auto deadline = std::chrono::steady_clock::now() + most;
  while (running()) {
    if (std::chrono::steady_clock::now() >= deadline)
      return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

void node_process::kill() {
  signal(SIGKILL);
  reap(0);
}

std::string node_process::obituary() const {
  std::string how = "was never started";
  if (pid_ != 0)
    how = "still runs";
  else if (status_ && WIFSIGNALED(*status_))
    how = fmt::format("was killed by signal {} ({})", WTERMSIG(*status_),
                      ::strsignal(WTERMSIG(*status_)));
  else if (status_)
    how = fmt::format("ended with exit code {}", WEXITSTATUS(*status_));
  return fmt::format("{}; its log ends:\n{}", how, tail_of(log_, shown_log_lines));
}

} // namespace bourse::app
