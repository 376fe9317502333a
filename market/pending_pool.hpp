// The mempool's decisions: what is pending, what is admitted, and what the next block holds.
#pragma once

#include <memory>
#include <vector>

#include "market/clearing_house.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"

namespace bourse::market {

/// Pure. Holds verified submissions by stream and number, at most the genesis file's credit ahead
/// of the stream's executed position; more than one body under one number is possible (a client
/// that equivocates) and settled at execution.
class pending_pool {
public:
  explicit pending_pool(const rules& r);
  ~pending_pool();

  /// May this number be admitted now? Checked before the signature, which costs more. Errors:
  /// duplicate, outside_window, busy (over the byte credit), unknown_client.
  expected<void> admissible(const submission_header& header, std::size_t body_bytes) const;

  /// Adds a verified submission; false if it was held already.
  bool add(submission_ptr s);

  submission_ptr find(const digest& d) const;

  /// The next block's batch in canonical order: contiguous numbers per stream, starting after what
  /// is executed and after what earlier, unexecuted proposals hold. Streams take turns in order of
  /// arrival, so none starves. What it returns counts as proposed until executed or `forget_proposed`.
  std::vector<submission_ptr> take_batch();
  /// Requests that take_batch could return now.
  std::uint32_t ready_requests() const;
  /// Bytes and count of all that is held.
  std::size_t held_bytes() const;
  std::size_t held() const;

  /// Advances the windows and drops what executed or can never execute.
  void executed(const block_result& result, std::span<const submission_ptr> block);
  /// Proposals of a view that is over: all that is unexecuted may be proposed again.
  void forget_proposed();
  /// Sets a stream's position from restored state.
  void set_next(client_id client, stream_id stream, submission_number next);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::market
