// Several messages in one frame of a link: [u32 length, big endian][u8 channel][message]*, where
// the length is the message's alone. Sealing a frame and waking its reader cost more than a message
// does, so what goes to one peer at one time goes in one frame.
#pragma once

#include <cstdint>

#include "messages/bytes.hpp"
#include "messages/error.hpp"

namespace bourse::messages {

/// Which codec a message of a batch is for.
enum class channel : std::uint8_t {
  consensus = 1, ///< peer_message
  bodies = 2,    ///< peer_message, of those that carry or ask for bodies
  client = 3,    ///< client_message or gateway_message
  heartbeat = 4, ///< empty
  view = 5,      ///< peer_message: wish, view_change, new_view
  state = 6,     ///< peer_message: those that fetch a state, pruned, standing
  stamps = 7,    ///< peer_message: stamp_reports, fetch_reports
};

/// What a message takes in a batch beside itself.
inline constexpr std::size_t batch_header_bytes = 5;

/// Appends one message, shorter than 4 GiB.
void append_message(bytes& batch, channel c, byte_view message);

/// Says malformed unless the batch is whole messages of known channels from end to end. An empty
/// one is.
expected<void> check_batch(byte_view batch);

struct batch_message {
  messages::channel channel;
  byte_view content;
};

/// Takes the first message off a batch that has passed `check_batch` and is not empty.
batch_message take_message(byte_view& batch);

/// Calls visit(channel, byte_view) for each message in order; for none if the batch is malformed.
template <class Visitor>
expected<void> for_each_message(byte_view batch, Visitor&& visit) {
  if (auto ok = check_batch(batch); !ok)
    return ok;
  while (!batch.empty()) {
    auto message = take_message(batch);
    visit(message.channel, message.content);
  }
  return {};
}

} // namespace bourse::messages
