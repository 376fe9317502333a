// A store in memory with a ledger of some blocks, and a way to put anything into it.
#pragma once

#include <memory>

#include "messages/assert.hpp"
#include "storage/layout.hpp"
#include "storage/memory_store.hpp"
#include "tests/storage/fake_ledger.hpp"

namespace bourse::tests {

struct ledger_store {
  static constexpr std::size_t block_count = 18;

  /// The last stable checkpoint is two blocks below the last, and one slot is open. Or, with
  /// `blocks` false, nothing is written yet.
  explicit ledger_store(std::uint64_t seed, bool blocks = true)
      : s(storage::open_memory_store(disk)), ledger(seed) {
    auto opened = storage::open_for(*s, ledger.cluster(), ledger.self);
    BOURSE_ASSERT(opened.has_value());
    if (!blocks)
      return;
    ledger.write_blocks(*s, block_count);
    ledger.write_open_slot(*s);
  }

  const fake_ledger::written_block& block(std::uint64_t n) const {
    return ledger.blocks().at(n - 1);
  }

  /// With a seal that fits.
  void put(storage::family f, const bytes& key, bytes payload) {
    storage::write_batch batch;
    batch.put(f, key, storage::layout::seal(f, key, std::move(payload)));
    auto written = s->write(batch, storage::durability::synced);
    BOURSE_ASSERT(written.has_value());
  }

  storage::memory_disk disk;
  std::unique_ptr<storage::store> s;
  fake_ledger ledger;
};

} // namespace bourse::tests
