// A node dies at every one of its writes, one run after the other: before it, after it, with all of
// what was not synced lost or only a part; or the disk fails there. It comes back from what the
// disk has, which must hold all that it had said, and it contradicts none of it.
#define CAF_SUITE crash_points
#include "tests/suite.hpp"

#include "simulation/promises.hpp"
#include "tests/actors/cluster_checks.hpp"

using namespace bourse;
using namespace bourse::actors;
using namespace bourse::simulation;

namespace {

/// How the node ends at its write.
enum class ending : std::uint8_t {
  lose_all,       ///< dies before it, and nothing that was not synced had reached the disk
  keep_all,       ///< dies before it, and all of that had
  keep_some,      ///< dies before it, and some had
  done_untold,    ///< dies after it
  done_and_again, ///< the same, and once more at one of its first writes of the next life
  disk_fails,     ///< the write fails, and so do later ones
};
constexpr auto endings = {ending::lose_all,    ending::keep_all,       ending::keep_some,
                          ending::done_untold, ending::done_and_again, ending::disk_fails};

constexpr std::size_t requests_each = 4;

/// One run of four nodes that trade. Replica 0, the first primary, is down for a while, so that the
/// others see a view change and back.
class run {
public:
  run(std::uint64_t seed, std::size_t victim)
      : cluster_(options_of(seed)),
        traders_(cluster_, seed),
        said_(cluster_.genesis().size, cluster_.genesis().cluster()),
        victim_(victim),
        submissions_(victim == 0 ? 32 : 40) {
    cluster_.listen([this](std::size_t from, channel c, byte_view m) { said_.hear(from, c, m); });
    traders_.trade(submissions_ * requests_each, requests_each, victim == 0 ? 400 : 1000);
    if (victim_ != 0) {
      cluster_.universe().after(150'000'000, [this] { cluster_.crash(0); });
      cluster_.universe().after(900'000'000, [this] { start(0); });
    }
  }

  /// The node goes at this write of its first life. Without it: how many writes there are.
  void end_at(std::uint64_t write, ending how) {
    how_ = how;
    watch(write);
  }
  std::uint64_t count_writes() {
    watch(UINT64_MAX);
    finish();
    return write_;
  }

  /// False, with `problems`, if anything is wrong in the end.
  bool finish() {
    auto& universe = cluster_.universe();
    auto confirmed = [&] {
      return traders_.submitted() == submissions_ && traders_.unconfirmed() == 0;
    };
    if (!universe.run(60'000, confirmed))
      problems_.push_back("not all was confirmed");
    universe.run(200); // what it still writes
    cluster_.disk(victim_).watch(nullptr);
    universe.run(200); // if it has just died
    if (!cluster_.up(0) || !cluster_.up(victim_))
      problems_.push_back("a node is down");
    else if (!cluster_.agree(30'000))
      problems_.push_back("the states differ");
    add(traders_.complaints());
    add(said_.contradictions());
    return problems_.empty();
  }
  const std::vector<std::string>& problems() const {
    return problems_;
  }
  bool ended() const {
    return deaths_ > 0;
  }
  const promises& said() const {
    return said_;
  }

private:
  using moment = storage::memory_disk::moment;

  void watch(std::uint64_t write) {
    write_ = 0;
    cluster_.disk(victim_).watch([this, write](moment m, storage::durability) {
      auto after = how_ == ending::done_untold || how_ == ending::done_and_again;
      if (write_ == write && (m == moment::after) == after)
        end();
      else if (m == moment::after)
        ++write_;
    });
  }

  void end() {
    auto& disk = cluster_.disk(victim_);
    ++deaths_;
    if (how_ == ending::disk_fails) {
      disk.watch(nullptr);
      disk.fail_after(0);
      // The node ends itself; what is left of it is cleared away with its disk's cache.
      cluster_.universe().after(50'000'000, [this] {
        if (cluster_.node(victim_).context->failed_child != "ledger")
          problems_.push_back("a node without a disk goes on");
        cluster_.crash(victim_);
        come_back();
      });
      return;
    }
    auto unsynced = disk.unsynced();
    cluster_.die(victim_, how_ == ending::lose_all ? 0
                          : how_ == ending::keep_some
                              ? cluster_.universe().random().below(unsynced + 1)
                              : unsynced);
    disk.watch(nullptr);
    come_back();
  }

  void come_back() {
    cluster_.universe().after(100'000'000, [this] {
      auto disk = storage::open_memory_store(cluster_.disk(victim_));
      for (auto& what : said_.forgotten(victim_, *disk))
        problems_.push_back("its disk lacks " + what);
      if (how_ == ending::done_and_again && deaths_ == 1)
        watch(cluster_.universe().random().below(6));
      start(victim_);
    });
  }

  void start(std::size_t i) {
    auto started = cluster_.start(i);
    if (!started) {
      problems_.push_back("does not start: " + to_string(started.error()));
      return;
    }
    for (auto& client : traders_.clients())
      client.connect(i);
  }

  void add(const std::vector<std::string>& all) {
    problems_.insert(problems_.end(), all.begin(), all.end());
  }

  cluster cluster_;
  crowd traders_;
  promises said_;
  std::size_t victim_;
  std::size_t submissions_;
  ending how_ = ending::lose_all;
  std::uint64_t write_ = 0;
  int deaths_ = 0;
  std::vector<std::string> problems_;
};

void die_everywhere(std::size_t victim, std::uint64_t seed) {
  run whole{seed, victim};
  auto writes = whole.count_writes();
  CAF_CHECK(whole.problems().empty());
  CAF_CHECK(whole.said().votes_of(victim) > 20);
  CAF_CHECK(victim == 0 || whole.said().led(victim));
  CAF_CHECK(writes > 30);
  std::size_t bad = 0;
  for (std::uint64_t write = 0; write < writes; ++write)
    for (auto how : endings) {
      run one{seed, victim};
      one.end_at(write, how);
      if (one.finish() && one.ended())
        continue;
      ++bad;
      CAF_ERROR("write " << write << ", ending " << static_cast<int>(how) << ": "
                         << (one.problems().empty() ? "it did not end" : one.problems().front()));
    }
  CAF_CHECK_EQUAL(bad, 0u);
  CAF_MESSAGE(writes << " writes, " << writes * endings.size() << " deaths");
}

} // namespace

CAF_TEST(a primary dies at every write) {
  die_everywhere(0, test_seed("primary's crash points"));
}

CAF_TEST(a backup that becomes the primary dies at every write) {
  die_everywhere(1, test_seed("backup's crash points"));
}
