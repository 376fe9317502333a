// Fetching final blocks that this replica missed: what is lacking, whom to ask, and what has come
// before its turn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "consensus/delivery.hpp"
#include "messages/consensus.hpp"

namespace bourse::consensus {

using namespace messages;

/// Pure. One question at a time, to the peers in turn that say they have executed more. A liar
/// costs its turn.
class catch_up {
public:
  /// Blocks in one question, and the most that an answer will have.
  static constexpr std::uint64_t max_blocks = 32;

  catch_up(replica_id self, cluster_size size, std::uint32_t retry_ms);

  /// `who` has executed up to `n`, or says so.
  void on_told(replica_id who, sequence_number n);
  const std::vector<sequence_number>& told() const {
    return told_;
  }

  /// Keeps a verified block that is not next, if it is at most delivery::max_ahead above
  /// `executed`.
  bool hold(sequence_number executed, committed_block b);
  bool holds(sequence_number n) const {
    return held_.contains(n);
  }
  std::optional<committed_block> take(sequence_number n);
  const std::map<sequence_number, committed_block>& held() const {
    return held_;
  }

  struct ask {
    replica_id whom;
    fetch_blocks what;
  };
  /// What to ask now, if anything. `delivered`: final without a gap; `proven`: final by a stable
  /// checkpoint. Blocks that others may still help to decide here are waited for a while.
  std::optional<ask> next(std::uint64_t now_ns, sequence_number executed, sequence_number delivered,
                          sequence_number proven);

private:
  /// True if waiting for votes is pointless.
  bool give_up_votes(std::uint64_t now_ns, sequence_number delivered, sequence_number proven,
                     sequence_number best);
  std::optional<replica_id> choose(sequence_number delivered);

  replica_id self_;
  cluster_size size_;
  std::uint64_t retry_ns_;
  std::vector<sequence_number> told_; ///< by replica
  sequence_number best_;              ///< the most that anyone told
  sequence_number credible_;          ///< f+1 told at least this, so an honest replica did
  std::map<sequence_number, committed_block> held_;

  sequence_number delivered_; ///< at the last call of `next`
  std::optional<std::uint64_t> behind_since_ns_;
  sequence_number goal_; ///< once asking, ask on until here
  struct question {
    sequence_number to;
    std::uint64_t deadline_ns;
  };
  std::optional<question> open_;
  std::size_t turn_ = 0;
};

} // namespace bourse::consensus
