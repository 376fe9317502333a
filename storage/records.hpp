// Keys and values of the ledger: how domain values become entries of the store, and back after a
// restart. layout.hpp has the table of keys and values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/effects.hpp"
#include "consensus/newcomer.hpp"
#include "consensus/replica_core.hpp"
#include "market/clearing_house.hpp"
#include "market/pages.hpp"
#include "storage/store.hpp"

namespace bourse::storage {

/// What the ledger writes for a block that was executed: its bodies, as one value.
struct block_bodies {
  sequence_number sequence;
  digest block;
  std::vector<submission_ptr> submissions; ///< executed, in this order
  /// Those that were eligible under the same numbers, and are void now: whoever puts the log in
  /// order again needs them too.
  std::vector<submission_ptr> voided;
};

/// A block's outcome as it is kept.
struct stored_results {
  market::block_result_ptr result;
  replica_signature by; ///< own signature, purpose::results
};

/// The own checkpoint: pages and the block they are true of, replaced as one batch.
struct stored_checkpoint {
  sequence_number sequence;
  digest chain;
  digest state;
  block_time time; ///< of the block
};

// -- writing: each appends to a batch ------------------------------------------------------------

void append(write_batch& to, const consensus::record& r);
/// In one batch with its results; and what was pending of it is erased there.
void append(write_batch& to, const block_bodies& b);
void append(write_batch& to, const stored_results& r);
/// A report of a replica's chain: what F needs to order a block, and peers may ask for. It stays
/// until a base covers it.
void append(write_batch& to, const verified_report& r);
/// A body that is stamped here, or that a vote rests on, and has not executed.
void append_pending(write_batch& to, const verified_submission& s);
/// It has executed, or another under its number. Not by ranges of numbers: RocksDB gathers those
/// before each read of the family, and there would be one for every submission.
void erase_pending(write_batch& to, const submission_header& about, const digest& body);
/// One page of the own state.
void append_page(write_batch& to, market::page_key key, byte_view content);
/// `dirty` updates the pages of the checkpoint before. To replace them all, erase the family in the
/// same batch.
void append(write_batch& to, const stored_checkpoint& c,
            const std::vector<market::page_update>& dirty);

// -- reading -------------------------------------------------------------------------------------

/// Binds an empty store to a cluster, or checks that a used one belongs to it and has this format.
/// Errors: wrong_cluster, unsupported_version, corrupt, io_failed.
/// A new store is made with `silence`, if there is any, in one write.
expected<void> open_for(store& s, const digest& cluster, replica_id self,
                        std::optional<consensus::silence> silence = std::nullopt);

/// Why this replica does not take part yet; nothing: it does.
expected<std::optional<consensus::silence>> load_silence(const reader& s);
void append(write_batch& to, const consensus::silence& s);
void erase_silence(write_batch& to);

/// All that consensus needs to go on. `executed` and `chain` are those of the own checkpoint.
expected<consensus::recovered_state> load_consensus(const reader& s, const digest& cluster);
expected<std::optional<stored_checkpoint>> load_checkpoint(const reader& s);
/// The newest stable checkpoint with its proof.
expected<std::optional<stable_checkpoint>> load_stable(const reader& s);
/// Proofs that a primary signed two proposals for one slot. Never deleted.
expected<std::vector<equivocation>> load_evidence(const reader& s);
/// Every state page, ascending.
expected<void> load_pages(const reader& s,
                          const std::function<expected<void>(market::page_key, byte_view)>& visit);
/// Nothing: there is no such page.
expected<std::optional<bytes>> load_page(const reader& s, market::page_key key);

/// From `from` on, until told to stop.
expected<void>
load_pages_from(const reader& s, market::page_key from,
                const std::function<expected<bool>(market::page_key, byte_view)>& visit);

expected<std::optional<committed_block>> load_block(const reader& s, sequence_number n);
/// At most `count` and about `max_bytes` from `from` on, without gaps.
expected<std::vector<committed_block>> load_blocks(const reader& s, sequence_number from,
                                                   std::size_t count, std::size_t max_bytes);
/// Bodies that a block executed, in order, as they were signed. Errors: not_found.
expected<std::vector<signed_submission>> load_bodies(const reader& s, sequence_number n,
                                                     const digest& block);
/// Those that it made void. Errors: not_found.
expected<std::vector<signed_submission>> load_voided(const reader& s, sequence_number n,
                                                     const digest& block);
/// Those of `wanted` that block `n` or one behind it executed or made void, for what a block asks
/// for may execute later. Ends after a few megabytes; adds to `read` how many bytes were gone
/// through.
expected<std::vector<signed_submission>> load_bodies(const reader& s, sequence_number n,
                                                     const std::vector<digest>& wanted,
                                                     std::size_t& read);
/// Nothing: it is not here.
expected<std::optional<signed_report>> load_report(const reader& s, const chain_head& name);
/// Every report from this replica's and index on, ascending by replica, index and digest, until
/// told to stop.
expected<void>
load_reports(const reader& s, replica_id from, report_index first,
             const std::function<expected<bool>(const chain_head&, signed_report)>& visit);
/// Every body that is pending, ascending by stream and number.
expected<void> load_pending(
    const reader& s,
    const std::function<expected<void>(const submission_header&, signed_submission)>& visit);
/// Highest committed block; if there is none, the base, or 0.
expected<sequence_number> last_committed(const reader& s);

/// A client's reports of one block, as `results` carries them to the client.
struct stored_reports {
  results_statement what;
  replica_signature by;
  client_reports reports;
};
/// From the block that holds report `from` on, at most `count` blocks; none if it is yet to come.
expected<std::vector<stored_reports>> load_reports(const reader& s, client_id client,
                                                   report_number from, std::size_t count);
/// The proof of one report. Errors: not_found, and as everywhere corrupt and io_failed.
expected<receipt_share> load_receipt(const reader& s, client_id client, report_number number);
/// Those of blocks up to `last`, newest first. Looks back over a few megabytes of settlements at
/// most, so there may be fewer than `count` although older ones exist.
expected<std::vector<trade>> load_trades(const reader& s, instrument_id instrument,
                                         sequence_number last, std::size_t count);
/// When a block was executed, as the market sees it. Errors: not_found if it was not here.
expected<block_time> load_block_time(const reader& s, sequence_number n);
/// Errors: not_found if the block was not executed here.
expected<std::vector<settlement>> load_settlements(const reader& s, sequence_number n);

} // namespace bourse::storage
