// The mempool's decisions: what is pending, what is admitted, and what the next block holds.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "market/clearing_house.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"

namespace bourse::market {

/// Pure. Holds verified submissions by stream and number, at most four times the genesis
/// file's credit ahead of the stream's executed position, since this replica may trail those that
/// the client counts from; more than one body under one number is possible (a client
/// that equivocates) and settled at execution. Bodies beyond the credit are held too, since blocks
/// in flight may name them here before what moves the credit is executed; the caller asks
/// `admissible` about what clients send.
class pending_pool {
public:
  explicit pending_pool(const rules& r);
  ~pending_pool();
  pending_pool(pending_pool&&) noexcept;

  /// May this number be admitted now? Checked before the signature, which costs more. The credit in
  /// bytes counts what is held under this and lower numbers: so the next number is admissible
  /// whatever came early, and all replicas grant the same. Errors: duplicate, outside_window, busy
  /// (over the byte credit, or too many bodies under one number), unknown_client.
  expected<void> admissible(const submission_header& header, std::size_t body_bytes) const;

  /// Adds a verified submission; false if it was held already or its client is unknown. One whose
  /// number has executed is held for `find` only, for a while, as executed ones are.
  bool add(submission_ptr s);

  /// What is pending or in a proposal that take_batch gave or note_proposed told of, and what was
  /// executed or superseded lately (as many bytes as four blocks).
  submission_ptr find(const digest& d) const;

  /// The next block's batch in canonical order: contiguous numbers per stream, starting after what
  /// is executed and after what earlier, unexecuted proposals hold. Streams take turns in order of
  /// arrival, so none starves. What it returns counts as proposed until executed or
  /// `forget_proposed`.
  std::vector<submission_ptr> take_batch();
  /// Counts another primary's proposal, or one made again after a view change, as proposed, so that
  /// its submissions are not proposed twice (else execution voids the second) and `find` has them.
  void note_proposed(std::span<const submission_ptr> block);
  /// Requests that can be proposed now, over as many blocks as it takes.
  std::uint32_t ready_requests() const;
  struct waiting {
    std::uint64_t oldest_ns = 0;         ///< how long one has been next in its stream
    std::vector<submission_ptr> overdue; ///< those that have for too long, at most 64
  };
  /// What could execute now and does not: `since` is as often as this is called. Call it a few
  /// times a second with a local monotone clock.
  waiting look(std::uint64_t now_ns, std::uint64_t overdue_after_ns);

  /// Bytes and count of what is pending.
  std::size_t held_bytes() const;
  std::size_t held() const;

  /// Advances the windows and drops what executed or can never execute.
  void executed(const block_result& result, std::span<const submission_ptr> block);
  /// Proposals of a view that is over: all that is unexecuted may be proposed again. Bodies beyond
  /// the credit, which only proposals can have brought, are dropped. Note those made again.
  void forget_proposed();
  /// Sets a stream's position from restored state.
  void set_next(client_id client, stream_id stream, submission_number next);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::market
