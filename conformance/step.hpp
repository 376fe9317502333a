// What a replica does that others could hold against it, one step at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/consensus.hpp"
#include "messages/types.hpp"

namespace bourse::conformance {

using namespace messages;

/// Who is watched, and what its genesis file fixes.
struct identity {
  digest cluster;
  cluster_size size;
  replica_id self;
  std::uint32_t window = 64;
  std::uint32_t checkpoint_interval = 32;

  friend bool operator==(const identity&, const identity&) = default;
};

enum class phase : std::uint8_t { pre_prepare = 1, prepare = 2, commit = 3 };

struct own_vote {
  conformance::phase phase;
  statement what;

  friend bool operator==(const own_vote&, const own_vote&) = default;
};

/// The replica begins, for the first time or again, with what its disk holds.
struct started {
  view_number view;
  std::optional<messages::new_view> new_view; ///< the last one that it went by
  stable_checkpoint stable;
  sequence_number executed;
  digest chain;
  bool silent = false; ///< its database was made anew
  std::vector<own_vote> votes;
  std::vector<statement> proposals;
  std::vector<prepared_certificate> prepared;
  std::vector<commit_certificate> committed; ///< above the stable checkpoint

  friend bool operator==(const started&, const started&) = default;
};
/// Blocks in messages may be left out: their digests are what replicas agree on.
struct received {
  replica_id from;
  peer_message what;

  friend bool operator==(const received&, const received&) = default;
};
struct said {
  std::optional<replica_id> to; ///< nobody: all others
  peer_message what;

  friend bool operator==(const said&, const said&) = default;
};
struct executing {
  sequence_number sequence;
  messages::digest digest;
  messages::digest chain; ///< with it

  friend bool operator==(const executing&, const executing&) = default;
};
/// A silent replica takes part from now on.
struct spoke {
  friend bool operator==(const spoke&, const spoke&) = default;
};

using event = std::variant<started, received, said, executing, spoke>;

struct step {
  std::uint64_t time_ns = 0; ///< of the replica's own clock: for people
  event what;

  friend bool operator==(const step&, const step&) = default;
};

/// "says COMMIT of block 7 in view 0, digest 3f09a1b2, to all"
std::string in_words(const event& e);

/// Why the specification does not allow a step.
struct refusal {
  const char* rule;   ///< a sentence
  const char* source; ///< where it stands
};

} // namespace bourse::conformance
