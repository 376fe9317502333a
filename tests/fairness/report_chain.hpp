// A replica that stamps what a test has it stamp, when it says so.
#pragma once

#include <utility>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/stamped.hpp"

namespace bourse::fairness {

class report_chain {
public:
  /// `key` outlives this.
  report_chain(replica_id self, const key_pair& key, const digest& cluster)
      : self_(self), key_(key), cluster_(cluster), head_{report_index{0}, cluster, stamp_time{0}} {}

  /// `when` is after everything before.
  void put(const verified_submission& s, stamp_time when) {
    stamps_.push_back({about(s).about, s.digest, when});
  }
  /// The next of the chain, with all stamps since the last one. The boundary is not before those.
  report_ptr report(stamp_time boundary) {
    auto r = sign_report(
        {self_, head_.index.next(), head_.digest, boundary, std::exchange(stamps_, {})}, key_,
        cluster_);
    head_ = position_of(*r);
    return r;
  }

private:
  replica_id self_;
  const key_pair& key_;
  digest cluster_;
  chain_position head_;
  std::vector<stamp> stamps_;
};

inline chain_head name_of(const verified_report& r) {
  return {r.content.replica, r.content.index, r.digest};
}

} // namespace bourse::fairness
