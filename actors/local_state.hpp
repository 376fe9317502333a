// What is here already of a state that is to be fetched: the own pages, and those that were staged
// before.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "actors/payloads.hpp"

namespace bourse::actors {

/// Pages as of a snapshot. Of several with one key the latest counts: own, staged for other states
/// that lie above, staged for the target. Throws if the snapshot can't be read.
class local_state {
public:
  local_state() = default;
  local_state(snapshot_ptr from, sequence_number target);

  /// Once: it is large.
  state_tree take_tree() {
    return std::move(tree_);
  }
  /// The states above the own one of which something is staged that need not be kept: all but the
  /// target, and of the others the one of which most is here.
  const std::vector<sequence_number>& needless() const {
    return needless_;
  }
  /// Pages of the subtree, from the key `from` on, that are not staged for the target yet: about
  /// `most_bytes` of them. If there are more, `from` says where.
  std::vector<state_page> slice(tree_path at, std::uint64_t& from, bool& more,
                                std::size_t most_bytes) const;

private:
  snapshot_ptr from_;
  sequence_number target_;
  state_tree tree_;
  /// By page: 0 if it is an own one, else the number of the state that it is staged for.
  std::map<std::uint64_t, std::uint64_t> sources_;
  std::vector<sequence_number> needless_;
};

/// Over the pages of the own checkpoint. Throws if they can't be read. Adds how many bytes they are
/// to `read`.
state_tree own_tree(const storage::reader& from, std::uint64_t& read);
/// Over what is staged for a state, or is that of the base.
state_tree staged_tree(const storage::reader& from, sequence_number of, std::uint64_t& read);

} // namespace bourse::actors
