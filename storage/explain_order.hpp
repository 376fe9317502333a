// What fixed an order's place, with the proofs of it: all that an audit has found on its way to the
// block that executes it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/explanation.hpp"
#include "storage/audit.hpp"
#include "storage/find_order.hpp"

namespace bourse::storage {

/// The report that carries a stamp, and the block that committed it.
struct stamp_source {
  chain_head report;
  stamp_time boundary;
  sequence_number committed;
};

struct explained_head {
  fairness::chain_position position;
  bool named = false;   ///< by this block; else by one before it
  bool reaches = false; ///< the block's time
};

struct explained_order {
  commit_certificate certificate;
  fairness::block_explanation block;
  std::size_t place = 0;             ///< of the order, in `block.executed`
  std::vector<explained_head> heads; ///< by replica, after the block
  /// Blocks before it, of those that were executed again, in which it was ready and left over.
  std::vector<sequence_number> left_over_by;
  /// Of the stamps of all that the block executes, but for those in the state that the log begins
  /// with.
  std::map<std::tuple<digest, replica_id, stamp_time>, stamp_source> sources;

  const fairness::explained_entry& order() const {
    return block.executed[place];
  }
  /// Nothing: the stamp is in the state that the log begins with.
  std::optional<stamp_source> source(const fairness::explained_entry& of,
                                     const fairness::held_stamp& stamp) const;
};

struct order_audit_report {
  /// Of the blocks up to that of the order. If it has a problem the place is not proved.
  audit_report audit;
  std::optional<explained_order> order; ///< if it is proved
};

/// Executes the log again up to the block that executes the order. Errors: those of verify_ledger.
expected<order_audit_report>
explain_order(const reader& s, const audit_genesis& g, const found_order& order,
              const std::function<void(const audit_progress&)>& progress = {});

} // namespace bourse::storage
