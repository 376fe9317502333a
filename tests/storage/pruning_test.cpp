// Moving the base up as the log grows, through restarts and crashes at any write.
#define CAF_SUITE pruning
#include "tests/suite.hpp"

#include <random>

#include "storage/audit.hpp"
#include "storage/pruning.hpp"
#include "tests/storage/fake_ledger.hpp"
#include "tests/storage/test_disk.hpp"

using namespace bourse::storage;
using namespace bourse::tests;
namespace consensus = bourse::consensus;

namespace {

constexpr std::uint64_t retained = 12; // three checkpoints
constexpr pruner::limits small{retained, 100};

template <class T>
T good(expected<T> x) {
  if (!x)
    CAF_FAIL(to_string(x.error()));
  return std::move(*x);
}

/// A ledger and its pruner, fed as the ledger actor does it.
struct node {
  explicit node(std::uint64_t seed) : s(open_memory_store(disk)), ledger(seed) {
    CAF_REQUIRE(open_for(*s, ledger.cluster(), ledger.self).has_value());
    begin();
  }

  void begin() {
    p = good(pruner::begin(*s, limits));
  }
  void restart() {
    p = pruner{};
    s = open_memory_store(disk);
    begin();
  }

  /// One block; what the checkpoint gives rise to is told in the given order.
  void block(bool stable_first = false) {
    ledger.write_blocks(*s, 1);
    auto own = good(load_checkpoint(*s));
    if (!own || own->sequence != ledger.last())
      return;
    auto stable = good(load_stable(*s));
    if (stable_first)
      p.on_stable(*stable);
    CAF_REQUIRE(p.on_checkpoint(*s, *own).has_value());
    if (!stable_first)
      p.on_stable(*stable);
  }

  /// False if the disk refused the write.
  bool step() {
    write_batch batch;
    auto ok = p.step(batch, *s);
    if (!ok)
      CAF_FAIL(to_string(ok.error()));
    ++steps;
    return s->write(batch, durability::buffered).has_value();
  }
  void finish() {
    while (p.busy())
      CAF_REQUIRE(step());
  }

  /// Where the log begins, checked against what is there.
  std::uint64_t base() {
    auto first = good(first_kept(*s)).value();
    CAF_CHECK_EQUAL(p.base().value() + 1, first);
    auto blocks = good(load_blocks(*s, sequence_number{1}, 1000, 1 << 30));
    CAF_CHECK_EQUAL(blocks.empty(), first != 1);
    blocks = good(load_blocks(*s, sequence_number{first}, 1000, 1 << 30));
    CAF_CHECK_EQUAL(first - 1 + blocks.size(), ledger.last().value());
    return first - 1;
  }

  void check_sound() {
    auto r = verify_ledger(*s, ledger.genesis());
    CAF_REQUIRE(r.has_value());
    if (r->problem)
      CAF_FAIL("block " << r->problem->block.value() << ": " << r->problem->what);
    CAF_CHECK(r->executed == ledger.last());
    CAF_CHECK(r->chain == ledger.blocks().back().chain);
  }

  memory_disk disk;
  std::unique_ptr<store> s;
  pruner::limits limits = small;
  fake_ledger ledger;
  pruner p;
  int steps = 0;
};

} // namespace

CAF_TEST(a log holds between one and two runs of blocks) {
  for (bool stable_first : {false, true}) {
    node n{3};
    for (std::uint64_t b = 1; b <= 100; ++b) {
      n.block(stable_first);
      n.finish();
      // A run that has ended at a checkpoint, and is followed by another, is gone.
      auto checkpoint = b / fake_ledger::checkpoint_interval * fake_ledger::checkpoint_interval;
      auto runs = checkpoint / retained;
      CAF_CHECK_EQUAL(n.base(), runs < 2 ? 0 : (runs - 1) * retained);
    }
    CAF_CHECK(n.steps > 30); // slices are small
    n.check_sound();
  }
}

CAF_TEST(blocks go on while a copy is under way) {
  node n{4};
  std::uint64_t most = 0;
  for (std::uint64_t b = 1; b <= 150; ++b) {
    n.block();
    if (n.p.busy())
      n.step();
    most = std::max(most, b - n.base());
    if (b % 10 == 0)
      n.check_sound();
  }
  CAF_CHECK(n.base() >= 150 - 4 * retained);
  CAF_CHECK(most > 2 * retained); // since copies took their time
  CAF_CHECK(most <= 4 * retained);
}

CAF_TEST(one that lags behind the proofs prunes too) {
  node others{14};
  node n{14};
  std::uint64_t most = 0;
  for (std::uint64_t b = 1; b <= 150; ++b) {
    // By its own checkpoint the others have proved two later ones, in any case.
    while (others.ledger.last().value() < b + 2 * fake_ledger::checkpoint_interval) {
      others.ledger.write_blocks(*others.s, 1);
      if (auto stable = good(load_stable(*others.s)))
        n.p.on_stable(*stable);
    }
    n.ledger.write_blocks(*n.s, 1);
    auto own = good(load_checkpoint(*n.s));
    if (own && own->sequence == n.ledger.last())
      CAF_REQUIRE(n.p.on_checkpoint(*n.s, *own).has_value());
    n.finish();
    most = std::max(most, b - n.base());
  }
  CAF_CHECK(n.base() >= 150 - 3 * retained);
  CAF_CHECK(most <= 3 * retained);
  n.check_sound();
}

