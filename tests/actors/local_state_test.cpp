#define CAF_SUITE local_state
#include "tests/suite.hpp"

#include <algorithm>

#include "actors/local_state.hpp"
#include "market/pages.hpp"
#include "storage/base.hpp"
#include "storage/memory_store.hpp"

using namespace bourse;
using namespace bourse::actors;

namespace {

market::page_key page(std::uint64_t i) {
  return {market::page_kind::accounts, 0, i};
}

/// A database with three own pages as of block 100.
struct fixture {
  fixture() : store(storage::open_memory_store(disk)) {
    storage::write_batch batch;
    append(batch, storage::stored_checkpoint{sequence_number{100}, {}, {}, {}},
           {{page(1), "own 1"}, {page(2), "own 2"}, {page(3), "own 3"}});
    write(batch);
  }
  void stage(std::uint64_t of, std::uint64_t first, std::uint64_t count) {
    storage::write_batch batch;
    for (auto i = first; i < first + count; ++i)
      append_base_page(batch, sequence_number{of}, page(i), "of " + std::to_string(of));
    write(batch);
  }
  void write(const storage::write_batch& batch) {
    CAF_REQUIRE(store->write(batch, storage::durability::buffered).has_value());
  }
  local_state look(std::uint64_t target) {
    return {snapshot_ptr{store->snapshot()}, sequence_number{target}};
  }
  std::string content(const local_state& s, std::uint64_t i) {
    std::uint64_t from = 0;
    bool more = false;
    for (auto& p : s.slice({}, from, more, 1 << 20))
      if (p.key == page(i).packed())
        return p.content;
    return {};
  }

  storage::memory_disk disk;
  std::unique_ptr<storage::store> store;
};

} // namespace

CAF_TEST(pages of an older base do not hide the own ones) {
  fixture f;
  f.stage(50, 1, 2);  // the base
  f.stage(100, 1, 1); // one to come
  auto s = f.look(200);
  CAF_CHECK_EQUAL(f.content(s, 1), "own 1");
  CAF_CHECK_EQUAL(f.content(s, 2), "own 2");
  CAF_CHECK(s.take_tree().find({page(2).packed(), 8}) == leaf_digest(page(2).packed(), "own 2"));
  CAF_CHECK(s.needless().empty());
}

CAF_TEST(what was staged above the own state counts instead of it) {
  fixture f;
  f.stage(150, 2, 3);
  f.stage(200, 3, 1);
  auto s = f.look(200);
  CAF_CHECK_EQUAL(f.content(s, 1), "own 1");
  CAF_CHECK_EQUAL(f.content(s, 2), "of 150");
  CAF_CHECK_EQUAL(f.content(s, 3), ""); // it is where it belongs
  CAF_CHECK_EQUAL(f.content(s, 4), "of 150");
  CAF_CHECK(s.needless().empty());
}

CAF_TEST(of the states that were given up the fullest is kept) {
  fixture f;
  f.stage(50, 1, 40);
  f.stage(110, 1, 5);
  f.stage(120, 1, 9);
  f.stage(130, 20, 2);
  f.stage(140, 30, 9);
  f.stage(200, 40, 1);
  auto s = f.look(200);
  auto gone = s.needless();
  std::sort(gone.begin(), gone.end());
  std::vector<sequence_number> expected{sequence_number{110}, sequence_number{120},
                                        sequence_number{130}};
  CAF_CHECK(gone == expected);                 // of two of one size, the newer stays
  CAF_CHECK_EQUAL(f.content(s, 20), "of 130"); // it is looked at once more all the same
}
