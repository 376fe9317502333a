// What clients may send, and what they have sent: the mempool's decisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "market/clearing_house.hpp"
#include "market/rules.hpp"
#include "messages/request.hpp"

namespace bourse::market {

/// Pure. Holds verified submissions from their admission until they are executed, and for a while
/// longer, since others may ask for them. Credit is counted from what is executed, so every replica
/// grants the same.
class pending_pool {
public:
  /// Credits in count that a replica admits beyond its own position. Clients count theirs from what
  /// f+1 replicas executed, and one that trails those by some blocks would refuse what all others
  /// take. The credit in bytes bounds the memory.
  static constexpr std::uint64_t admitted_credits = 4;
  /// Bodies that a client may have under one number: more than an honest one ever needs.
  static constexpr std::size_t max_rivals = 4;
  /// What is kept of executed bodies, in full blocks.
  static constexpr std::size_t recent_blocks = 4;

  /// `r` outlives it.
  explicit pending_pool(const rules& r);

  /// May this number be admitted now? Checked before the signature, which costs more. The credit in
  /// bytes counts what is held under this and lower numbers: so the next number is admissible
  /// whatever came early. Errors: duplicate, outside_window, busy (over the byte credit, or too
  /// many bodies under one number), unknown_client.
  expected<void> admissible(const submission_header& header, std::size_t body_bytes) const;

  /// Adds a verified submission; false if it was held already, its client is unknown, or its number
  /// is executed or beyond what is ever admitted.
  bool add(submission_ptr s);

  /// What is pending, or was executed lately.
  submission_ptr find(const digest& d) const;

  /// Advances the windows. `block`: what it executed.
  void executed(const block_result& result, std::span<const submission_ptr> block);
  /// Sets a stream's position from restored state.
  void set_next(client_id client, stream_id stream, submission_number next);

  /// Bytes and count of what is pending.
  std::size_t held_bytes() const {
    return pending_bytes_;
  }
  std::size_t held() const {
    return pending_;
  }

private:
  struct stream {
    std::uint64_t next = 1; ///< to be executed
    std::size_t bytes = 0;
    std::map<std::uint64_t, std::vector<submission_ptr>> numbers;
  };

  stream* find(client_id client, stream_id of);
  const stream* find(client_id client, stream_id of) const;
  bool within_window(const stream& of, std::uint64_t number) const;
  void advance(stream& of, std::uint64_t next);
  void retire(submission_ptr s);

  const rules& rules_;
  std::vector<stream> streams_; ///< by client and stream
  std::unordered_map<digest, submission_ptr> bodies_;
  std::deque<submission_ptr> recent_; ///< executed or void, oldest first; in `bodies_` too
  std::size_t recent_bytes_ = 0;
  std::size_t pending_ = 0;
  std::size_t pending_bytes_ = 0;
};

} // namespace bourse::market
