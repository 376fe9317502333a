// The replicated state as pages under a Merkle tree. A page's bytes depend on the logical state
// alone, so that a restored replica has the same digest; only dirty pages are encoded and hashed
// again, so that a checkpoint costs what changed (docs/PROTOCOL, "Checkpoints and state").
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "messages/assert.hpp"
#include "messages/bytes.hpp"
#include "messages/crypto.hpp"
#include "messages/state_tree.hpp"
#include "messages/types.hpp"

namespace bourse::market {

using namespace messages;

enum class page_kind : std::uint8_t {
  ledger_totals = 1, ///< one page: supply by asset, fee totals, counters
  accounts = 2,      ///< balances and dead-man's switch of accounts, a few to a page
  clients = 3,       ///< streams and report numbers of clients, a few to a page
  orders = 4,        ///< open orders of one instrument, by ranges of order id
  bodies = 5,        ///< submissions that wait for their place in a block, by number
  fair_order = 6,    ///< heads of the replicas' chains, and stamps of what waits, by stream
};

/// Names a page. Ascending keys are the order of leaves.
struct page_key {
  page_kind kind = page_kind::ledger_totals;
  std::uint16_t instrument = 0; ///< 0 where it does not apply
  std::uint64_t index = 0;      ///< below 2^index_bits

  /// Orders have the greatest: they reach block 2^36, at a hundred a second in twenty years.
  static constexpr unsigned index_bits = 45;

  friend auto operator<=>(const page_key&, const page_key&) = default;

  bool packable() const {
    return static_cast<std::uint8_t>(kind) < 8 && index >> index_bits == 0;
  }
  /// kind (3 bits) | instrument (16 bits) | index (45 bits), for storage and the tree. A key that
  /// does not fit would be another page's.
  std::uint64_t packed() const {
    BOURSE_ASSERT(packable());
    return std::uint64_t{static_cast<std::uint8_t>(kind)} << 61
           | std::uint64_t{instrument} << index_bits | index;
  }
  static page_key unpack(std::uint64_t packed) {
    return {static_cast<page_kind>(packed >> 61),
            static_cast<std::uint16_t>(packed >> index_bits & 0xffff),
            packed & ((std::uint64_t{1} << index_bits) - 1)};
  }
};

/// The new bytes of a page; empty bytes: the page is gone.
struct page_update {
  page_key key;
  bytes content;
};

/// The Merkle tree over pages, see messages::state_tree.
class page_tree {
public:
  void apply(const std::vector<page_update>& updates) {
    for (const auto& u : updates)
      apply(u.key, u.content);
  }
  /// One page; empty content removes it.
  void apply(const page_key& key, byte_view content) {
    tree_.set(key.packed(), content);
  }
  digest root() {
    return tree_.root();
  }

private:
  state_tree tree_;
};

using messages::state_digest;

} // namespace bourse::market
