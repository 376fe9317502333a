// Which bodies are missing, whom to ask next, and when to ask again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "messages/consensus.hpp"
#include "messages/types.hpp"

namespace bourse::consensus {

using namespace messages;

/// Pure. Asks the most likely holder first (the proposer), then the others in turn, each for what
/// is still missing, every `retry_ms`; up to f of them may stay silent or send garbage.
class body_fetch {
public:
  body_fetch(replica_id self, cluster_size size, std::uint32_t retry_ms);
  ~body_fetch();

  struct ask {
    replica_id whom;
    fetch_bodies what;
  };

  /// Bodies that the block at `sequence` needs. `first` is asked first.
  void want(std::uint64_t now_ns, sequence_number sequence, replica_id first,
            const std::vector<digest>& missing);
  /// A body arrived, whoever sent it; false if nobody waits for it.
  bool arrived(const digest& d);
  bool wanted(const digest& d) const;
  /// Nothing of slots up to `sequence` is needed any more.
  void forget(sequence_number up_to);
  std::vector<ask> on_tick(std::uint64_t now_ns);
  std::vector<ask> take_asks();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace bourse::consensus
