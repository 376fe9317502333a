#include "app/temporary_network.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bourse::app {

using namespace messages;
using namespace std::chrono_literals;

namespace {

/// Waits for the end of its input, which is that of the program, then removes the folder $0. Nodes
/// may still be dying and writing, hence the repetition.
constexpr const char* sweep_script = R"(exec > /dev/null 2>&1
trap '' INT TERM HUP QUIT
cat
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  rm -rf -- "$0" && exit 0
  sleep 0.2
done)";

std::string reason_of(int problem) {
  return std::generic_category().message(problem);
}

std::filesystem::path own_program() {
  std::error_code problem;
  auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
  // A program that was built anew since it was started has lost its name, but can still be run.
  return !problem && std::filesystem::exists(program) ? program : "/proc/self/exe";
}

} // namespace

temporary_network::temporary_network(network_options o) : options_(std::move(o)) {}

temporary_network::~temporary_network() {
  stop();
}

expected<std::unique_ptr<temporary_network>> temporary_network::start(network_options o) {
  if (o.program.empty())
    o.program = own_program();
  if (o.parent.empty())
    o.parent = temporary_parent();
  std::unique_ptr<temporary_network> network{new temporary_network{std::move(o)}};
  if (auto begun = network->begin(); !begun) {
    network->discard();
    return tl::unexpected(begun.error());
  }
  return network;
}

expected<void> temporary_network::begin() {
  if (auto made = make_folder(); !made)
    return made;
  options_.net.output = folder_;
  if (!options_.before_start) {
    options_.net.base_port = 0;
    options_.net.hosts.clear();
  }
  auto g = config::write_testnet(options_.net);
  if (!g)
    return tl::unexpected(g.error());
  genesis_ = std::move(*g);
  for (std::size_t i = 0; i < options_.net.replicas; ++i) {
    auto directory = folder_ / fmt::format("node-{}", i);
    nodes_.emplace_back(options_.program, directory / "node.toml", directory / "log");
  }
  return start_nodes();
}

expected<void> temporary_network::make_folder() {
  auto name = (options_.parent / "bourse-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail(errc::io_failed, fmt::format("{}: {}", name, reason_of(errno)));
  folder_ = std::filesystem::absolute(name);
  if (!options_.keep)
    if (auto started = start_sweeper(); !started)
      return started;
  auto found = filesystem_of(folder_);
  if (!found)
    return tl::unexpected(found.error());
  filesystem_ = *found;
  return {};
}

expected<void> temporary_network::start_sweeper() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(errc::io_failed, "can't make a pipe: " + reason_of(errno));
  sweeper_pipe_ = ends[1];
  const char* folder = folder_.c_str();
  sweeper_ = ::fork();
  if (sweeper_ == 0) {
    ::setsid(); // out of reach of the terminal's Ctrl-C
    ::dup2(ends[0], STDIN_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    ::execl("/bin/sh", "sh", "-c", sweep_script, folder, nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  if (sweeper_ < 0)
    return fail(errc::io_failed, "can't start a process: " + reason_of(errno));
  return {};
}

std::filesystem::path temporary_network::data(std::size_t i) const {
  return folder_ / fmt::format("node-{}", i) / "data";
}

expected<void> temporary_network::check() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& node = nodes_[i];
    auto had_pid = node.pid() != 0; // 0: it was ended on purpose
    if (had_pid && !node.running())
      return fail(errc::unreachable, fmt::format("node {} {}", i, node.obituary()));
  }
  return {};
}

expected<void> temporary_network::start_nodes() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].running())
      continue;
    if (options_.before_start)
      options_.before_start(i);
    if (auto started = nodes_[i].start(); !started)
      return started;
  }
  return wait_ready();
}

expected<void> temporary_network::wait_ready() {
  auto deadline = std::chrono::steady_clock::now() + options_.ready_within;
  for (std::size_t i = 0; i < nodes_.size();) {
    if (nodes_[i].ready()) {
      ++i;
      continue;
    }
    if (auto good = check(); !good)
      return good;
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(errc::unreachable,
                  fmt::format("node {} is not ready after {} s; its log ends:\n{}", i,
                              options_.ready_within / 1s, tail_of(nodes_[i].log(), 20)));
    std::this_thread::sleep_for(5ms);
  }
  return {};
}

void temporary_network::stop_nodes() {
  for (auto& node : nodes_)
    node.signal(SIGTERM);
  auto deadline = std::chrono::steady_clock::now() + options_.end_within;
  for (auto& node : nodes_) {
    auto left = deadline - std::chrono::steady_clock::now();
    if (!node.wait(std::chrono::duration_cast<std::chrono::milliseconds>(left)))
      node.kill();
  }
}

void temporary_network::stop() {
  stop_nodes();
  std::error_code ignored; // the sweeper tries again
  if (!options_.keep && !folder_.empty())
    std::filesystem::remove_all(folder_, ignored);
  if (sweeper_pipe_ >= 0)
    ::close(std::exchange(sweeper_pipe_, -1));
  if (sweeper_ > 0)
    ::waitpid(std::exchange(sweeper_, 0), nullptr, 0);
}

std::vector<process_usage> temporary_network::usage() const {
  std::vector<process_usage> all;
  all.reserve(nodes_.size());
  for (const auto& node : nodes_)
    all.push_back(node.pid() == 0 ? process_usage{}
                                  : usage_of(node.pid()).value_or(process_usage{}));
  return all;
}

} // namespace bourse::app
