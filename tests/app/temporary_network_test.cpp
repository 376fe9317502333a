#define CAF_SUITE temporary_network
#include "tests/suite.hpp"

#include "app/temporary_network.hpp"
#include "config/sample_market.hpp"
#include "messages/crypto.hpp"
#include "tests/config/files.hpp"

#include <csignal>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace bourse::app;
using namespace bourse::tests;
using namespace std::chrono_literals;
using bourse::messages::errc;

namespace {

/// A stand-in for the program: what a network does with its processes does not depend on what they
/// do.
struct fixture {
  fixture() {
    bourse::messages::init_crypto();
    options.net.market = bourse::config::sample_market();
    options.parent = folder.path();
    options.program = folder.path() / "program";
    be("echo starting; echo ready; exec sleep 600");
  }

  temporary_folder folder;
  network_options options;

  void be(const std::string& script) {
    write(options.program, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(options.program, std::filesystem::perms::owner_all);
  }

  std::unique_ptr<temporary_network> start() {
    auto network = temporary_network::start(options);
    if (!network)
      CAF_FAIL(network.error().detail);
    return std::move(*network);
  }

  /// How many networks have their folder here.
  std::size_t folders() const {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder.path()})
      n += entry.is_directory() ? 1 : 0;
    return n;
  }
};

/// A process that has ended but was not reaped by its parent is a zombie. (Its command line tells
/// nothing: in the middle of an exec there is none.)
bool lives(pid_t pid) {
  auto status = read("/proc/" + std::to_string(pid) + "/status");
  return !status.empty() && status.find("State:\tZ") == std::string::npos;
}

template <class Condition>
bool comes_true(Condition condition) {
  auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition())
      return true;
    std::this_thread::yield();
  }
  return false;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(temporary_network_tests, fixture)

CAF_TEST(a network runs and leaves nothing) {
  auto network = start();
  CAF_CHECK_EQUAL(network->size(), 4u);
  CAF_CHECK(std::filesystem::exists(network->folder() / "genesis.toml"));
  std::set<pid_t> pids;
  for (std::size_t i = 0; i < 4; ++i) {
    pids.insert(network->node(i).pid());
    CAF_CHECK(lives(network->node(i).pid()));
    CAF_CHECK_EQUAL(read(network->node(i).log()), "starting\nready\n");
  }
  CAF_CHECK_EQUAL(pids.size(), 4u);
  CAF_CHECK(network->check().has_value());
  for (const auto& usage : network->usage())
    CAF_CHECK(usage.rss_mb > 0);
  CAF_CHECK(!network->filesystem().type.empty());
  network.reset();
  for (auto pid : pids)
    CAF_CHECK(!lives(pid));
  CAF_CHECK_EQUAL(folders(), 0u);
}

CAF_TEST(the folder can be kept) {
  options.keep = true;
  auto folder = start()->folder();
  CAF_CHECK(std::filesystem::exists(folder / "node-3" / "log"));
  auto second = start();
  second->discard();
  second.reset();
  CAF_CHECK_EQUAL(folders(), 1u);
}

CAF_TEST(the folder of a network that does not start is not kept) {
  options.keep = true;
  be("exit 7");
  CAF_CHECK(!temporary_network::start(options).has_value());
  CAF_CHECK_EQUAL(folders(), 0u);
}

CAF_TEST(a node that ends at once is reported with its log) {
  be("echo the port is in use >&2; exit 7");
  auto network = temporary_network::start(options);
  CAF_REQUIRE(!network.has_value());
  CAF_CHECK(network.error().code == errc::unreachable);
  // All of them do, and any may be the first.
  CAF_CHECK(network.error().detail.ends_with(
      " ended with exit code 7; its log ends:\nthe port is in use"));
  CAF_CHECK_EQUAL(folders(), 0u);
}

CAF_TEST(a missing program is reported) {
  options.program = folder.path() / "nothing";
  auto network = temporary_network::start(options);
  CAF_REQUIRE(!network.has_value());
  CAF_CHECK(network.error().detail.ends_with(
      " ended with exit code 127; its log ends:\ncan't run the program"));
}

