// What a ledger's log is to begin from, taken from its own checkpoint.
#pragma once

#include "messages/assert.hpp"
#include "storage/base.hpp"

namespace bourse::tests {

/// The own checkpoint, which must be stable.
inline storage::base_record own_base(const storage::reader& s) {
  auto own = storage::load_checkpoint(s);
  auto stable = storage::load_stable(s);
  BOURSE_ASSERT(own && *own && stable && *stable);
  return {**own, **stable};
}

/// The pages of the own checkpoint as those of a base there.
inline void append_own_pages(storage::write_batch& to, const storage::reader& from) {
  auto n = own_base(from).what.sequence;
  auto ok = storage::load_pages(
      from, [&](market::page_key key, messages::byte_view content) -> messages::expected<void> {
        storage::append_base_page(to, n, key, content);
        return {};
      });
  BOURSE_ASSERT(ok.has_value());
}

/// Gathers the own checkpoint's state as the base to come.
inline void write_next_base(storage::store& s) {
  storage::write_batch batch;
  append_own_pages(batch, s);
  append_next_base(batch, own_base(s));
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
}

/// Makes the base to come the base.
inline void prune(storage::store& s) {
  storage::write_batch batch;
  auto next = storage::load_next_base(s);
  BOURSE_ASSERT(next && *next && append_prune(batch, s, **next).has_value());
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
}

} // namespace bourse::tests
