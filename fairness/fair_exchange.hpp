// All that a block executes, in one piece and one thread: its order and the market. Auditors and
// checkers use it; a node runs the same classes as actors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fairness/execution_order.hpp"
#include "market/exchange.hpp"

namespace bourse::fairness {

/// Pure, and the whole of the replicated state. A block is `lacking` until that gives nothing, then
/// `begin`, then `finish`.
///
/// The state at a block is the market's pages as of that block, and the order's as of the last
/// checkpoint: those change with every stamp, and nobody needs them in between.
class fair_exchange {
public:
  /// `rules` must outlive this. `checkpoint_interval` is the genesis file's. See
  /// market::order_index and `ranking` for what `seed` is.
  fair_exchange(const market::rules& rules, cluster_size size, std::uint64_t checkpoint_interval,
                std::uint64_t seed = 0);

  /// As execution_order.
  std::vector<chain_head> lacking(std::span<const chain_head> heads,
                                  const report_store& store) const {
    return order_.lacking(heads, store);
  }
  /// Commits the paths to these heads; of a null block there are none. Returns the bodies that
  /// `finish` wants.
  std::vector<digest> begin(std::span<const chain_head> heads, const report_store& store);

  struct outcome {
    std::vector<submission_ptr> executed; ///< in order
    std::vector<submission_ptr> voided;   ///< see execution_order
    market::block_result result;
  };
  /// `why`, if there is one, is told why the block has this order, unless it is a null block.
  outcome finish(sequence_number n, const digest& block, std::span<const submission_ptr> bodies,
                 block_explanation* why = nullptr);

  const market::exchange& market() const {
    return market_;
  }
  const execution_order& order() const {
    return order_;
  }

  /// Root over all pages as of the last block.
  digest page_root();
  /// Pages that changed since the last call of this or page_root.
  std::vector<market::page_update> take_dirty_pages();
  /// Pages of a state in ascending order, into an instance that has executed nothing; then
  /// `finish_restore`. Errors: corrupt, and then nothing of this instance may be used.
  expected<void> restore(const market::page_key& key, byte_view content);
  expected<void> finish_restore();

private:
  void set_positions();

  const market::rules& rules_;
  std::uint64_t checkpoint_interval_;
  market::exchange market_;
  execution_order order_;
  std::vector<market::page_update> order_pages_; ///< that have changed with a checkpoint
  bool null_ = true;                             ///< the block under way names no heads
  bool positioned_ = false;                      ///< pages of the market are all there
};

} // namespace bourse::fairness
