// What replicas have said to each other and may never contradict: votes, proposals, view changes
// and checkpoints, as heard on their links. A node's disk must have all of it, whenever it dies.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "messages/batch.hpp"
#include "messages/consensus.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"

namespace bourse::simulation {

using namespace messages;

class promises {
public:
  explicit promises(cluster_size size, digest cluster) : size_(size), cluster_(cluster) {}

  /// Something that `from` sent. What it only passes on is not its word.
  void hear(std::size_t from, channel c, byte_view message);
  void hear(std::size_t from, const peer_message& m);

  /// Two votes of one replica for one slot and view, or a first vote in a view that it had left, or
  /// one that it repeats although its disk was lost.
  const std::vector<std::string>& contradictions() const {
    return contradictions_;
  }
  /// Its disk was replaced: what it has said so far is on none. It may contradict none of it.
  void lose(std::size_t i);
  /// What replica `i` has said and its disk does not have.
  std::vector<std::string> forgotten(std::size_t i, const storage::store& disk) const;
  /// How many votes were heard from it.
  std::size_t votes_of(std::size_t i) const;
  /// True if it began a view other than the first one.
  bool led(std::size_t i) const {
    auto said = said_.find(i);
    return said != said_.end() && !said->second.new_views.empty();
  }

private:
  using vote_key = std::tuple<std::size_t, consensus::vote_kind, view_number, sequence_number>;
  struct voted {
    messages::digest digest;
    bool lost = false; ///< on no disk any more
  };
  struct said_by {
    view_number left_for;           ///< the highest view that it wished, by VIEW-CHANGE
    sequence_number own_checkpoint; ///< the highest one
    sequence_number lost;           ///< own checkpoints up to there are on no disk
    std::map<view_number, voted> new_views;
  };

  void take(std::size_t from, const pre_prepare& m);
  void take(std::size_t from, const prepare& m);
  void take(std::size_t from, const commit& m);
  void take(std::size_t from, const checkpoint& m);
  void take(std::size_t from, const view_change& m);
  void take(std::size_t from, const new_view& m);
  template <class Other>
  void take(std::size_t, const Other&) {}
  void vote(std::size_t from, consensus::vote_kind kind, const statement& what);

  cluster_size size_;
  digest cluster_;
  std::map<vote_key, voted> votes_;
  std::map<std::size_t, said_by> said_;
  std::vector<std::string> contradictions_;
};

} // namespace bourse::simulation
