// Reports of all replicas, by digest, until a stable checkpoint covers them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

/// How far a chain may run ahead of its head in the log: a report that is further away from it is
/// not followed, and honest replicas make none.
inline constexpr std::size_t max_links = 64;

/// How a head that a block names hangs together with the one in the log.
struct chain_path {
  enum class result : std::uint8_t {
    whole,   ///< `reports` lead from the log's head to the one that is named
    missing, ///< this report is not here
    apart,   ///< it does not continue the log's head, nor ever will
    broken,  ///< nor any: reports on the way are not what those after them, or the block, say
    far,     ///< it may, but is more than `most_links` away
  };
  result found = result::apart;
  std::vector<report_ptr> reports; ///< oldest first; none if it is the head in the log itself
  chain_head lacking;
};

/// Pure. All branches are kept, for any may come to be the one in the log; what a single replica
/// can fill is bounded.
class report_store {
public:
  explicit report_store(cluster_size size);

  /// Keeps it. `wanted`: a block names it or what follows on it, so it is kept whatever else its
  /// replica made; else false if there is no room for it or if it is here. `head` is the one in the
  /// log.
  bool add(const report_ptr& r, const chain_position& head, bool wanted);

  report_ptr find(const digest& d) const;
  bool holds(const digest& d) const {
    return reports_.contains(d);
  }

  /// From `head`, the one in the log of the replica that `named` is said to be of, to `named`.
  chain_path path(const chain_position& head, const chain_head& named,
                  std::size_t most_links = max_links) const;

  /// The newest report of this replica that is here and, by those that are here, continues `head`;
  /// null if there is none. Of several branches the longest, then the one of the
  /// least digest.
  report_ptr newest(replica_id of, const chain_position& head) const;

  /// Drops reports of this replica with lower indexes: a stable checkpoint covers them.
  /// `gone` is told each.
  template <class Gone>
  void forget(replica_id of, report_index below, Gone&& gone) {
    auto& known = by_index_[of.value()];
    auto last
        = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.first >= below; });
    for (auto it = known.begin(); it != last; ++it) {
      gone(it->second);
      reports_.erase(it->second);
    }
    known.erase(known.begin(), last);
  }
  std::size_t held(replica_id of) const {
    return by_index_[of.value()].size();
  }

private:
  std::unordered_map<digest, report_ptr> reports_;
  /// By replica: ascending by index, then digest.
  std::vector<std::vector<std::pair<report_index, digest>>> by_index_;
};

} // namespace bourse::fairness
