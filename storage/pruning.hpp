// When a ledger's base moves up, and the copy of the state that this takes.
//
// At the first stable own checkpoint in each run of `retain_blocks` blocks the state is copied, out
// of a snapshot, and little by little. Once `retain_blocks` further blocks are there, the copy
// becomes the base and the log below goes. So a log holds between one and two such runs, and
// replicas with the same setting have the same bases. One that lags copies at a checkpoint whose
// proof it has kept: by the time it gets there, the others' proofs are of later ones.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "storage/base.hpp"

namespace bourse::storage {

/// It decides and reads; whoever owns the store writes.
class pruner {
public:
  struct limits {
    std::uint64_t retain_blocks = 0; ///< 0: nothing is ever pruned
    std::size_t slice_bytes = std::size_t{256} * 1024;
  };

  pruner() = default;
  /// Goes on where the store stands. Errors: corrupt, io_failed.
  static expected<pruner> begin(const store& s, const limits& l);

  /// The store holds this own checkpoint and no later one yet.
  expected<void> on_checkpoint(const store& s, const stored_checkpoint& c);
  void on_stable(const stable_checkpoint& c);

  /// There is something to do.
  bool busy() const;
  /// What is to be written next, by itself and as soon as this returns.
  expected<void> step(write_batch& to, const store& s);

  /// Where the log begins.
  sequence_number base() const {
    return base_;
  }

private:
  /// A copy of the state under way.
  struct copy {
    stored_checkpoint what;
    std::unique_ptr<reader> from;
    std::optional<stable_checkpoint> proof; ///< nothing is copied before it is there
    market::page_key next{};
  };

  std::uint64_t run_of(sequence_number n) const;
  bool due(sequence_number n) const;
  bool long_enough() const;
  void keep_ahead(const stable_checkpoint& c);
  void prove();
  expected<std::vector<sequence_number>> leftovers(const reader& s) const;
  expected<void> clear_leftovers(write_batch& to, const store& s);
  expected<void> copy_slice(write_batch& to);

  limits limits_;
  sequence_number base_;
  sequence_number own_; ///< checkpoint
  stable_checkpoint stable_;
  std::deque<stable_checkpoint> ahead_; ///< of own checkpoints to come, one of each run
  std::optional<base_record> next_;     ///< complete
  std::optional<copy> copy_;
  bool leftovers_ = false; ///< there are pages at or below `own_` that are for nothing
};

} // namespace bourse::storage
