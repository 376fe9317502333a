// The base: the state from which a ledger's log begins once what lies below is gone, because it was
// pruned or because the node took the state from others. It is proved by 2f+1 signatures, and its
// pages by its digest. Without one the log begins with the genesis.
//
// The states that a node may have pages of, by block:
//
//   genesis       base         next base      own checkpoint      executed        target
//   --- 0 ----------+--------------+----------------+-----------------+--------------+-------->
//                   |<-- blocks, bodies, stamps, results, reports --->|
//
//                    pages in  record in `meta`   what it is
//   own checkpoint   pages     "checkpoint"       the newest state that was saved here
//   base             base      "base"             where the log begins
//   next base        base      "next base", once  a copy of an own checkpoint: the base as soon as
//                              it is whole        the log above is long enough (pruning.hpp)
//   target           base      none               a state of others that is being fetched, since
//                                                 this node is far behind (actors/state_transfer)
//
// The stable checkpoint is none of these, but the newest statement of 2f+1 about a state, of which
// nothing need be here: from the base on it may lie anywhere, above the own checkpoint if this node
// is behind. The family `base` tells its states apart by their block alone, and which is which the
// records say, so nothing counts before all of it is there. Once the target is whole it becomes the
// base, above the own checkpoint until restore_base has moved that up as well.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "messages/consensus.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

struct base_record {
  stored_checkpoint what;
  stable_checkpoint proof; ///< of `what`
};

/// Nothing: the log begins with the genesis. Errors: corrupt.
expected<std::optional<base_record>> load_base(const reader& s);
/// The first block that the log may hold.
expected<sequence_number> first_kept(const reader& s);

// -- pages ---------------------------------------------------------------------------------------

/// Adds a page to the base at `of`, or replaces it.
void append_base_page(write_batch& to, sequence_number of, market::page_key key, byte_view content);
/// All of them.
void erase_base_pages(write_batch& to, sequence_number of);
/// Visits them in ascending order from `from` on, until told to stop.
expected<void>
load_base_pages(const reader& s, sequence_number of,
                const std::function<expected<bool>(market::page_key, byte_view)>& visit,
                market::page_key from = {market::page_kind{}, 0, 0});
/// Nothing: it is not there.
expected<std::optional<bytes>> load_base_page(const reader& s, sequence_number of,
                                              market::page_key key);
/// The blocks of which there are pages, ascending: the base, and what is being gathered.
expected<std::vector<sequence_number>> list_base_pages(const reader& s);
/// The time of the block that gathered pages are true of; their digest proves it as well. Errors:
/// not_found if the page of totals is missing, corrupt.
expected<block_time> load_base_time(const reader& s, sequence_number of);
/// The number of a client's first report above the base at `of`.
expected<report_number> load_base_reports(const reader& s, sequence_number of, client_id client);

// -- becoming the base ---------------------------------------------------------------------------

/// The pages at `b` are complete, and wait to become the base when the log is long enough.
void append_next_base(write_batch& to, const base_record& b);
expected<std::optional<base_record>> load_next_base(const reader& s);

/// The state comes from others and lies above the own checkpoint. Whatever is at or below it goes,
/// and all results, which are computed again; what consensus and this replica's chain promised
/// above it stays. Write it by itself and synced, and let the node begin anew: restore_base then
/// takes the pages over. The pages must be complete and proved. False, and nothing is added, if the
/// own checkpoint is not below it.
expected<bool> append_install(write_batch& to, const reader& s, const base_record& b);

/// The base is moved up to an own checkpoint, and what lies at or below it goes. Write it by
/// itself.
expected<void> append_prune(write_batch& to, const reader& s, const base_record& b);

/// Makes the base's pages the state if the own checkpoint lies below, which is so after a transfer.
/// Cut short at any point, it can be repeated. True if it did. Writes about `slice_bytes` at once.
expected<bool> restore_base(store& s, std::size_t slice_bytes = std::size_t{4} << 20);

} // namespace bourse::storage
