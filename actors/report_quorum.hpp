// Which reports a client believes: those that f+1 replicas say, byte for byte.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "actors/client_types.hpp"

namespace bourse::actors {

/// Collects the replicas' results by block and, where a block's are in parts, by the part's first
/// number; compares them as bytes, decodes what f+1 agree on once, and hands it out in the order of
/// report numbers. Pure, like all that the client decides.
///
/// At most f of the replicas lie, about everything: a block's number, its bytes, how often they say
/// it. So each has one vote a part, and its undecided ones take no more memory than its share.
class report_quorum {
public:
  struct limits {
    /// Of votes that no other replica shares yet; past it the furthest ahead are dropped.
    std::size_t bytes_per_replica = 32 * 1024 * 1024;
    std::size_t votes_per_replica = 4096;
    /// Delivered parts that late votes are still compared with.
    std::size_t history = 64;
  };

  struct counters {
    std::uint64_t batches = 0;
    std::uint64_t reports = 0;
    std::uint64_t repeated = 0;  ///< said before by that replica, or delivered long ago
    std::uint64_t dropped = 0;   ///< for want of room
    std::uint64_t gone = 0;      ///< reports that were passed over
    std::uint64_t malformed = 0; ///< agreed on and yet not to be decoded: more than f lie
  };

  report_quorum(cluster_size size, client_id self, const limits& l);

  /// Reports are wanted from this number on. Votes before it are ignored.
  void start(report_number wanted);
  bool started() const {
    return wanted_.value() != 0;
  }
  /// The first report that was not handed out.
  report_number wanted() const {
    return wanted_;
  }

  /// What comes before `first` is not to be had any more. Goes on with `first`, or before it with
  /// what f+1 said nevertheless.
  void pass_over(report_number first);

  /// A replica's vote. What it makes ready is for take_ready().
  void add(replica_id from, const results_statement& what, client_reports reports,
           bool more = false);

  /// Batches since the last call, in order.
  std::vector<report_batch_ptr> take_ready();

  /// True if some replica said something that is not handed out yet, or the rest of a block was not
  /// said: something may be missing.
  bool waiting() const {
    return undelivered_ > 0 || more_to_come_;
  }

  /// By replica: how often it contradicted f+1 others, itself, or the format.
  const std::vector<std::uint64_t>& faults() const {
    return faults_;
  }
  const counters& counts() const {
    return counts_;
  }

private:
  /// One wording of a part, and who said it.
  struct wording {
    results_statement what;
    client_reports reports;
    bool more = false;
    std::vector<replica_id> said;
  };
  /// A part: its block, and the number that its reports begin with.
  using part_key = std::pair<sequence_number, report_number>;
  struct slot {
    std::vector<wording> wordings;
    std::vector<replica_id> overruled; ///< said what f+1 contradict
    bool decided = false;              ///< then there is one wording
    bool delivered = false;
  };
  struct account {
    std::size_t bytes = 0;
    std::size_t votes = 0;
  };

  bool plausible(const client_reports& r) const;
  bool make_room(replica_id from, const part_key& at, std::size_t size);
  void decide(slot& s, std::size_t winner);
  void release(const wording& w);
  void deliver();
  void deliver(slot& s);
  void forget_delivered();

  cluster_size size_;
  client_id self_;
  limits limits_;
  report_number wanted_;
  std::map<part_key, slot> slots_;
  std::size_t undelivered_ = 0; ///< of the slots
  std::size_t delivered_ = 0;
  std::uint64_t gone_ = 0;    ///< reports, before the next that is handed out
  bool more_to_come_ = false; ///< the last part that was handed out did not end its block
  std::vector<account> held_; ///< by replica: its undecided votes
  std::vector<std::uint64_t> faults_;
  std::vector<report_batch_ptr> ready_;
  counters counts_;
};

} // namespace bourse::actors
