#define CAF_SUITE program_run
#include "tests/suite.hpp"

#include "tests/system/program_run.hpp"

#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bourse::tests {

namespace {

/// A file without a name that a process writes to and we read afterwards.
class captured {
public:
  captured() : file_(::memfd_create("output", MFD_CLOEXEC)) {}
  captured(const captured&) = delete;
  captured& operator=(const captured&) = delete;
  ~captured() {
    ::close(file_);
  }

  int file() const {
    return file_;
  }
  std::string text() const {
    std::string all(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
    all.resize(static_cast<std::size_t>(::pread(file_, all.data(), all.size(), 0)));
    return all;
  }

private:
  int file_;
};

/// Between fork and exec: async-signal-safe functions only.
[[noreturn]] void become(char* const* arguments, int out, int err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto input = ::open("/dev/null", O_RDONLY);
  if (::getppid() == parent && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0
      && ::dup2(err, STDERR_FILENO) >= 0) {
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    ::execv(arguments[0], arguments);
  }
  ::_exit(127);
}

} // namespace

nlohmann::json program_result::json() const {
  auto value = nlohmann::json::parse(out, nullptr, false);
  if (value.is_discarded())
    CAF_FAIL("no JSON: exit code " << code << "\n" << out << err);
  return value;
}

program_result run(std::vector<std::string> words, std::chrono::milliseconds most) {
  words.insert(words.begin(), BOURSE_PROGRAM);
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  captured out;
  captured err;
  auto parent = ::getpid();
  auto child = ::fork();
  if (child == 0)
    become(arguments.data(), out.file(), err.file(), parent);
  CAF_REQUIRE(child > 0);
  auto ended = pollfd{static_cast<int>(::syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  CAF_REQUIRE(ended.fd >= 0);
  if (::poll(&ended, 1, static_cast<int>(most.count())) != 1)
    ::kill(child, SIGKILL);
  ::close(ended.fd);
  int status = 0;
  ::waitpid(child, &status, 0);
  auto code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {code, out.text(), err.text()};
}

} // namespace bourse::tests
