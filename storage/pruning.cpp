#include "storage/pruning.hpp"

#include <algorithm>

namespace bourse::storage {

namespace {

/// Runs that a replica may lag and still find the proof of one; further away the last one counts.
constexpr std::size_t max_ahead = 64;

} // namespace

expected<pruner> pruner::begin(const store& s, const limits& l) {
  auto base = load_base(s);
  auto next = load_next_base(s);
  auto own = load_checkpoint(s);
  auto stable = load_stable(s);
  if (!base || !next || !own || !stable)
    return tl::unexpected{!base   ? base.error()
                          : !next ? next.error()
                          : !own  ? own.error()
                                  : stable.error()};
  pruner out;
  out.limits_ = l;
  if (*base)
    out.base_ = (*base)->what.sequence;
  out.next_ = std::move(*next);
  out.stable_ = stable->value_or(stable_checkpoint{});
  if (!*own)
    return out;
  if (auto ok = out.on_checkpoint(s, **own); !ok)
    return tl::unexpected{ok.error()};
  return out;
}

std::uint64_t pruner::run_of(sequence_number n) const {
  return n.value() / limits_.retain_blocks;
}

bool pruner::due(sequence_number n) const {
  if (limits_.retain_blocks == 0 || copy_ || (next_ && !long_enough()))
    return false;
  auto newest = next_ ? next_->what.sequence : base_;
  return run_of(n) > run_of(newest);
}

bool pruner::long_enough() const {
  return limits_.retain_blocks > 0
         && own_.value() >= next_->what.sequence.value() + limits_.retain_blocks;
}

expected<void> pruner::on_checkpoint(const store& s, const stored_checkpoint& c) {
  own_ = c.sequence;
  std::erase_if(ahead_, [this](const auto& p) { return p.what.sequence < own_; });
  if (due(c.sequence)) {
    copy_ = copy{c, s.snapshot(), std::nullopt, {}};
    prove();
  }
  auto old = leftovers(s);
  if (!old)
    return tl::unexpected{old.error()};
  leftovers_ = !old->empty();
  return {};
}

void pruner::on_stable(const stable_checkpoint& c) {
  if (c.what.sequence <= stable_.what.sequence)
    return;
  stable_ = c;
  if (limits_.retain_blocks > 0 && own_ < c.what.sequence)
    keep_ahead(c);
  prove();
}

void pruner::keep_ahead(const stable_checkpoint& c) {
  if (!ahead_.empty() && run_of(ahead_.back().what.sequence) == run_of(c.what.sequence))
    return;
  if (ahead_.size() == max_ahead)
    ahead_.pop_back();
  ahead_.push_back(c);
}

void pruner::prove() {
  if (!copy_ || copy_->proof || stable_.what.sequence < copy_->what.sequence)
    return;
  auto kept = std::find_if(ahead_.begin(), ahead_.end(), [this](const auto& p) {
    return p.what.sequence == copy_->what.sequence;
  });
  const auto& proof = kept == ahead_.end() ? stable_ : *kept;
  if (proof.what == checkpoint_statement{copy_->what.sequence, copy_->what.state})
    copy_->proof = proof;
  else
    copy_.reset(); // its proof was missed, or it is not what the others have: try a later one
}

bool pruner::busy() const {
  return leftovers_ || (next_ && long_enough()) || (copy_ && copy_->proof);
}

expected<void> pruner::step(write_batch& to, const store& s) {
  if (leftovers_)
    return clear_leftovers(to, s);
  if (next_ && long_enough()) {
    if (auto ok = append_prune(to, s, *next_); !ok)
      return ok;
    base_ = next_->what.sequence;
    next_.reset();
    return {};
  }
  return copy_ && copy_->proof ? copy_slice(to) : expected<void>{};
}

/// Of copies that were cut short or given up, and of states that were fetched until execution
/// overtook them. Pages above the own checkpoint are not this class's: they come from others.
expected<std::vector<sequence_number>> pruner::leftovers(const reader& s) const {
  auto all = list_base_pages(s);
  if (all)
    std::erase_if(*all, [this](sequence_number n) {
      return n > own_ || n == base_ || (next_ && n == next_->what.sequence)
             || (copy_ && n == copy_->what.sequence);
    });
  return all;
}

expected<void> pruner::clear_leftovers(write_batch& to, const store& s) {
  auto old = leftovers(s);
  if (!old)
    return tl::unexpected{old.error()};
  for (auto n : *old)
    erase_base_pages(to, n);
  leftovers_ = false;
  return {};
}

expected<void> pruner::copy_slice(write_batch& to) {
  auto& c = *copy_;
  bool all = true;
  auto copied = load_pages_from(*c.from, c.next,
                                [&](market::page_key key, byte_view content) -> expected<bool> {
                                  if (to.size_bytes() >= limits_.slice_bytes) {
                                    c.next = key;
                                    all = false;
                                    return false;
                                  }
                                  append_base_page(to, c.what.sequence, key, content);
                                  return true;
                                });
  if (!copied || !all)
    return copied;
  next_ = base_record{c.what, *c.proof};
  append_next_base(to, *next_);
  copy_.reset();
  return {};
}

} // namespace bourse::storage
