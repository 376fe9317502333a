// One connection: a CAF broker that turns a socket's bytes into authenticated frames and back.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <caf/io/broker.hpp>
#include <caf/io/connection_handle.hpp>

#include "actors/interfaces.hpp"
#include "messages/batch.hpp"
#include "messages/error.hpp"
#include "messages/secure_channel.hpp"

namespace bourse::actors {

struct link_limits {
  std::uint32_t max_frame_bytes = 4 * 1024 * 1024 + 64 * 1024;
  /// Sent messages are dropped, not queued, while this much waits for the socket.
  std::uint32_t outbox_bytes = 32 * 1024 * 1024;
  /// Received frames are dropped while this much has not been read by the actors that they went to,
  /// from all links of the same peer: one that sends faster than they work fills no memory. Whoever
  /// misses something asks again.
  std::uint32_t inbox_bytes = 32 * 1024 * 1024;
  std::uint32_t handshake_timeout_ms = 3000;
  /// A heartbeat is sent after this long without other traffic; the link ends after four of these
  /// without a word from the other side. 0: none (the other side need not speak).
  std::uint32_t heartbeat_ms = 500;
};

/// What the links of one owner did together. Read by `status`.
struct link_totals {
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> messages_out{0};
  std::atomic<std::uint64_t> frames_out{0};
  std::atomic<std::uint64_t> frames_in{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> dropped_in{0};
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<std::uint64_t> refused_connections{0};
  std::atomic<std::uint64_t> cpu_ns{0};
};

/// Tells a link's owner. Each is called on the I/O thread and usually just sends a message; `up`
/// and `frame` come before `down`, which comes exactly once.
struct link_events {
  std::function<void(const link_actor& self, const public_key& peer)> up;
  /// A decrypted frame that holds messages of at least one channel in `channels`, bit by channel.
  std::function<void(const frame_ptr& frame, std::uint32_t channels)> frame;
  std::function<void(const error& why)> down;
};

/// Bytes that came and have not been read yet, by who sent them: whoever connects anew has no new
/// room. Grows with the peers that were admitted, not with their links. Any thread may call.
class unread_bytes {
public:
  using counter = std::shared_ptr<std::atomic<std::size_t>>;

  counter of(const public_key& peer);

private:
  std::mutex mutex_;
  std::map<public_key, counter> by_peer_;
};

/// What a link needs to begin: the handshake's state, ready to go.
struct link_setup {
  secure_channel channel;
  link_limits limits;
  link_events events;
  std::shared_ptr<link_totals> totals;
  /// Shared by an owner's links.
  std::shared_ptr<unread_bytes> unread = std::make_shared<unread_bytes>();
};

/// The broker's function. With a handle it takes over an accepted connection (by fork); the
/// overload adopts a connected socket, which it closes at its end.
caf::behavior accepted_link(caf::io::broker* self, caf::io::connection_handle connection,
                            std::shared_ptr<link_setup> setup);
caf::behavior dialled_link(caf::io::broker* self, int socket, std::shared_ptr<link_setup> setup);

/// Whoever dials waits so long for a connection, and so long before the next attempt: twice as long
/// after each that fails.
inline constexpr std::uint32_t connect_timeout_ms = 2000;
inline constexpr std::uint32_t redial_ms = 100;
inline constexpr std::uint32_t redial_at_most_ms = 1000;

/// Connects, waiting `timeout_ms` at most. Blocks: only for detached actors. The socket is
/// non-blocking and the caller's. Errors: unreachable.
expected<int> connect_socket(const std::string& host, std::uint16_t port, std::uint32_t timeout_ms);

inline constexpr std::uint32_t channel_bit(channel c) {
  return 1u << static_cast<std::uint32_t>(c);
}

} // namespace bourse::actors
