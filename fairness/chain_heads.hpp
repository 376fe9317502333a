// Where each replica's chain of reports stands in the log, and the time that follows from it.
#pragma once

#include <vector>

#include "market/pages.hpp"
#include "messages/error.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

/// A report as its successors see it. Index 0, with the cluster id for a digest, stands before the
/// first report of every chain.
struct chain_position {
  report_index index;
  messages::digest digest;
  stamp_time boundary;

  friend bool operator==(const chain_position&, const chain_position&) = default;
};

/// May `next` follow on `last` in the chain of a replica? Its stamps must lie between the two
/// boundaries: so nobody backdates a stamp below a boundary that it has reported.
bool continues(const chain_position& last, const stamp_report& next);
chain_position position_of(const verified_report& r);

/// Pure, and a part of the replicated state.
class chain_heads {
public:
  static constexpr market::page_key page{market::page_kind::fair_order, 0, 0};

  chain_heads(const digest& cluster, cluster_size size);

  const chain_position& of(replica_id who) const {
    return heads_[who.value()];
  }
  std::size_t replicas() const {
    return heads_.size();
  }
  /// `to` continues what stands here.
  void advance(replica_id who, const chain_position& to);

  /// T: the greatest boundary that 2f+1 heads reach. With `newer`, as it would be with those heads
  /// instead, by replica (an index of 0: none).
  stamp_time time() const;
  stamp_time time(const std::vector<chain_position>& newer) const;

  bytes encode() const;
  /// Errors: corrupt.
  expected<void> restore(byte_view page_content);
  /// The heads of a page, by replica. Errors: corrupt.
  static expected<std::vector<chain_position>> read(byte_view page_content);

private:
  cluster_size size_;
  std::vector<chain_position> heads_;
};

} // namespace bourse::fairness
