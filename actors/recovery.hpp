// What a node knows at its start: the state as of its own checkpoint, and what consensus had agreed
// or promised above it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "actors/payloads.hpp"
#include "config/genesis.hpp"
#include "consensus/replica_core.hpp"
#include "fairness/execution_order.hpp"
#include "market/clearing_house.hpp"
#include "market/matcher.hpp"
#include "market/pages.hpp"
#include "storage/records.hpp"

namespace bourse::actors {

struct recovered_node {
  market::clearing_house house;
  std::vector<market::matcher> books; ///< by instrument
  market::page_tree tree;
  std::optional<storage::stored_checkpoint> checkpoint;
  consensus::recovered_state consensus;
  fairness::execution_order order;
  /// What is in the store for blocks above the checkpoint: reports, a replica's ascending, bodies
  /// that have not executed, and what these blocks executed before.
  std::vector<report_ptr> reports;
  std::vector<submission_ptr> bodies;
  std::map<sequence_number, std::vector<submission_ptr>> executed_before;
  /// Why this replica does not take part yet, if so.
  std::optional<consensus::silence> silence;

  sequence_number executed() const {
    return consensus.executed;
  }
  block_time time() const {
    return checkpoint ? checkpoint->time : block_time{};
  }
};

/// Reads the store, which is bound to the cluster if it is empty. Errors: those of the store, and
/// corrupt if pages do not give the checkpoint's digest.
/// An empty store is given `mark`, not 0: then this replica is silent at first.
expected<recovered_node> recover(storage::store& store, const config::genesis& genesis,
                                 replica_id self, std::uint64_t mark);

} // namespace bourse::actors
