#include "app/sim_workers.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "messages/assert.hpp"

namespace bourse::app {

namespace {

using clock = std::chrono::steady_clock;

/// False if nobody reads any more.
bool write_line(int to, const std::string& line) {
  auto text = line + '\n';
  for (std::size_t done = 0; done < text.size();) {
    auto n = send(to, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

struct worker {
  pid_t pid = 0;
  int link = -1; ///< a seed goes in, a result comes out
  std::string unread;
  /// That it was given. So a worker that ends, whenever it does, has a seed that it owes.
  std::optional<std::uint64_t> seed;
  clock::time_point since;
  bool late = false;
};

class crew {
public:
  crew(const seed_range& range, const seed_work& work,
       const std::function<bool(const seed_result&)>& take)
      : range_(range), work_(work), take_(take) {}

  void run() {
    for (std::uint32_t i = 0; i < std::max(range_.jobs, 1u); ++i)
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
    if (given_ == range_.count)
      return;
    int ends[2];
    BOURSE_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    auto parent = getpid();
    auto pid = fork();
    BOURSE_ASSERT(pid >= 0);
    if (pid == 0) {
      // Or one that hangs would outlive a parent that was killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent)
        _exit(1);
      close(ends[0]);
      for (const auto& w : workers_)
        close(w.link);
      labour(ends[1]);
    }
    close(ends[1]);
    workers_.push_back({pid, ends[0], {}, {}, clock::now(), false});
    give(workers_.back());
  }

  /// The next seed, or the end of its work. If it is dead, so much is read from it in time.
  void give(worker& w) {
    w.seed.reset();
    if (given_ == range_.count) {
      shutdown(w.link, SHUT_WR);
      return;
    }
    w.seed = range_.first + given_++;
    w.since = clock::now();
    write_line(w.link, std::to_string(*w.seed));
  }

  [[noreturn]] void labour(int link) {
    std::string unread;
    char buffer[64];
    for (;;) {
      auto n = read(link, buffer, sizeof buffer);
      if (n <= 0)
        _exit(0);
      unread.append(buffer, static_cast<std::size_t>(n));
      if (unread.back() != '\n')
        continue;
      if (!write_line(link, work_(std::stoull(unread)).dump()))
        _exit(1);
      unread.clear();
    }
  }

  void wait() {
    std::vector<pollfd> fds;
    for (const auto& w : workers_)
      fds.push_back({w.link, POLLIN, 0});
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
    auto n = read(w.link, buffer, sizeof buffer);
    if (n <= 0)
      return false;
    w.unread.append(buffer, static_cast<std::size_t>(n));
    if (w.unread.back() != '\n')
      return true; // a result is one line, and there is no other before the next seed is given
    seed_result r{*w.seed, nlohmann::json::parse(std::exchange(w.unread, {})), {}};
    give(w);
    done(r);
    return true;
  }

  void bury(std::size_t i) {
    auto w = std::move(workers_[i]);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    close(w.link);
    int status = 0;
    waitpid(w.pid, &status, 0);
    if (!w.seed || stop_)
      return;
    std::string why = w.late ? fmt::format("took more than {} s (--timeout)", range_.timeout_s)
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
  std::uint64_t given_ = 0; ///< seeds
  std::vector<worker> workers_;
  bool stop_ = false;
};

} // namespace

void run_seeds(const seed_range& range, const seed_work& work,
               const std::function<bool(const seed_result&)>& take) {
  crew{range, work, take}.run();
}

} // namespace bourse::app