CAF_TEST(a node that is never ready is not waited for for ever) {
  be("echo not ready; echo ready?; printf ready; exec sleep 600");
  options.ready_within = 200ms;
  auto network = temporary_network::start(options);
  CAF_REQUIRE(!network.has_value());
  CAF_CHECK(network.error().code == errc::unreachable);
  CAF_CHECK(network.error().detail.find("is not ready after 0 s; its log ends:\nnot ready\n")
            != std::string::npos);
  CAF_CHECK_EQUAL(folders(), 0u);
}

CAF_TEST(a node that dies is told of once and can be started again) {
  auto network = start();
  auto pid = network->node(2).pid();
  ::kill(pid, SIGSEGV);
  bourse::messages::expected<void> checked;
  CAF_REQUIRE(comes_true([&] { return !(checked = network->check()).has_value(); }));
  CAF_CHECK(
      checked.error().detail.starts_with("node 2 was killed by signal 11 (Segmentation fault)"));
  CAF_CHECK(network->check().has_value());
  CAF_REQUIRE(network->start_nodes().has_value());
  CAF_CHECK(network->node(2).pid() != pid);
  CAF_CHECK_EQUAL(read(network->node(2).log()), "starting\nready\nstarting\nready\n");
}

CAF_TEST(a node that is killed on purpose is no news) {
  auto network = start();
  network->node(1).kill();
  CAF_CHECK(!network->node(1).running());
  CAF_CHECK(network->check().has_value());
  auto usage = network->usage();
  CAF_CHECK_EQUAL(usage[1].rss_mb, 0);
}

CAF_TEST(nodes that ignore orders to end are killed) {
  be("trap '' TERM; echo ready; while :; do sleep 600; done");
  options.end_within = 100ms;
  auto network = start();
  network->stop_nodes();
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(!network->node(i).running());
}

CAF_TEST(nothing is left when the program is killed) {
  int ends[2];
  CAF_REQUIRE_EQUAL(::pipe(ends), 0);
  auto child = ::fork();
  if (child == 0) {
    auto network = temporary_network::start(options);
    std::string pids;
    for (std::size_t i = 0; network && i < (*network)->size(); ++i)
      pids += std::to_string((*network)->node(i).pid()) + " ";
    [[maybe_unused]] auto n = ::write(ends[1], pids.data(), pids.size());
    ::kill(::getpid(), SIGKILL);
  }
  ::close(ends[1]);
  char text[200] = {};
  [[maybe_unused]] auto n = ::read(ends[0], text, sizeof text - 1);
  ::close(ends[0]);
  CAF_REQUIRE_EQUAL(::waitpid(child, nullptr, 0), child);
  std::istringstream pids{text};
  pid_t pid = 0;
  std::size_t count = 0;
  for (; pids >> pid; ++count)
    CAF_CHECK(comes_true([pid] { return !lives(pid); }));
  CAF_CHECK_EQUAL(count, 4u);
  CAF_CHECK(comes_true([this] { return folders() == 0; }));
}

CAF_TEST(the own process has used something) {
  auto usage = usage_of(::getpid());
  CAF_REQUIRE(usage.has_value());
  CAF_CHECK(usage->rss_mb > 1);
  CAF_CHECK(usage->peak_rss_mb >= usage->rss_mb);
  CAF_CHECK(!usage_of(0x3fff'ffff).has_value());
}

CAF_TEST(the tail of a file is its last lines) {
  auto file = folder.path() / "text";
  write(file, "a\nb\nc\n\n");
  CAF_CHECK_EQUAL(tail_of(file, 2), "b\nc");
  CAF_CHECK_EQUAL(tail_of(file, 20), "a\nb\nc");
  write(file, "");
  CAF_CHECK_EQUAL(tail_of(file, 2), "");
  write(file, std::string(100'000, 'x'));
  CAF_CHECK(tail_of(file, 2).size() < 20'000);
  CAF_CHECK(tail_of(folder.path() / "none", 2).starts_with("(can't read "));
}

CAF_TEST(file systems have names) {
  auto proc = filesystem_of("/proc");
  CAF_REQUIRE(proc.has_value());
  CAF_CHECK(proc->type.starts_with("0x"));
  CAF_CHECK(!filesystem_of("/nowhere").has_value());
}

CAF_TEST_FIXTURE_SCOPE_END()
