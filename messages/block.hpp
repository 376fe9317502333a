// The block: what one sequence number of the log holds.
#pragma once

#include <vector>

#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

/// Submissions in their canonical order, by digest. The view is not part of it, so that a proposal
/// made again after a view change is the same block, byte for byte.
struct block {
  digest cluster;
  sequence_number sequence;
  block_time time;
  std::vector<digest> submissions;

  friend bool operator==(const block&, const block&) = default;
};

/// Limits of a block, part of the genesis file.
struct block_limits {
  /// A block is full at this many requests (not submissions).
  std::uint32_t max_requests = 1000;
  /// ... or at this many bytes of bodies.
  std::uint32_t max_bytes = 1024 * 1024;
  /// How far a proposal's time may stand from a backup's clock, either way.
  std::uint32_t max_clock_skew_ms = 2000;
};

/// No block within the limits is longer.
std::size_t max_encoded_bytes(const block_limits& limits);
bytes encode(const block& b);
/// Errors: malformed, too_large (more digests than max_requests).
expected<block> decode_block(byte_view encoded, const block_limits& limits);

/// What fills a sequence number of which nothing was prepared when a view ended: no submissions and
/// time 0, which execution reads as its predecessor's (C&L 4.4, the null request).
block null_block(const digest& cluster, sequence_number n);
bool is_null(const block& b);

/// The log is chained at execution: chain(k) = hash(chain(k-1) || digest of block k), and
/// chain(0) is the cluster id.
digest chain_next(const digest& previous, const digest& block_digest);

} // namespace bourse::messages
