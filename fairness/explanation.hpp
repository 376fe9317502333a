// Why a block executes what it does, in that order: what F found on the way, for whoever wants to
// be shown. Replicas do not ask.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/request.hpp"
#include "messages/stamps.hpp"
#include "messages/types.hpp"

namespace bourse::fairness {

using namespace messages;

struct held_stamp {
  stamp_time time;
  replica_id by;

  friend auto operator<=>(const held_stamp&, const held_stamp&) = default;
};

/// What goes before time in a block, from the first on.
enum class block_rank : std::uint8_t { liquidation, maker, aged, high_value, others };

/// A number that was ready, as one block ranks it.
struct explained_entry {
  submission_ptr body;
  std::vector<held_stamp> stamps; ///< that count, ascending
  stamp_time time;                ///< the (f+1)-th of them
  stamp_time effective_time;
  lane effective_lane = lane::liquidation;
  /// The numbers of its stream that have this time and this lane: its own, or the first before it
  /// that made it wait.
  submission_number time_from;
  submission_number lane_from;
  /// Blocks that left it over though it was ready; they are counted as far as it becomes aged.
  std::uint8_t left_over = 0;
  bool aged = false;
  bool reserved = false; ///< it is in the quarter of the block that aged ones have
  block_rank rank = block_rank::others;
  digest tie; ///< decides between clients where times are equal
};

struct block_explanation {
  stamp_time time;                        ///< T
  std::vector<explained_entry> executed;  ///< in order
  std::vector<explained_entry> left_over; ///< ready, but behind the cut: by rank
};

/// What decides which of two goes first in a block.
enum class precedence : std::uint8_t {
  number, ///< one stream: the lower number
  rank,
  time,
  tie,
  stream, ///< one client and one time: the lower stream
};

/// Why `first` goes before `second` in a block that executes both; nothing: it must not.
std::optional<precedence> why_before(const explained_entry& first, const explained_entry& second);

} // namespace bourse::fairness
