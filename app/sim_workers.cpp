#include "app/sim_workers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <optional>

#include <fmt/format.h>

#include "messages/assert.hpp"

namespace bourse::app {

namespace {

using clock = std::chrono::steady_clock;

/// Shared by all workers: the next seed that nobody has taken.
class counter {
public:
  counter()
      : next_(new (mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<std::uint64_t>(0)) {}
  ~counter() {
    munmap(next_, sizeof *next_);
  }
  counter(const counter&) = delete;
  counter& operator=(const counter&) = delete;

  std::uint64_t take() {
    return next_->fetch_add(1);
  }

private:
  std::atomic<std::uint64_t>* next_;
};

void write_line(int to, const std::string& line) {
  auto text = line + '\n';
  for (std::size_t done = 0; done < text.size();) {
    auto n = write(to, text.data() + done, text.size() - done);
    if (n <= 0)
      _exit(1);
    done += static_cast<std::size_t>(n);
  }
}

struct worker {
  pid_t pid = 0;
  int from = -1;
  std::string unread;
  std::optional<std::uint64_t> seed; ///< that it is at
  clock::time_point since;
  bool late = false;
};

class crew {
public:
  crew(const seed_range& range, const seed_work& work,
       const std::function<bool(const seed_result&)>& take)
      : range_(range), work_(work), take_(take) {}

  void run() {
    while (workers_.size() < std::max(range_.jobs, 1u))
      hire();
    while (!workers_.empty()) {
      wait();
      if (stop_)
        for (auto& w : workers_)
          kill(w.pid, SIGKILL);
    }
  }

private:
  void hire() {
    int ends[2];
    BOURSE_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
    auto pid = fork();
    BOURSE_ASSERT(pid >= 0);
    if (pid == 0) {
      close(ends[0]);
      for (const auto& w : workers_)
        close(w.from);
      labour(ends[1]);
    }
    close(ends[1]);
    workers_.push_back({pid, ends[0], {}, {}, clock::now(), false});
  }

  [[noreturn]] void labour(int to) {
    for (auto i = next_.take(); i < range_.count; i = next_.take()) {
      auto seed = range_.first + i;
      write_line(to, std::to_string(seed));
      write_line(to, work_(seed).dump());
    }
    _exit(0);
  }

  void wait() {
    std::vector<pollfd> fds;
    for (const auto& w : workers_)
      fds.push_back({w.from, POLLIN, 0});
    poll(fds.data(), fds.size(), 1000);
    for (std::size_t i = fds.size(); i-- > 0;) {
      auto& w = workers_[i];
      if (fds[i].revents != 0 && !read_from(w))
        bury(i);
      else if (w.seed && !w.late
               && clock::now() - w.since > std::chrono::seconds(range_.timeout_s)) {
        w.late = true;
        kill(w.pid, SIGKILL);
      }
    }
  }

  /// False at its end.
  bool read_from(worker& w) {
    char buffer[65536];
    auto n = read(w.from, buffer, sizeof buffer);
    if (n <= 0)
      return false;
    w.unread.append(buffer, static_cast<std::size_t>(n));
    for (auto end = w.unread.find('\n'); end != std::string::npos; end = w.unread.find('\n')) {
      auto line = w.unread.substr(0, end);
      w.unread.erase(0, end + 1);
      if (!w.seed) {
        w.seed = std::stoull(line);
        w.since = clock::now();
        continue;
      }
      done({*w.seed, nlohmann::json::parse(line), {}});
      w.seed.reset();
    }
    return true;
  }

  void bury(std::size_t i) {
    auto w = std::move(workers_[i]);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    close(w.from);
    int status = 0;
    waitpid(w.pid, &status, 0);
    if (!w.seed || stop_)
      return;
    std::string why = w.late ? fmt::format("took more than {} s", range_.timeout_s)
                      : WIFSIGNALED(status)
                          ? fmt::format("ended by {}", strsignal(WTERMSIG(status)))
                          : "ended";
    done({*w.seed, nullptr, why});
    if (!stop_)
      hire();
  }

  void done(const seed_result& r) {
    if (!stop_ && !take_(r))
      stop_ = true;
  }

  const seed_range& range_;
  const seed_work& work_;
  const std::function<bool(const seed_result&)>& take_;
  counter next_;
  std::vector<worker> workers_;
  bool stop_ = false;
};

} // namespace

void run_seeds(const seed_range& range, const seed_work& work,
               const std::function<bool(const seed_result&)>& take) {
  crew{range, work, take}.run();
}

} // namespace bourse::app
