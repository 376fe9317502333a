// What those of a node's actors that talk with peers do alike.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "actors/interfaces.hpp"
#include "actors/metrics.hpp"
#include "messages/batch.hpp"
#include "messages/consensus.hpp"

namespace bourse::actors {

/// Calls take(peer_message&&) for each message of a frame that is of this channel: the others are
/// other actors'. Counts what is malformed.
template <class Take>
void for_each_peer_message(byte_view frame, channel mine, metrics& counters, Take&& take) {
  auto whole = for_each_message(frame, [&](channel on, byte_view message) {
    if (on != mine)
      return;
    if (auto what = decode_peer_message(message, {}))
      take(std::move(*what));
    else
      ++counters.malformed_from_peers;
  });
  if (!whole)
    ++counters.malformed_from_peers;
}

/// To one peer, or to all.
template <class Actor>
void send_to_peers(Actor* self, const peers_actor& peers, std::optional<replica_id> to, channel on,
                   const shared_bytes& message) {
  if (to)
    self->send(peers, send_atom::value, *to, on, message);
  else
    self->send(peers, broadcast_atom::value, on, message);
}

/// Bodies in one message: so much, or a little more.
inline constexpr std::size_t bodies_bytes = 1024 * 1024;

/// Of a chain of which a report was asked for, from that one backwards: whoever lacks it may lack
/// those before it.
inline constexpr std::size_t reports_in_answer = 16;

/// Calls say(bodies) until all have been said. `take(element) -> signed_submission`.
template <class Range, class Take, class Say>
void in_messages(Range&& all, Take&& take, Say&& say) {
  bodies part;
  std::size_t size = 0;
  for (auto& one : all) {
    part.submissions.push_back(take(one));
    size += part.submissions.back().body.size();
    if (size >= bodies_bytes) {
      say(std::exchange(part, {}));
      size = 0;
    }
  }
  if (!part.submissions.empty())
    say(std::move(part));
}

} // namespace bourse::actors
