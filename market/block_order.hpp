// Today's rule for the order of submissions in a block: the primary's batch sorted by effective
// lane. The effective lane of a submission is the worst among its own and those of the earlier
// submissions of its stream in the block, so that a stream never overtakes itself.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "messages/block.hpp"
#include "messages/error.hpp"
#include "messages/request.hpp"

namespace bourse::market {

using namespace messages;

/// Puts a batch in canonical order: by effective lane, else as the primary has it. The numbers of
/// each stream must ascend in `batch`.
void sort_block(std::vector<submission_ptr>& batch);

/// What a backup enforces: each stream's numbers ascend by one, effective lanes never fall, nothing
/// twice, limits kept. Errors: malformed with what was wrong.
expected<void> check_block(std::span<const submission_ptr> batch, const block_limits& limits);

/// Fills a batch up to its limits. The first submission always fits, or it never would.
class batch_size {
public:
  /// Adds `s` if it fits.
  bool add(const verified_submission& s, const block_limits& limits);

private:
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace bourse::market
