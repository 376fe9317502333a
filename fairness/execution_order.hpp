// From the log to what executes: heads, T and F, in the order of the blocks.
#pragma once

#include <span>
#include <vector>

#include "fairness/chain_heads.hpp"
#include "fairness/ranking.hpp"
#include "fairness/report_store.hpp"
#include "messages/stamps.hpp"

namespace bourse::fairness {

/// Pure, and the whole of fair order's replicated state. A block is `lacking` until that gives
/// nothing, then `begin`, then `finish`. A null block, which names no heads, does not come here.
class execution_order {
public:
  /// `rules` outlive it. See `ranking` for what `seed` is.
  execution_order(const market::rules& rules, cluster_size size, std::uint64_t seed = 0);

  /// Reports that the paths to these heads need and that are not in `store`: one a head, the first
  /// that is missing.
  std::vector<chain_head> lacking(std::span<const chain_head> heads,
                                  const report_store& store) const;
  /// Reports that these heads commit, each chain's from the oldest on. Nothing is lacking.
  std::vector<report_ptr> committed_by(std::span<const chain_head> heads,
                                       const report_store& store) const;
  /// Commits the paths. Heads that do not continue their replica's, or are nobody's, are without
  /// effect. Returns the
  /// bodies that have become eligible, which `finish` wants.
  std::vector<digest> begin(std::span<const chain_head> heads, const report_store& store);
  /// What the block executes, in order; and why, if that is asked for.
  std::vector<submission_ptr> finish(std::span<const submission_ptr> bodies,
                                     block_explanation* why = nullptr);
  /// Bodies that `begin` has asked for and that the last block made void.
  const std::vector<submission_ptr>& voided() const {
    return ranking_.voided();
  }

  const chain_heads& heads() const {
    return heads_;
  }
  const ranking& order() const {
    return ranking_;
  }
  /// T of the last block.
  stamp_time time() const {
    return heads_.time();
  }

  std::vector<market::page_update> take_dirty_pages();
  /// Positions of streams, of which the market keeps the pages, are set first.
  void set_next(client_id client, stream_id stream, submission_number next) {
    ranking_.set_next(client, stream, next);
  }
  /// Of page_kind::bodies and page_kind::fair_order. Errors: corrupt.
  expected<void> restore(const market::page_key& key, byte_view content);
  expected<void> finish_restore() {
    return ranking_.finish_restore();
  }

private:
  chain_path path(const chain_head& named, const report_store& store) const;

  chain_heads heads_;
  ranking ranking_;
  bool heads_dirty_ = true;
};

/// When a block with this T happens, as the market sees it.
inline block_time block_time_of(stamp_time t) {
  return block_time{t.value() / 1000};
}

} // namespace bourse::fairness
