#define CAF_SUITE raw_client
#include "tests/suite.hpp"

#include "tests/system/raw_client.hpp"

#include <chrono>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "messages/batch.hpp"

namespace bourse::tests {

using namespace messages;
using namespace std::chrono_literals;

namespace {

sockaddr_in loopback(std::uint8_t last, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl((127U << 24) + last);
  return a;
}

bool wait_for(int socket, short what, std::chrono::milliseconds within) {
  pollfd wait{socket, what, 0};
  return ::poll(&wait, 1, static_cast<int>(within.count())) == 1;
}

} // namespace

raw_connection::raw_connection(const config::endpoint& where, std::uint8_t from)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto ours = loopback(from, 0);
  auto theirs = loopback(1, where.port);
  CAF_REQUIRE_EQUAL(where.host, "127.0.0.1");
  CAF_REQUIRE_EQUAL(::bind(socket_, reinterpret_cast<sockaddr*>(&ours), sizeof ours), 0);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&theirs), sizeof theirs) != 0)
    ::close(std::exchange(socket_, -1));
}

raw_connection::raw_connection(raw_connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

raw_connection& raw_connection::operator=(raw_connection&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}

raw_connection::~raw_connection() {
  if (socket_ >= 0)
    ::close(socket_);
}

std::size_t raw_connection::send(byte_view data) const {
  auto n = ::send(socket_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

bytes raw_connection::receive(std::chrono::milliseconds within) const {
  bytes data(65536, '\0');
  auto n = wait_for(socket_, POLLIN, within) ? ::recv(socket_, data.data(), data.size(), 0) : 0;
  data.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return data;
}

bool raw_connection::closed(std::chrono::milliseconds within) const {
  auto deadline = std::chrono::steady_clock::now() + within;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    char data[4096];
    if (!wait_for(socket_, POLLIN, std::max(left, 0ms)))
      return false;
    if (::recv(socket_, data, sizeof data, 0) <= 0)
      return true;
  }
}

void raw_connection::reset() {
  linger none{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(std::exchange(socket_, -1));
}

mute_client::mute_client(const config::genesis& g, const key_pair& key, std::size_t replica)
    : channel_(secure_channel::dialer({g.cluster(), peer_role::client}, key,
                                      g.replicas[replica].key, fresh_handshake_seed())),
      connection_(g.replicas[replica].clients) {
  CAF_REQUIRE(connection_.open());
  std::vector<bytes> frames;
  for (;;) {
    auto out = channel_.take_output();
    CAF_REQUIRE_EQUAL(connection_.send(out), out.size());
    if (channel_.established())
      return;
    auto in = connection_.receive(10s);
    CAF_REQUIRE(!in.empty());
    CAF_REQUIRE(channel_.receive(in, frames));
  }
}

bool mute_client::send(const std::vector<client_message>& all) {
  bytes batch;
  for (const auto& m : all)
    append_message(batch, channel::client, encode(m));
  if (all.empty())
    append_message(batch, channel::heartbeat, {});
  if (!channel_.send(batch))
    return false;
  unsent_ += channel_.take_output();
  return flush(0ms) || !unsent_.empty();
}

bool mute_client::flush(std::chrono::milliseconds within) {
  auto deadline = std::chrono::steady_clock::now() + within;
  do {
    unsent_.erase(0, connection_.send(unsent_));
  } while (!unsent_.empty() && std::chrono::steady_clock::now() < deadline);
  return unsent_.empty();
}

} // namespace bourse::tests
