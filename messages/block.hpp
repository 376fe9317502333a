// The block: what one sequence number of the log holds.
#pragma once

#include <vector>

#include "messages/bytes.hpp"
#include "messages/error.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::messages {

/// Names newer heads of replicas' chains of reports, and nothing else: what it executes, when and
/// in which order, follows from these (docs/PROTOCOL, "Fair order"). The view is not part of it, so
/// that a proposal made again after a view change is the same block, byte for byte.
struct block {
  digest cluster;
  sequence_number sequence;
  std::vector<chain_head> heads; ///< ascending by replica, each once

  friend bool operator==(const block&, const block&) = default;
};

/// Limits of what one block executes, part of the genesis file.
struct block_limits {
  /// It is full at this many requests (not submissions).
  std::uint32_t max_requests = 1000;
  /// ... or at this many bytes of bodies.
  std::uint32_t max_bytes = 1024 * 1024;
};

/// No block is longer.
inline constexpr std::size_t max_block_bytes = 64 * 1024;
bytes encode(const block& b);
/// Errors: malformed (also: heads out of order), too_large.
expected<block> decode_block(byte_view encoded);

/// What fills a sequence number of which nothing was prepared when a view ended: it names nothing
/// (C&L 4.4, the null request).
block null_block(const digest& cluster, sequence_number n);
bool is_null(const block& b);

/// The log is chained at execution: chain(k) = hash(chain(k-1) || digest of block k), and
/// chain(0) is the cluster id.
digest chain_next(const digest& previous, const digest& block_digest);

} // namespace bourse::messages
