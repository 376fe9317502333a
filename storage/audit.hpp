// Checking a whole ledger without trusting the node that wrote it: every signature, every block's
// place, order and bodies, and every result by executing the log again, from the genesis or from
// the base, which a quorum must have signed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/explanation.hpp"
#include "market/rules.hpp"
#include "messages/consensus.hpp"
#include "messages/crypto.hpp"
#include "storage/store.hpp"

namespace bourse::storage {

/// What the auditor believes: the genesis file.
struct audit_genesis {
  cluster_size size;
  std::vector<public_key> replicas; ///< by replica id
  market::rules rules;              ///< with the cluster id and the clients' keys
  std::uint64_t checkpoint_interval = 1;
};

struct audit_problem {
  sequence_number block; ///< the first at which a problem shows
  std::string what;
};

struct audit_report {
  replica_id replica;    ///< whose ledger it is
  sequence_number first; ///< block of the log
  /// Execution was checked from here on: 0 if from the genesis, else from the proved state that the
  /// log begins with.
  sequence_number base;
  sequence_number executed; ///< last block executed again
  std::uint64_t blocks = 0;
  std::uint64_t submissions = 0;
  std::uint64_t requests = 0;
  std::uint64_t reports = 0;
  std::uint64_t trades = 0;
  std::uint64_t signatures = 0; ///< verified
  /// Blocks at the end whose results the node had not written when it stopped.
  std::uint64_t without_results = 0;
  /// Committed blocks at the end that wait for one before them, or for bodies.
  std::uint64_t not_executable = 0;
  std::optional<sequence_number> checkpoint; ///< own
  sequence_number stable;
  digest chain;
  digest state; ///< after `executed`
  block_time time;
  std::vector<amount> supply; ///< by asset
  std::optional<audit_problem> problem;
};

struct audit_progress {
  sequence_number checked;
  sequence_number last;
};

/// A block that was put in order and executed again, and is good. What it refers to lives as long
/// as the visit.
struct audited_order {
  const commit_certificate& certificate;
  const std::vector<chain_head>& named;   ///< by the block
  const fairness::chain_heads& heads;     ///< of all replicas, as they are from this block on
  const std::vector<report_ptr>& reports; ///< that it committed, each chain's from the oldest on
  const fairness::block_explanation& order;
};

struct audit_options {
  std::function<void(const audit_progress&)> progress;
  /// Told of each block that names heads, in sequence.
  std::function<void(const audited_order&)> visit;
  /// Ends with this block: neither what is behind it nor what belongs to no block is checked.
  std::optional<sequence_number> last;
};

/// Reads the store, which nobody writes meanwhile, and uses all processors. A problem in what
/// belongs to a block is in the report. Errors: wrong_cluster, unsupported_version, not_found if
/// the store holds no ledger, corrupt if what belongs to no block is damaged, io_failed.
expected<audit_report> verify_ledger(const reader& s, const audit_genesis& g,
                                     const audit_options& options = {});

} // namespace bourse::storage
