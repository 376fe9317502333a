// What a program and its client actor say to each other: plain data, shared and const.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "messages/error.hpp"
#include "messages/report.hpp"
#include "messages/request.hpp"
#include "messages/types.hpp"

namespace bourse::actors {

using namespace messages;

using requests_ptr = std::shared_ptr<const std::vector<request>>;

/// Submissions of one stream that were signed before, their numbers ascending without a gap.
using presigned_ptr = std::shared_ptr<const std::vector<signed_submission>>;

/// What became of one placement: of the requests, or presigned submissions, that a program handed
/// over in one message.
struct placed {
  /// None if all of it was executed, which says nothing of the reports: a rejected order was
  /// executed too. Otherwise what did not execute, never will: `busy` (the stream is past its
  /// credit; try later), `malformed`, `too_large`, `duplicate` (another submission of this client
  /// took the number, such as one of an earlier run), or what f+1 replicas refused it for. After
  /// `pruned` nobody knows whether it executed: the reports that told so are no longer kept. Only a
  /// placement with more requests than fit one submission can be executed in part; `about` tells.
  std::optional<error> problem;
  /// Of the last submission that carried a part of it.
  submission_number number;
  /// The block that executed that.
  sequence_number block;
  /// In the order of execution; empty for presigned submissions, whose reports go to subscribers
  /// only. Fills that come after the placement was answered are in no placement.
  std::vector<report> reports;
  /// By report: which of the requests it is about.
  std::vector<std::uint32_t> about;
};
using placed_ptr = std::shared_ptr<const placed>;

/// One block's reports for this client, or a part of them if they are many, as f+1 replicas said
/// them. Batches come in the order of report numbers, without duplicate, and without gap but for
/// reports that f+1 replicas no longer keep.
struct report_batch {
  results_statement what;
  std::vector<report> reports;
  std::uint64_t gone = 0; ///< so many reports before these are no longer kept
  bool more = false;      ///< further batches of this block follow
};
using report_batch_ptr = std::shared_ptr<const report_batch>;

/// Where the client's streams stand.
struct stream_positions {
  std::vector<submission_number> next; ///< by stream: the number that its next submission will get
  report_number next_report;           ///< the first that subscribers have not been told
};
using stream_positions_ptr = std::shared_ptr<const stream_positions>;

/// How much an answer to a question is worth.
enum class trust : std::uint8_t {
  one = 1, ///< of whoever answers first: unproved
  quorum,  ///< the same from f+1, as of one block and of none before what the client was told
  each,    ///< of every replica by itself
};

struct question {
  query_kind kind = query_kind::book;
  std::uint32_t subject = 0; ///< instrument or account
  std::uint32_t limit = 0;   ///< most levels, trades or blocks; 0 for the default
  report_number report;      ///< receipts only
  trust how = trust::quorum; ///< receipts are always collected from f+1
  std::uint32_t timeout_ms = 5000;
};

struct replica_answer {
  replica_id replica;
  sequence_number at;
  std::optional<error> problem; ///< unreachable if nothing came
  bytes body;
};

struct question_answer {
  /// unreachable if too few replicas answered, or agreed, in time; or what f+1 of them say.
  std::optional<error> problem;
  sequence_number at;
  /// JSON, an encoded view, or for receipts the encoded receipt. Empty if each was asked.
  bytes body;
  /// trust::each only: one entry a replica.
  std::vector<replica_answer> each;
};
using question_answer_ptr = std::shared_ptr<const question_answer>;

} // namespace bourse::actors
