// A connection to a node's door that does what no proper client does.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "config/genesis.hpp"
#include "messages/client.hpp"
#include "messages/secure_channel.hpp"

namespace bourse::tests {

/// A socket, closed at the end.
class raw_connection {
public:
  /// From any of this machine's addresses 127.0.0.2, 127.0.0.3, ... as strangers have theirs. Not
  /// open if nobody accepts it.
  explicit raw_connection(const config::endpoint& where, std::uint8_t from = 2);
  raw_connection(raw_connection&& other) noexcept;
  raw_connection& operator=(raw_connection&& other) noexcept;
  ~raw_connection();

  bool open() const {
    return socket_ >= 0;
  }
  /// Sends what can be sent without waiting; how much that was.
  std::size_t send(messages::byte_view data) const;
  /// What comes within that time; empty if nothing does or the other side has closed.
  messages::bytes receive(std::chrono::milliseconds within) const;
  /// True once the other side has closed; what it says before is thrown away.
  bool closed(std::chrono::milliseconds within) const;
  /// The other side gets a reset, not an end.
  void reset();

private:
  int socket_ = -1;
};

/// A client of the cluster that proves who it is, and then reads nothing any more.
class mute_client {
public:
  /// Fails the test if the node does not let it in.
  mute_client(const config::genesis& g, const messages::key_pair& key, std::size_t replica);

  /// One frame with all of these and, if there are none, a heartbeat. What the socket does not take
  /// is kept for later. False once the connection is gone.
  bool send(const std::vector<messages::client_message>& all = {});
  /// Until the socket takes all, or that time is over.
  bool flush(std::chrono::milliseconds within);

private:
  messages::secure_channel channel_;
  raw_connection connection_;
  messages::bytes unsent_;
};

} // namespace bourse::tests
