#define CAF_SUITE trace_file
#include "tests/actor_suite.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "actors/trace_file.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::messages;

namespace {

struct fixture {
  tests::temporary_folder folder;
  std::filesystem::path file = folder.path() / "trace";
  conformance::identity who{hash("cluster"), {4}, replica_id{1}, 64, 32};
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));

  auto open(std::uint64_t limit = 1 << 20) {
    return trace_file::open(file, who, limit, log);
  }
  bytes content() const {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
  /// Records that can be read, or -1.
  int records() const {
    auto all = content();
    auto reader = conformance::trace_reader::open(all);
    if (!reader)
      return -1;
    for (;;) {
      auto next = reader->next();
      if (!next)
        return -1;
      if (!*next)
        return reader->cut_off() ? -1 : static_cast<int>(reader->records());
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(trace_file_tests, fixture)

CAF_TEST(a trace goes on where it was) {
  for (int life = 1; life <= 2; ++life) {
    auto trace = open();
    CAF_REQUIRE(trace);
    (*trace)->append(1, conformance::started{});
    CAF_CHECK_EQUAL(records(), 2 * life - 1); // there before anything else happens
    (*trace)->append(2, conformance::spoke{});
    CAF_CHECK_EQUAL(records(), 2 * life);
  }
}

CAF_TEST(what a crash cut off is taken back) {
  (*open())->append(1, conformance::started{});
  auto whole = content();
  (*open())->append(2, conformance::spoke{});
  for (auto size = whole.size() + 1; size < content().size(); ++size) {
    std::filesystem::resize_file(file, size);
    CAF_REQUIRE(open());
    CAF_CHECK(content() == whole);
    (*open())->append(2, conformance::spoke{});
  }
  CAF_CHECK_EQUAL(records(), 2);
  std::filesystem::resize_file(file, 20); // within its header
  CAF_CHECK(open());
  CAF_CHECK_EQUAL(records(), 0);
}

CAF_TEST(a damaged trace is left as it is) {
  {
    auto trace = open();
    for (int i = 0; i < 10; ++i)
      (*trace)->append(1, conformance::spoke{});
  }
  auto damaged = content();
  damaged[conformance::trace_header_bytes + 1] ^= 0x10; // a length that reaches past the end
  std::ofstream{file, std::ios::binary} << damaged;
  auto again = open();
  CAF_REQUIRE(!again);
  CAF_CHECK(again.error().code == errc::malformed);
  CAF_CHECK_EQUAL(again.error().detail,
                  file.string() + ": record 1 at byte 63 is damaged; move it away");
  CAF_CHECK(content() == damaged);
}

CAF_TEST(at its limit it ends for good and says so) {
  {
    auto trace = open(600);
    for (int i = 0; i < 100; ++i)
      (*trace)->append(1, conformance::spoke{});
  }
  auto size = std::filesystem::file_size(file);
  CAF_CHECK(size > 500 && size < 640);
  CAF_CHECK(text.str().find("limit") != std::string::npos);
  auto again = open();
  CAF_REQUIRE(again);
  (*again)->append(1, conformance::spoke{});
  CAF_CHECK_EQUAL(std::filesystem::file_size(file), size);
}

CAF_TEST(what is no trace of this replica is left alone) {
  CAF_REQUIRE(open());
  who.self = replica_id{2};
  auto other = open();
  CAF_REQUIRE(!other);
  CAF_CHECK(other.error().code == errc::wrong_cluster);
  std::ofstream{file} << "something of value";
  other = open();
  CAF_REQUIRE(!other);
  CAF_CHECK(other.error().code == errc::malformed);
  CAF_CHECK_EQUAL(content(), "something of value");
  file = "/dev/zero"; // which would never end
  CAF_CHECK(!open());
  file = folder.path() / "no" / "such" / "folder";
  other = open();
  CAF_REQUIRE(!other);
  CAF_CHECK(other.error().code == errc::io_failed);
}

CAF_TEST(a disk that fails ends the trace and not the node) {
  std::signal(SIGXFSZ, SIG_IGN); // as the program does
  auto trace = open();
  CAF_REQUIRE(trace);
  (*trace)->append(1, conformance::spoke{});
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto little = before;
  little.rlim_cur = std::filesystem::file_size(file) + 5;
  ::setrlimit(RLIMIT_FSIZE, &little);
  (*trace)->append(2, conformance::spoke{});
  ::setrlimit(RLIMIT_FSIZE, &before);
  CAF_CHECK(text.str().find("nothing more is recorded") != std::string::npos);
  CAF_CHECK_EQUAL(records(), -1); // the half of one
  (*trace)->append(3, conformance::spoke{});
  CAF_CHECK(open());
  CAF_CHECK_EQUAL(records(), 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
