// Everything that a client decides about its submissions and reports. Pure: no CAF, no sockets, no
// clock; time is handed in, and what is to be done is taken out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/client_stream.hpp"
#include "actors/client_types.hpp"
#include "actors/report_quorum.hpp"
#include "market/rules.hpp"

namespace bourse::actors {

/// A message for one replica, or for all that are linked.
struct client_outgoing {
  std::optional<replica_id> to;
  shared_bytes message; ///< encoded client_message
};

/// The highest number that f+1 replicas have reached, by their own word: so one honest replica has.
class weak_watermark {
public:
  explicit weak_watermark(cluster_size size) : size_(size), values_(size.n, 0) {}

  void raise(replica_id r, std::uint64_t value);
  /// 0 if fewer than f+1 have said anything.
  std::uint64_t value() const;

private:
  cluster_size size_;
  std::vector<std::uint64_t> values_;
};

struct client_tuning {
  /// Most requests under one signature; 0: as many as the genesis file allows.
  std::uint32_t max_coalesced = 0;
  /// Submissions in flight on one stream; 0: three quarters of the genesis file's window.
  std::uint32_t window = 0;
  /// Requests that may wait on one stream before `busy`.
  std::uint32_t max_waiting = 8192;
  std::uint32_t resend_ms = 1000;
  std::uint32_t resend_at_most_ms = 10'000;
  /// After f+1 replicas, how long to wait for 2f+1 before beginning: the more, the less likely it
  /// is that all of them lag behind, and that a number is tried which is used up.
  std::uint32_t start_wait_ms = 200;
  /// Without progress for this long while reports are missing, they are asked for; doubles.
  std::uint32_t resume_ms = 500;
  std::uint32_t resume_at_most_ms = 8000;
  /// ... and this often if nothing seems to be missing, since the last may have been lost.
  std::uint32_t idle_resume_ms = 10'000;
};

/// The client's end of docs/PROTOCOL, "Submissions" (exactly once) and "Messages of clients":
/// numbers, credit, coalescing, retransmission, and belief in f+1 equal results.
class client_session {
public:
  struct counters {
    std::uint64_t submissions = 0; ///< signed or taken over signed
    std::uint64_t resent = 0;
    std::uint64_t resumes = 0;
    std::uint64_t refusals = 0;
    std::uint64_t ignored = 0; ///< messages that make no sense
  };
  struct finished {
    placement_id placement = 0;
    placed_ptr result;
  };

  /// `market` are the genesis file's rules. Reports are handed out from `reports_from` on, or from
  /// the first that comes after the start.
  client_session(cluster_size size, const market::rules& market, client_id self,
                 std::shared_ptr<const key_pair> key, const client_tuning& tuning = {},
                 std::optional<report_number> reports_from = {});

  // -- from the program ---------------------------------------------------------------------------

  /// Requests that execute in this order, after what was placed on the stream before. Ends up in
  /// take_finished(), at once if there is something wrong with them.
  placement_id place(stream_id stream, std::vector<request> requests, local_time_ms now);
  placement_id place(stream_id stream, presigned_ptr submissions, local_time_ms now);

  // -- from the links -----------------------------------------------------------------------------

  void linked(replica_id r);
  void receive(replica_id from, const welcome& m, local_time_ms now);
  void receive(replica_id from, results m, local_time_ms now);
  void receive(replica_id from, const refused& m, local_time_ms now);
  void receive(replica_id from, const gone& m, local_time_ms now);

  /// To be called about every 100 ms, and more often if pauses are to be exact.
  void tick(local_time_ms now);

  // -- what is to be done -------------------------------------------------------------------------

  std::vector<client_outgoing> take_outgoing();
  std::vector<report_batch_ptr> take_batches();
  std::vector<finished> take_finished();

  // -- to be read ---------------------------------------------------------------------------------

  /// True once enough replicas have said where the streams stand.
  bool ready() const {
    return reports_.started();
  }
  stream_positions position() const;
  const counters& counts() const {
    return counts_;
  }
  const report_quorum& reports() const {
    return reports_;
  }
  std::size_t in_flight() const;
  std::size_t waiting() const;

private:
  struct placement {
    std::size_t left = 0; ///< requests or presigned submissions that are not settled
    std::shared_ptr<placed> result;
  };

  placement_id add_placement(std::size_t parts);
  void reject(placement_id placement, error why);
  expected<void> check(stream_id stream, const std::vector<request>& requests) const;
  void try_start(local_time_ms now);
  void deliver(local_time_ms now);
  void settle_by_welcomes();
  void confirm(local_time_ms now);
  void flush(local_time_ms now);
  void settle();
  void send(std::optional<replica_id> to, const std::vector<signed_submission>& submissions);
  void send_resume(std::optional<replica_id> to);
  bool lacks_reports() const;
  void pass_over_gone(local_time_ms now);
  void check_reports(local_time_ms now);

  cluster_size size_;
  std::shared_ptr<const stream_rules> rules_;
  client_tuning tuning_;
  std::optional<report_number> reports_from_;

  std::vector<client_stream> streams_;
  std::vector<weak_watermark> next_; ///< by stream
  report_quorum reports_;
  weak_watermark gone_;                          ///< the first report that is kept
  std::vector<std::optional<welcome>> welcomes_; ///< by replica: the latest
  std::optional<local_time_ms> start_at_;        ///< once f+1 have welcomed us
  std::optional<local_time_ms> resume_at_;
  std::uint32_t resume_wait_ms_;
  bool lacking_ = false;

  std::unordered_map<placement_id, placement> placements_;
  placement_id last_placement_ = 0;

  std::vector<client_outgoing> outgoing_;
  std::vector<report_batch_ptr> batches_;
  std::vector<finished> finished_;
  counters counts_;
};

} // namespace bourse::actors
