// Accounts, holds, client windows and settlement: everything of the market but the books.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "market/pages.hpp"
#include "market/rules.hpp"
#include "market/work.hpp"
#include "messages/client.hpp"
#include "messages/report.hpp"

namespace bourse::market {

/// A committed block as execution takes it: bodies in block order, all present.
struct block_input {
  sequence_number sequence;
  digest block_digest;
  block_time time; ///< as it stands in the block: 0 in a null block
  std::vector<submission_ptr> submissions;
};

/// How a submission fared at execution (docs/PROTOCOL, "Submissions", exactly once).
enum class submission_fate : std::uint8_t {
  executed = 1,
  duplicate = 2, ///< its number was executed before: no effect, no report
  gap = 3,       ///< a lower number of its stream is missing: no effect, may come again
};

/// Everything that executing one block gave. Shared by ledger, replica, mempool and gateway.
struct block_result {
  sequence_number sequence;
  digest block_digest;
  block_time time; ///< of the execution: the block's, but never before its predecessor's
  std::vector<submission_fate> fates;  ///< by submission of the block
  std::uint32_t requests = 0;          ///< executed ones
  std::vector<client_reports> reports; ///< ascending by client
  std::vector<digest> leaves; ///< of the results tree: by report, in the order of `reports`
  digest results_root;
  std::vector<settlement> settlements; ///< trades, deposits and withdrawals, in order
  /// Streams that moved: the next number to execute.
  struct stream_position {
    client_id client;
    stream_id stream;
    submission_number next;
  };
  std::vector<stream_position> positions;
  /// When the next dead-man's switch is due: a block is owed from then on. 0: none armed.
  block_time next_due;
};
using block_result_ptr = std::shared_ptr<const block_result>;

/// Pure and deterministic. A block is `begin`, then every matcher's `run` (in any order or in
/// parallel), then `finish`. What is read in between is neither of the block before nor of this.
class clearing_house {
public:
  explicit clearing_house(const rules& r);
  ~clearing_house();
  clearing_house(clearing_house&&) noexcept;

  /// Checks exactly-once, rights and funds of each request in block order; reserves from what was
  /// free at the block's start. Returns work by instrument (every instrument has an entry).
  std::vector<work> begin(const block_input& block);

  /// Settles. `outcomes` by instrument. Asserts that the supply of every asset is conserved.
  block_result finish(std::vector<outcome> outcomes);

  /// Balances of all assets; its orders are the matchers' to add. Empty for an unknown account.
  account_view view(account_id account) const;
  submission_number next_submission(client_id client, stream_id stream) const;
  report_number next_report(client_id client) const;
  /// The last executed block, which restored state knows as well.
  sequence_number executed() const;
  block_time next_due() const;
  /// By asset: what all accounts together own, held or free.
  std::vector<amount> supply() const;

  /// Pages that changed since the last call (at first: all), in ascending key order.
  std::vector<page_update> take_dirty_pages();
  /// Adds back a page. Errors: corrupt, and then nothing of this instance may be used.
  expected<void> restore(const page_key& key, byte_view content);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::market
