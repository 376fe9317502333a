// What the actors' messages carry. Shared and const wherever there are several readers: one block's
// data is made once; no hop, copy or encoding is per order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "consensus/effects.hpp"
#include "consensus/newcomer.hpp"
#include "consensus/replica_core.hpp"
#include "consensus/view_manager.hpp"
#include "fairness/full_block.hpp"
#include "market/clearing_house.hpp"
#include "market/work.hpp"
#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/request.hpp"
#include "storage/records.hpp"

namespace bourse::actors {

using namespace messages;

/// One decrypted frame: messages behind [length][channel]; every receiver takes those of its
/// channel.
using frame_ptr = shared_bytes;

/// A connection of one client. Ids are never reused within a process.
struct session_id {
  std::uint64_t value = 0;
  friend auto operator<=>(session_id, session_id) = default;
};

/// Submissions that a client sent in one frame, for the mempool.
struct admission {
  session_id session;
  client_id client;
  std::vector<signed_submission> submissions; ///< the mempool moves them out
  frame_ptr frame; ///< that they came in: the link counts it as unread until the mempool is done
};
using admission_ptr = std::shared_ptr<admission>;

/// A verifier's share of admissions, and its findings in the same order.
struct verification {
  struct item {
    session_id session; ///< 0: from a peer, in answer to a fetch
    replica_id peer;    ///< then who sent it
    submission_header header;
    messages::digest digest;  ///< hash(source.body)
    signed_submission source; ///< moved into `verified` if that is made
    submission_ptr verified;  ///< null if refused
    error why{errc::malformed, {}};
    std::size_t bytes = 0; ///< of the body, also when it has moved out
  };
  std::vector<item> items;
  std::size_t verifier = 0; ///< who has it, for the mempool
};
using verification_ptr = std::shared_ptr<verification>;

/// Submissions of one session that were not admitted.
struct refusals {
  session_id session;
  std::vector<refused> items;
};
using refusals_ptr = std::shared_ptr<const refusals>;

using fairness::full_block;
using fairness::full_block_ptr;
using submissions_ptr = std::shared_ptr<const std::vector<submission_ptr>>;
using digests_ptr = std::shared_ptr<const std::vector<digest>>;

/// What fair order wants written: reports of all replicas, bodies that wait for execution, and a
/// report of this replica's own, which the sequencer is told of once it is synced.
struct order_parts {
  std::vector<report_ptr> reports;
  std::vector<submission_ptr> bodies;
  report_ptr own; ///< may be null
};
using order_parts_ptr = std::shared_ptr<const order_parts>;

/// What the replica wants durable before it goes on.
struct persist_request {
  std::uint64_t ticket = 0; ///< 0: nobody wants to know
  bool urgent = false;      ///< something waits: sync at once instead of with the next group
  std::vector<consensus::record> records;
};
using persist_ptr = std::shared_ptr<const persist_request>;

/// A final block to execute, with what it executes in the order of F.
struct execution_request {
  full_block_ptr block;
  block_time time; ///< 0 for a null block
  std::vector<submission_ptr> executes;
  std::vector<submission_ptr> voided; ///< rivals of these, which whoever runs the log again needs
  std::vector<submission_ptr> gone;   ///< pending no more
  messages::digest chain;
  bool checkpoint = false;
  /// Of fair order, that changed since the last checkpoint; only if this is one.
  std::vector<market::page_update> pages;
};
using execution_ptr = std::shared_ptr<const execution_request>;

using work_ptr = std::shared_ptr<const market::work>;
/// A matcher's answer; `pages` are its dirty ones if they were asked for.
struct match_result {
  market::outcome outcome;
  std::vector<market::page_update> pages;
};
using match_result_ptr = std::shared_ptr<match_result>;

using departure_ptr = std::shared_ptr<const view_change_content>;
using installation_ptr = std::shared_ptr<const consensus::installation>;

/// A block's results with this replica's signature.
struct executed_block {
  execution_ptr what;
  market::block_result_ptr result;
  replica_signature by;
};
using executed_ptr = std::shared_ptr<const executed_block>;

struct checkpoint_pages {
  storage::stored_checkpoint checkpoint;
  std::vector<market::page_update> dirty;
};
using checkpoint_pages_ptr = std::shared_ptr<const checkpoint_pages>;

/// Where this replica stands, for those who fetch or hand out states.
struct position {
  sequence_number executed;
  stable_checkpoint stable;
};
using position_ptr = std::shared_ptr<const position>;
/// The database as it was at some moment. It keeps the database open.
using snapshot_ptr = std::shared_ptr<const storage::reader>;
/// Proved pages of a state that is being fetched.
struct staged_pages {
  sequence_number of;
  std::vector<state_page> pages;
  bool discard = false; ///< forget what was staged for it
};
using staged_pages_ptr = std::shared_ptr<const staged_pages>;
using state_offer_ptr = std::shared_ptr<const state_offer>;

using open_orders_ptr = std::shared_ptr<const std::vector<open_order>>;
/// Of one client, by block.
struct past_reports {
  report_number first; ///< that is still kept
  std::vector<storage::stored_reports> blocks;
};
using stored_reports_ptr = std::shared_ptr<const past_reports>;

} // namespace bourse::actors
