// Final blocks in the order of the log: which is executed next, and how far execution is.
#pragma once

#include <cstdint>
#include <map>

#include "consensus/effects.hpp"
#include "consensus/options.hpp"

namespace bourse::consensus {

class delivery {
public:
  /// How many blocks may be handed to execution before it has answered for the first of them.
  static constexpr std::uint64_t max_ahead = 128;

  delivery(const options& o, sequence_number executed, const digest& chain)
      : interval_(o.checkpoint_interval),
        executed_(executed),
        delivered_(executed),
        chain_(chain),
        most_known_(2 * o.window) {}

  sequence_number executed() const {
    return executed_;
  }
  /// Last one that was handed to execution.
  sequence_number delivered() const {
    return delivered_;
  }
  /// The log has another block there, or one that is forgotten: only the last two windows are
  /// known, and none of an earlier life.
  bool contradicts(sequence_number n, const digest& d) const;
  /// False while execution is too far behind.
  bool room() const {
    return delivered_.value() - executed_.value() < max_ahead;
  }
  /// Hands out the next block, which `b` must be.
  execution deliver(const committed_block& b);
  /// Precondition: the blocks up to `n` were delivered and those below it executed.
  void on_executed(sequence_number n);

private:
  std::uint32_t interval_;
  sequence_number executed_;
  sequence_number delivered_;
  digest chain_;
  std::size_t most_known_;
  std::map<sequence_number, digest> known_; ///< the last that were delivered
};

} // namespace bourse::consensus
