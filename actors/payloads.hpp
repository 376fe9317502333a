// What the actors' messages carry. Everything is shared and const: one block's data is made once and
// read by many; no hop, copy or encoding is per order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "consensus/effects.hpp"
#include "consensus/replica_core.hpp"
#include "market/clearing_house.hpp"
#include "market/work.hpp"
#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/request.hpp"
#include "storage/records.hpp"

namespace bourse::actors {

using namespace messages;

/// One decrypted frame: messages behind [length][channel]; every receiver takes those of its channel.
using frame_ptr = shared_bytes;

/// A connection of one client. Ids are never reused within a process.
struct session_id {
  std::uint64_t value = 0;
  friend auto operator<=>(session_id, session_id) = default;
};

/// Submissions that a client sent in one frame, for the mempool.
struct admission {
  session_id session; ///< 0: from a peer, in answer to a fetch
  client_id client;
  std::vector<signed_submission> submissions;
};
using admission_ptr = std::shared_ptr<const admission>;

/// A verifier's share of admissions, and its findings in the same order.
struct verification {
  struct item {
    session_id session;
    submission_header header;
    signed_submission source;
    submission_ptr verified; ///< null if refused
    error why{errc::malformed, {}};
  };
  std::vector<item> items;
};
using verification_ptr = std::shared_ptr<verification>;

/// Submissions of one session that were not admitted.
struct refusals {
  session_id session;
  std::vector<refused> items;
};
using refusals_ptr = std::shared_ptr<const refusals>;

/// A proposal or final block with everything that it names.
struct full_block {
  sequence_number sequence;
  messages::digest digest;
  shared_bytes encoded;
  block content;
  std::vector<submission_ptr> submissions; ///< in block order
};
using full_block_ptr = std::shared_ptr<const full_block>;

/// What the replica wants durable before it goes on.
struct persist_request {
  std::uint64_t ticket = 0;
  std::vector<consensus::record> records;
  std::vector<full_block_ptr> bodies; ///< of the proposals among the records
};
using persist_ptr = std::shared_ptr<const persist_request>;

/// A final block to execute.
struct execution_request {
  full_block_ptr block;
  messages::digest chain;
  bool checkpoint = false;
};
using execution_ptr = std::shared_ptr<const execution_request>;

using work_ptr = std::shared_ptr<const market::work>;
/// A matcher's answer; `pages` are its dirty ones if they were asked for.
struct match_result {
  market::outcome outcome;
  std::vector<market::page_update> pages;
};
using match_result_ptr = std::shared_ptr<match_result>;

/// A block's results with this replica's signature.
struct executed_block {
  full_block_ptr block;
  market::block_result_ptr result;
  replica_signature by;
};
using executed_ptr = std::shared_ptr<const executed_block>;

struct checkpoint_pages {
  storage::stored_checkpoint checkpoint;
  std::vector<market::page_update> dirty;
};
using checkpoint_pages_ptr = std::shared_ptr<const checkpoint_pages>;

using open_orders_ptr = std::shared_ptr<const std::vector<open_order>>;
using stored_reports_ptr = std::shared_ptr<const std::vector<storage::stored_reports>>;

} // namespace bourse::actors
