// Hundreds of crashes at random points, of the machine or of the process alone. A model remembers
// the content after every write; what is found after a crash of the machine must be one of these
// states, and none before the last synced one; after one of the process, the last.
#define CAF_SUITE crash
#include "tests/suite.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "storage/store.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;

namespace {

using content = std::map<std::pair<family, bytes>, std::shared_ptr<const bytes>>;

class crash_run {
public:
  crash_run(test_disk& disk, std::uint64_t seed) : disk_(disk), random_(seed) {
    history_.emplace_back();
  }

  /// Opens, checks, writes a little and crashes. False if something was wrong.
  bool cycle() {
    auto s = disk_.open();
    if (!s) {
      problem_ = to_string(s.error());
      return false;
    }
    if (!check(**s))
      return false;
    for (auto writes = below(20); writes > 0; --writes)
      if (!write(**s))
        return false;
    killed_ = below(3) == 0;
    if (killed_)
      disk_.kill(std::move(*s));
    else
      disk_.crash(std::move(*s), [this](std::size_t unsynced) { return keep(unsynced); });
    return true;
  }

  const std::string& problem() const {
    return problem_;
  }

private:
  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : random_() % bound;
  }

  std::size_t keep(std::size_t unsynced) {
    switch (below(3)) {
      case 0:
        return 0;
      case 1:
        return unsynced;
      default:
        return below(unsynced + 1);
    }
  }

  bytes key() {
    return "key" + std::to_string(below(40));
  }

  std::shared_ptr<const bytes> value() {
    auto size = below(4) == 0 ? below(100'000) : below(200);
    auto out = std::make_shared<bytes>();
    out->reserve(size + 8);
    while (out->size() < size) {
      auto x = random_();
      out->append(reinterpret_cast<const char*>(&x), sizeof x);
    }
    return out;
  }

  bool write(store& s) {
    write_batch batch;
    auto next = history_.back();
    auto f = [this] {
      return static_cast<family>(below(family_count));
    };
    if (below(4) == 0) {
      auto where = f();
      auto from = key();
      auto to = key();
      batch.erase_range(where, from, to);
      std::erase_if(next, [&](auto& entry) {
        auto& [place, v] = entry;
        return place.first == where && from <= place.second && place.second < to;
      });
    }
    for (auto n = below(6); n > 0; --n) {
      auto where = f();
      auto k = key();
      if (below(5) == 0) {
        batch.erase(where, k);
        next.erase({where, k});
      } else {
        auto v = value();
        batch.put(where, k, *v);
        next[{where, k}] = v;
      }
    }
    auto synced = below(3) == 0;
    if (auto ok = s.write(batch, synced ? durability::synced : durability::buffered); !ok) {
      problem_ = to_string(ok.error());
      return false;
    }
    if (synced)
      history_.clear();
    history_.push_back(std::move(next));
    return true;
  }

  /// Finds the state that the store is in, newest first, and goes on from there.
  bool check(const store& s) {
    content found;
    for (std::size_t i = 0; i < family_count; ++i) {
      auto f = static_cast<family>(i);
      auto ok = s.scan(f, "", "", [&](byte_view k, byte_view v) {
        found[{f, bytes{k}}] = std::make_shared<bytes>(v);
        return true;
      });
      if (!ok) {
        problem_ = to_string(ok.error());
        return false;
      }
    }
    auto same = [&](const content& c) {
      return std::equal(c.begin(), c.end(), found.begin(), found.end(), [](auto& a, auto& b) {
        return a.first == b.first && *a.second == *b.second;
      });
    };
    if (killed_) {
      if (!same(history_.back()))
        problem_ = "something was lost though only the process was killed";
      return problem_.empty();
    }
    auto i = std::find_if(history_.rbegin(), history_.rend(), same);
    if (i == history_.rend()) {
      problem_ = "the content is none of the " + std::to_string(history_.size())
                 + " states that it may have";
      return false;
    }
    // It has survived a crash, so it is durable: the next one may not take it.
    auto survived = *i;
    history_.clear();
    history_.push_back(std::move(survived));
    return true;
  }

  test_disk& disk_;
  std::mt19937_64 random_;
  std::vector<content> history_;
  bool killed_ = false; ///< and not the machine
  std::string problem_;
};

void run(test_disk& disk, std::uint64_t seed, int cycles) {
  crash_run r{disk, seed};
  for (int i = 0; i < cycles; ++i)
    if (!r.cycle()) {
      CAF_ERROR(disk.name() << ", seed " << seed << ", cycle " << i << ": " << r.problem());
      return;
    }
  CAF_CHECK(r.problem().empty());
}

} // namespace

CAF_TEST(the memory store survives crashes with a prefix of its writes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    memory_test_disk disk;
    run(disk, seed, 100);
  }
}

CAF_TEST(the store on RocksDB survives crashes with a prefix of its writes) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    rocks_test_disk disk;
    run(disk, seed, 100);
  }
}
