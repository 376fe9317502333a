// One stream of a client: what waits, what is in flight, and under which number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "actors/client_types.hpp"
#include "messages/crypto.hpp"

namespace bourse::actors {

/// Names a placement within one client session; never 0.
using placement_id = std::uint64_t;

/// What all streams of one client share. None of it changes.
struct stream_rules {
  cluster_size size;
  digest cluster;
  client_id client;
  std::shared_ptr<const key_pair> key;
  submission_limits limits;
  /// Submissions and bytes beyond the confirmed number that this client allows itself: less than
  /// the genesis file's credit, since a replica that lags behind counts from a lower number.
  std::uint32_t window = 48;
  std::size_t window_bytes = 768 * 1024;
  /// Most requests under one signature.
  std::uint32_t max_coalesced = 256;
  /// Requests that may wait while the window is used up.
  std::size_t max_waiting = 8192;
  /// How long without progress before the same bytes are sent again; doubles up to the most.
  std::uint32_t resend_ms = 1000;
  std::uint32_t resend_at_most_ms = 10'000;
  /// Likewise once f+1 replicas said `busy` or `outside_window`.
  std::uint32_t busy_ms = 50;
};

/// Part of a placement that a submission carries: `count` requests from `first` on.
struct placement_part {
  placement_id placement = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// A part that is settled: its reports, or why it was not executed and never will be.
struct settled_part {
  placement_part part;
  submission_number number;
  sequence_number block;
  std::optional<error> problem;
  std::vector<report> reports;      ///< empty if presigned
  std::vector<std::uint32_t> about; ///< by report: index into the placement
};

/// Numbers and signs what waits; sends it again until it is settled. A number that was given out
/// is never given to other content while its first content may still execute.
class client_stream {
public:
  client_stream(stream_id id, std::shared_ptr<const stream_rules> rules);

  /// The number that f+1 replicas say is next. Nothing is sent before this.
  void start(submission_number next);

  /// The caller has checked that the requests can be encoded. Presigned ones stay the caller's
  /// memory and may be any number. Errors: busy, too_large (more requests than may ever wait).
  expected<void> enqueue(placement_id placement, std::vector<request> requests);
  expected<void> enqueue(placement_id placement, presigned_ptr submissions);

  /// Signs what may leave now and appends it to `out`: all that waits if nothing is in flight,
  /// otherwise only full submissions, so that a busy stream pays one signature for many orders.
  void flush(local_time_ms now, std::vector<signed_submission>& out);

  /// f+1 replicas say that all numbers below `next` are executed.
  void confirm(submission_number next, local_time_ms now);

  /// A report of one of this stream's submissions, from the block that is being delivered.
  void reported(const report& r);
  /// The end of that block: settles what it executed, and what can't have been.
  void end_block(sequence_number block, local_time_ms now);

  /// All reports of numbers below `next` have been delivered: what has none was not executed.
  void settle_below(submission_number next);

  /// Some reports are gone for good: of what is under way and gets none, nobody can say what
  /// became.
  void doubt();

  /// A replica did not admit a submission.
  void refused(replica_id by, submission_number number, const error& why, local_time_ms now);

  /// Appends to `out` what is due to be sent again.
  void resend_due(local_time_ms now, std::vector<signed_submission>& out);
  /// Appends all that a replica lacks that executed everything below `next`.
  void resend_from(submission_number next, std::vector<signed_submission>& out);

  /// Settled parts since the last call.
  std::vector<settled_part> take_settled();

  /// The number that the next submission will get.
  submission_number next() const {
    return next_;
  }
  /// Requests that no submission carries yet.
  std::size_t waiting() const {
    return waiting_requests_;
  }
  /// Submissions that were sent and are not known to be executed.
  std::size_t in_flight() const {
    return static_cast<std::size_t>(next_.value() - confirmed_.value());
  }
  /// True if something is executed whose reports were not delivered.
  bool lacks_reports() const;
  /// When resend_due has something to do; none if never.
  std::optional<local_time_ms> deadline() const;

private:
  struct waiting_item {
    placement_id placement = 0;
    std::vector<request> requests;
    presigned_ptr presigned; ///< instead of requests
    std::size_t used = 0;    ///< of either, from the front
  };
  struct flight {
    submission_number number;
    signed_submission source;
    std::vector<request> requests; ///< empty if presigned
    std::vector<placement_part> parts;
    std::vector<report> reports;     ///< of the block being delivered
    std::vector<replica_id> refused; ///< for good
    std::vector<replica_id> put_off; ///< for now, since it was last sent
    bool reported = false;
    bool settled = false;
    bool doubtful = false; ///< its reports may be gone
  };

  bool may_send() const;
  void send_requests(local_time_ms now, std::vector<signed_submission>& out);
  void send_presigned(local_time_ms now, std::vector<signed_submission>& out);
  void peek(std::size_t count, flight& f) const;
  void take(std::size_t count);
  void launch(flight f, local_time_ms now, std::vector<signed_submission>& out);
  void abandon(flight& f, const error& why);
  flight* find(submission_number number);
  submission make_submission(submission_number number, std::vector<request> requests) const;
  error lost(const flight& f) const;
  void settle(flight& f, sequence_number block, const std::optional<error>& problem);
  void pop_settled();

  stream_id id_;
  std::shared_ptr<const stream_rules> rules_;
  submission_number next_;      ///< 0: not started
  submission_number confirmed_; ///< all below are executed; at most next_
  std::deque<waiting_item> waiting_;
  std::size_t waiting_requests_ = 0;
  std::size_t waiting_presigned_ = 0; ///< items
  std::deque<flight> flights_;        ///< ascending
  std::size_t flight_bytes_ = 0;      ///< of those not executed
  std::vector<settled_part> settled_;
  std::vector<signed_submission> fillers_; ///< to be sent
  local_time_ms resend_at_;
  std::uint32_t resend_wait_ms_ = 0;
  std::uint32_t busy_wait_ms_ = 0;
};

/// Signs the encoded submission.
signed_submission sign(const submission& s, const key_pair& key, const digest& cluster);

} // namespace bourse::actors
