// What the log must execute, worked out apart from fairness/: reports as they went over the links,
// heads as blocks name them, and the slow F; and whether that keeps what fair order promises.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "config/genesis.hpp"
#include "messages/block.hpp"
#include "messages/stamps.hpp"
#include "simulation/naive_ranking.hpp"
#include "simulation/violations.hpp"

namespace bourse::simulation {

class order_check {
public:
  /// Both outlive it.
  order_check(const config::genesis& g, violations& out);

  /// From now on its stamps count for nothing in what is promised.
  void distrust(replica_id who) {
    trusted_[who.value()] = false;
  }

  /// A client signed and sent it.
  void submitted(const submission_ptr& s) {
    bodies_[s->digest] = s;
  }
  /// Somebody signed and sent it. Nothing if it is known or no report.
  report_ptr reported(const signed_report& r);
  submission_ptr body(const digest& name) const {
    auto it = bodies_.find(name);
    return it == bodies_.end() ? nullptr : it->second;
  }

  /// The next block of the log. What it executes, in order.
  std::vector<submission_ptr> execute(sequence_number n, std::span<const chain_head> heads);
  /// T of the last block.
  stamp_time time() const {
    return time_;
  }

private:
  struct link {
    report_index index;
    messages::digest digest;
    stamp_time boundary;
  };
  /// What honest replicas have stamped, in reports that were sent.
  struct seen {
    submission_header about;
    std::map<replica_id, stamp_time> honest;
  };

  std::vector<const stamp_report*> path_to(const chain_head& named) const;
  void commit(sequence_number n, const chain_head& named);
  void check_stamps(sequence_number n, const stamp_report& r);
  void check_starvation(sequence_number n, const naive_ranking::names& aged,
                        const std::vector<submission_ptr>& block);
  bool latest(const digest& body, stamp_time& out) const;
  bool earliest(const digest& body, stamp_time& out) const;
  void check_separation(sequence_number n, const std::vector<submission_ptr>& block);
  void check_censorship(sequence_number n);
  std::size_t trusted() const;

  const config::genesis& genesis_;
  violations& out_;
  naive_ranking ranking_;
  std::vector<bool> trusted_;
  std::vector<link> heads_;
  stamp_time time_;
  std::unordered_map<digest, stamp_report> reports_;
  std::unordered_map<digest, submission_ptr> bodies_;
  /// The highest number that a replica's chain in the log stamps, by client and stream.
  std::map<std::tuple<replica_id, client_id, stream_id>, submission_number> stamped_;
  std::map<digest, seen> open_; ///< stamped by an honest replica, not executed
};

} // namespace bourse::simulation
