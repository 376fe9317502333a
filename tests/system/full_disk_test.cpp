// A replica that can not write votes for nothing that it did not write: it ends and says why, the
// others go on, and it catches up once it can write again.
#define CAF_SUITE full_disk
#include "tests/suite.hpp"

#include <cerrno>
#include <cstring>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

/// A disk of a few megabytes that only this process and its children see.
class small_disk {
public:
  explicit small_disk(const char* size) {
    // Of this thread and of what it starts; gone with them, however they end.
    if (::unshare(CLONE_NEWNS) != 0
        || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("none", folder_.path().c_str(), "tmpfs", 0, size) != 0)
      problem_ = errno;
  }
  ~small_disk() {
    if (problem_ == 0)
      ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  /// 0 if it is there.
  int problem() const {
    return problem_;
  }
  void resize(const char* size) {
    CAF_REQUIRE_EQUAL(::mount("none", folder_.path().c_str(), "tmpfs", MS_REMOUNT, size), 0);
  }
  const std::filesystem::path& path() const {
    return folder_.path();
  }

private:
  temporary_folder folder_;
  int problem_ = 0;
};

struct fixture {
  std::unique_ptr<app::temporary_network> network;

  fixture() {
    app::network_options o;
    o.net.node.write_buffer_mb = 1;
    network = start_network(std::move(o));
  }

  app::node_process& victim() {
    return network->node(3);
  }

  /// It ends by itself, with exit code 1 and the reason in its log.
  void check_end(const std::string& reason) {
    CAF_REQUIRE(victim().wait(30s));
    auto obituary = victim().obituary();
    CAF_MESSAGE(obituary);
    CAF_CHECK(obituary.starts_with("ended with exit code 1;"));
    CAF_CHECK(obituary.find("ledger failed: the disk refused a write: io_failed: "
                            + network->data(3).string())
              != std::string::npos);
    CAF_CHECK(obituary.find(reason) != std::string::npos);
  }

  void check_catches_up(trading& busy) {
    CAF_REQUIRE(network->start_nodes());
    CAF_CHECK(busy.goes_on());
    busy.stop();
    CAF_CHECK(all_agree(*network));
    network->stop_nodes();
    CAF_CHECK_EQUAL(run({"ledger", "verify", network->folder().string()}).code, 0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(full_disk_tests, fixture)

CAF_TEST(a replica whose disk is full ends and catches up when there is room) {
  small_disk disk{"size=3m"};
  if (disk.problem() != 0) {
    CAF_MESSAGE("skipped: no disk can be mounted here: " << std::strerror(disk.problem()));
    CAF_CHECK(true);
    return;
  }
  victim().kill();
  std::filesystem::copy(network->data(3), disk.path(), std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(network->data(3));
  std::filesystem::create_directory_symlink(disk.path(), network->data(3));
  CAF_REQUIRE(network->start_nodes());

  trading busy{*network, 64};
  check_end("the disk is full");
  CAF_CHECK(busy.goes_on());
  disk.resize("size=256m");
  check_catches_up(busy);
}

CAF_TEST(a limit on the size of files ends it no other way) {
  trading busy{*network, 64};
  CAF_CHECK(busy.goes_on());
  rlimit limit{100'000, 100'000};
  CAF_REQUIRE_EQUAL(::prlimit(victim().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  check_end("File too large");
  CAF_CHECK(busy.goes_on());
  check_catches_up(busy); // a new process has no such limit
}

CAF_TEST_FIXTURE_SCOPE_END()