CAF_TEST(nothing is pruned unless it is wanted) {
  node n{5};
  n.p = good(pruner::begin(*n.s, {}));
  for (int b = 0; b < 60; ++b) {
    n.block();
    CAF_CHECK(!n.p.busy());
  }
  CAF_CHECK_EQUAL(n.base(), 0u);
}

CAF_TEST(a state that no quorum signed is not copied) {
  node n{6};
  auto stable_of = [&](std::uint64_t at, digest state) {
    return stable_checkpoint{{sequence_number{at}, state}, {}};
  };
  n.ledger.write_blocks(*n.s, 12);
  auto own = *good(load_checkpoint(*n.s));
  CAF_REQUIRE(n.p.on_checkpoint(*n.s, own).has_value());
  CAF_CHECK(!n.p.busy()); // its proof may come yet
  n.p.on_stable(stable_of(8, hash("x")));
  CAF_CHECK(!n.p.busy());
  n.p.on_stable(stable_of(12, hash("another state")));
  CAF_CHECK(!n.p.busy());
  n.p.on_stable(stable_of(12, own.state));
  CAF_CHECK(!n.p.busy()); // it was given up
  n.ledger.write_blocks(*n.s, 4);
  own = *good(load_checkpoint(*n.s));
  CAF_REQUIRE(n.p.on_checkpoint(*n.s, own).has_value());
  n.p.on_stable(stable_of(18, hash("y"))); // and its own was missed
  CAF_CHECK(!n.p.busy());
  n.ledger.write_blocks(*n.s, 4);
  own = *good(load_checkpoint(*n.s));
  CAF_REQUIRE(n.p.on_checkpoint(*n.s, own).has_value());
  CAF_CHECK(!n.p.busy());
  n.p.on_stable(stable_of(20, own.state));
  CAF_CHECK(n.p.busy());
}

CAF_TEST(a copy that a restart cut short begins anew and a complete one stays) {
  node n{7};
  for (int b = 0; b < 12; ++b)
    n.block();
  CAF_REQUIRE(n.p.busy());
  n.step();
  CAF_CHECK_EQUAL(good(list_base_pages(*n.s)).size(), 1u);
  n.block();
  n.restart(); // the own checkpoint is still at 12
  n.finish();
  CAF_CHECK(good(load_next_base(*n.s))->what.sequence == sequence_number{12});
  for (int b = 0; b < 5; ++b)
    n.block();
  n.restart();
  CAF_CHECK(!n.p.busy());
  CAF_CHECK(good(load_next_base(*n.s))->what.sequence == sequence_number{12});
  for (int b = 0; b < 6; ++b)
    n.block();
  CAF_REQUIRE(n.p.busy());
  n.step(); // 12 becomes the base
  n.step(); // a slice of 24
  CAF_CHECK_EQUAL(n.base(), 12u);
  for (int b = 0; b < 4; ++b)
    n.block();
  n.restart(); // 24 cannot be copied any more
  n.finish();
  CAF_CHECK(good(load_next_base(*n.s))->what.sequence == sequence_number{28});
  CAF_CHECK(good(list_base_pages(*n.s)) == (std::vector{sequence_number{12}, sequence_number{28}}));
  n.check_sound();
}

CAF_TEST(pages that come from others are left alone) {
  node n{8};
  for (int b = 0; b < 9; ++b)
    n.block();
  write_batch batch;
  append_base_page(batch, sequence_number{4}, {}, "old");
  append_base_page(batch, sequence_number{40}, {}, "ahead");
  CAF_REQUIRE(n.s->write(batch, durability::synced).has_value());
  n.restart();
  n.finish();
  CAF_CHECK(good(list_base_pages(*n.s)) == std::vector{sequence_number{40}});
}

CAF_TEST(a base moves up through crashes at any write) {
  std::mt19937_64 random{9};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    node n{seed};
    int crashes = 0;
    for (int b = 0; b < 120; ++b) {
      n.block(random() % 2 == 0);
      for (auto steps = random() % 4; steps > 0 && n.p.busy(); --steps)
        n.step();
      if (random() % 7 != 0)
        continue;
      // The power goes: of what was not synced a part survives.
      ++crashes;
      auto unsynced = n.disk.unsynced();
      n.disk.crash_keeping(unsynced == 0 ? 0 : random() % (unsynced + 1));
      n.restart();
      n.check_sound();
    }
    n.finish();
    CAF_CHECK(crashes > 5);
    CAF_CHECK(n.base() > 0);
    n.check_sound();
  }
}

CAF_TEST(what was staged for a state goes once the log has overtaken it) {
  for (auto retain : {std::uint64_t{0}, retained}) {
    node n{9};
    n.limits.retain_blocks = retain;
    n.restart();
    for (std::uint64_t b = 1; b <= 60; ++b) {
      if (b % 10 == 5) { // of states two and thirty blocks ahead
        write_batch batch;
        for (auto ahead : {2, 30})
          append_base_page(batch, sequence_number{b + ahead},
                           {bourse::market::page_kind::accounts, 0, 1}, "somebody's");
        CAF_REQUIRE(n.s->write(batch, durability::buffered).has_value());
      }
      n.block();
      n.finish();
      auto own = good(load_checkpoint(*n.s));
      std::size_t below = 0;
      for (auto of : good(list_base_pages(*n.s)))
        below += own && of <= own->sequence ? 1 : 0;
      // The base, and the one to come.
      CAF_CHECK(below <= (retain > 0 ? 2 : 0));
    }
  }
}
