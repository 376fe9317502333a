#define CAF_SUITE link
#include "tests/actor_suite.hpp"

#include "actors/door.hpp"
#include "actors/link.hpp"
#include "actors/system_config.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/io/all.hpp>

using namespace bourse::actors;
using namespace std::chrono_literals;

namespace {

/// What links told, for a test to wait for.
class events_seen {
public:
  void add(std::string what) {
    std::lock_guard lock(mutex_);
    seen_.push_back(std::move(what));
    changed_.notify_all();
  }
  /// The next event; "nothing" after ten seconds.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [&] { return !seen_.empty(); }))
      return "nothing";
    auto what = std::move(seen_.front());
    seen_.pop_front();
    return what;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> seen_;
};

key_pair key_of(std::uint8_t n) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = n;
  return key_pair::from_seed(seed);
}

constexpr std::uint32_t max_frame_bytes = 1024 * 1024;

/// A listener with key 1 that admits clients with key 2, on a port of its own.
struct fixture {
  digest cluster = hash("a cluster");
  key_pair server_key = key_of(1);
  key_pair client_key = key_of(2);
  std::shared_ptr<link_totals> totals = std::make_shared<link_totals>();
  std::shared_ptr<events_seen> server = std::make_shared<events_seen>();
  std::shared_ptr<events_seen> client = std::make_shared<events_seen>();
  std::mutex link_mutex;
  link_actor server_link;
  link_limits limits;
  std::uint16_t port = 0;
  std::shared_ptr<unread_bytes> unread = std::make_shared<unread_bytes>();
  std::vector<frame_ptr> held; ///< frames that nobody has read to the end
  bool hold = false;
  system_config config{2};
  caf::actor_system system{config};
  caf::actor door;

  fixture() {
    limits.handshake_timeout_ms = 2000;
    limits.outbox_bytes = 1024 * 1024;
  }

  ~fixture() {
    std::lock_guard lock(link_mutex);
    if (server_link)
      caf::anon_send(server_link, shut_atom::value);
    if (door)
      caf::anon_send(door, shut_atom::value);
    server_link = link_actor{};
    door = nullptr;
  }

  link_events record(std::shared_ptr<events_seen> into, bool keep) {
    link_events e;
    e.up = [=, this](const link_actor& link, const public_key&) {
      if (keep) {
        std::lock_guard lock(link_mutex);
        server_link = link;
      }
      into->add("up");
    };
    e.frame = [=, this](const frame_ptr& frame, std::uint32_t) {
      if (keep && hold) {
        std::lock_guard lock(link_mutex);
        held.push_back(frame);
      }
      (void)for_each_message(*frame, [&](channel c, byte_view content) {
        if (c != channel::heartbeat)
          into->add("message " + std::string(content.substr(0, 32)));
      });
    };
    e.down = [=](const error& why) {
      into->add("down " + std::string(to_string(why.code)));
    };
    return e;
  }

  void open(const connection_caps& caps = {128, 128}) {
    auto doorman = bind_door(system, {"127.0.0.1", 0});
    CAF_REQUIRE(doorman);
    port = (*doorman)->port();
    door_setup setup;
    setup.caps = caps;
    setup.totals = totals;
    setup.admit = [this] {
      auto admit = [this](peer_role role, const public_key& key) -> expected<void> {
        if (role != peer_role::client || key != client_key.identity())
          return fail(errc::unknown_client, "not invited");
        return {};
      };
      return link_setup{secure_channel::listener({cluster, peer_role::replica, max_frame_bytes},
                                                 server_key, admit, fresh_handshake_seed()),
                        limits, record(server, true), totals, unread};
    };
    door = open_door(system, std::move(*doorman), std::move(setup));
  }

  caf::actor dial(const digest& to_cluster, peer_role role, const key_pair& key,
                  const public_key& expected_peer) {
    auto socket = connect_socket("127.0.0.1", port, 2000);
    CAF_REQUIRE(socket);
    auto setup = std::make_shared<link_setup>(
        link_setup{secure_channel::dialer({to_cluster, role, max_frame_bytes}, key, expected_peer,
                                          fresh_handshake_seed()),
                   limits, record(client, false), std::make_shared<link_totals>()});
    return system.middleman().spawn_broker(dialled_link, *socket, std::move(setup));
  }

  caf::actor dial() {
    return dial(cluster, peer_role::client, client_key, server_key.identity());
  }

  int raw() {
    auto socket = connect_socket("127.0.0.1", port, 2000);
    CAF_REQUIRE(socket);
    return *socket;
  }

  /// Connects a socket to the door from another of this machine's addresses.
  int connect_from(const char* address, int socket) const {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = ::inet_addr(address);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0)
      return -1;
    own.sin_addr.s_addr = ::inet_addr("127.0.0.1");
    own.sin_port = htons(port);
    return ::connect(socket, reinterpret_cast<sockaddr*>(&own), sizeof own);
  }

  /// True if the other side closes the connection within ten seconds.
  static bool closed_by_peer(int socket) {
    char data[4096];
    for (;;) {
      pollfd wait{socket, POLLIN, 0};
      if (::poll(&wait, 1, 10'000) != 1)
        return false;
      if (::read(socket, data, sizeof data) <= 0)
        return true;
    }
  }
};

shared_bytes text(std::string s) {
  return std::make_shared<const bytes>(std::move(s));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_tests, fixture)

CAF_TEST(messages cross in order in both directions) {
  open();
  auto link = dial();
  CAF_CHECK_EQUAL(client->next(), "up");
  CAF_CHECK_EQUAL(server->next(), "up");
  for (int i = 0; i < 100; ++i)
    caf::anon_send(link, send_atom::value, channel::client, text(std::to_string(i)));
  for (int i = 0; i < 100; ++i)
    CAF_CHECK_EQUAL(server->next(), "message " + std::to_string(i));
  caf::anon_send(server_link, send_atom::value, channel::client, text("answer"));
  CAF_CHECK_EQUAL(client->next(), "message answer");
  caf::anon_send(link, shut_atom::value);
  CAF_CHECK_EQUAL(client->next(), "down shutting_down");
  CAF_CHECK_EQUAL(server->next(), "down unreachable");
}

CAF_TEST(a message larger than a read arrives whole) {
  open();
  auto link = dial();
  CAF_CHECK_EQUAL(client->next(), "up");
  CAF_CHECK_EQUAL(server->next(), "up");
  caf::anon_send(link, send_atom::value, channel::client, text(std::string(900'000, 'x')));
  CAF_CHECK_EQUAL(server->next(), "message " + std::string(32, 'x'));
  caf::anon_send(link, shut_atom::value);
}

CAF_TEST(wrong cluster role or key is refused) {
  open();
  dial(hash("another cluster"), peer_role::client, client_key, server_key.identity());
  CAF_CHECK_EQUAL(server->next().substr(0, 4), "down");
  CAF_CHECK_EQUAL(client->next().substr(0, 4), "down");
  dial(cluster, peer_role::replica, client_key, server_key.identity());
  CAF_CHECK_EQUAL(server->next(), "down unknown_client");
  CAF_CHECK_EQUAL(client->next().substr(0, 4), "down");
  auto stranger = key_of(3);
  dial(cluster, peer_role::client, stranger, server_key.identity());
  CAF_CHECK_EQUAL(server->next(), "down unknown_client");
  CAF_CHECK_EQUAL(client->next().substr(0, 4), "down");
  dial(cluster, peer_role::client, client_key, stranger.identity());
  CAF_CHECK_EQUAL(client->next().substr(0, 4), "down");
  CAF_CHECK_EQUAL(server->next().substr(0, 4), "down");
}

CAF_TEST(a length of four gigabytes ends the connection before it costs memory) {
  open();
  int s = raw();
  CAF_REQUIRE_EQUAL(::write(s, "\xff\xff\xff\xff....", 8), 8);
  CAF_CHECK(closed_by_peer(s));
  ::close(s);
  CAF_CHECK_EQUAL(server->next(), "down too_large");
}

CAF_TEST(random bytes end the connection and nothing else) {
  open();
  std::uint64_t seed = 20150501;
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 50; ++i) {
    int s = raw();
    std::string junk(1 + random() % 400, '\0');
    for (auto& c : junk)
      c = static_cast<char>(random());
    (void)!::write(s, junk.data(), junk.size());
    ::shutdown(s, SHUT_WR);
    CAF_CHECK(closed_by_peer(s));
    ::close(s);
    CAF_CHECK_EQUAL(server->next().substr(0, 4), "down");
  }
  auto link = dial();
  CAF_CHECK_EQUAL(server->next(), "up");
  caf::anon_send(link, shut_atom::value);
}

CAF_TEST(silence and half a handshake are ended by the deadline) {
  limits.handshake_timeout_ms = 200;
  open();
  int silent = raw();
  int half = raw();
  auto hello = secure_channel::dialer({cluster, peer_role::client, max_frame_bytes}, client_key,
                                      server_key.identity(), fresh_handshake_seed())
                   .take_output();
  CAF_REQUIRE_EQUAL(::write(half, hello.data(), hello.size() / 2),
                    static_cast<ssize_t>(hello.size() / 2));
  CAF_CHECK(closed_by_peer(silent));
  CAF_CHECK(closed_by_peer(half));
  CAF_CHECK_EQUAL(server->next(), "down handshake_failed");
  CAF_CHECK_EQUAL(server->next(), "down handshake_failed");
  ::close(silent);
  ::close(half);
}

CAF_TEST(connections beyond the cap are closed and the door stays open) {
  open({4, 1000});
  std::vector<caf::actor> links;
  for (int i = 0; i < 4; ++i) {
    links.push_back(dial());
    CAF_CHECK_EQUAL(server->next(), "up");
  }
  for (int i = 0; i < 20; ++i) {
    int s = raw();
    CAF_CHECK(closed_by_peer(s));
    ::close(s);
  }
  CAF_CHECK_EQUAL(totals->refused_connections.load(), 20u);
  caf::anon_send(links[0], shut_atom::value);
  CAF_CHECK_EQUAL(server->next(), "down unreachable");
  links.push_back(dial());
  CAF_CHECK_EQUAL(server->next(), "up");
  for (const auto& link : links)
    caf::anon_send(link, shut_atom::value);
}

CAF_TEST(strangers do not fill the door) {
  open({50, 1000});
  auto known = dial();
  CAF_CHECK_EQUAL(server->next(), "up");
  CAF_CHECK_EQUAL(client->next(), "up");
  std::vector<int> sockets;
  for (int i = 0; i < 1000; ++i) {
    auto s = connect_socket("127.0.0.1", port, 2000);
    if (s)
      sockets.push_back(*s);
  }
  CAF_CHECK_EQUAL(sockets.size(), 1000u);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < 975; ++i)
    refused += closed_by_peer(sockets[i]);
  CAF_CHECK_EQUAL(refused, 975u);
  CAF_CHECK_EQUAL(totals->refused_connections.load(), 975u);
  for (int i = 0; i < 975; ++i)
    CAF_CHECK_EQUAL(server->next(), "down shutting_down");
  auto link = dial(); // whoever is known finds room, and the oldest stranger goes
  std::vector<std::string> heard{server->next(), server->next()};
  std::sort(heard.begin(), heard.end());
  CAF_CHECK_EQUAL(heard[0], "down shutting_down");
  CAF_CHECK_EQUAL(heard[1], "up");
  caf::anon_send(known, send_atom::value, channel::client, text("still here"));
  CAF_CHECK_EQUAL(server->next(), "message still here");
  for (int s : sockets)
    ::close(s);
  caf::anon_send(link, shut_atom::value);
  caf::anon_send(known, shut_atom::value);
}

CAF_TEST(one address can not hold all connections) {
  open({50, 3});
  std::vector<int> sockets;
  for (int i = 0; i < 10; ++i)
    sockets.push_back(raw());
  // The first three stay: nobody but the deadline of the handshake would close them.
  for (std::size_t i = 3; i < sockets.size(); ++i)
    CAF_CHECK(closed_by_peer(sockets[i]));
  CAF_CHECK_EQUAL(totals->refused_connections.load(), 7u);
  int elsewhere = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockets.push_back(elsewhere);
  CAF_CHECK_EQUAL(connect_from("127.0.0.2", elsewhere), 0);
  CAF_REQUIRE_EQUAL(::write(elsewhere, "\xff\xff\xff\xff....", 8), 8);
  CAF_CHECK_EQUAL(server->next(), "down too_large"); // it was let in, and said nonsense
  for (int s : sockets)
    ::close(s);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(server->next().substr(0, 4), "down");
  auto link = dial(); // those that ended made room
  CAF_CHECK_EQUAL(server->next(), "up");
  caf::anon_send(link, shut_atom::value);
}

CAF_TEST(a peer that never reads costs its outbox and no more) {
  limits.heartbeat_ms = 0;
  open();
  // A real handshake over a raw socket that then stops to read.
  int s = raw();
  auto mine = secure_channel::dialer({cluster, peer_role::client, max_frame_bytes}, client_key,
                                     server_key.identity(), fresh_handshake_seed());
  std::vector<bytes> frames;
  char data[4096];
  for (;;) {
    auto out = mine.take_output();
    CAF_REQUIRE_EQUAL(::write(s, out.data(), out.size()), static_cast<ssize_t>(out.size()));
    if (mine.established())
      break;
    pollfd wait{s, POLLIN, 0};
    CAF_REQUIRE_EQUAL(::poll(&wait, 1, 10'000), 1);
    auto n = ::read(s, data, sizeof data);
    CAF_REQUIRE(n > 0);
    CAF_REQUIRE(mine.receive({data, static_cast<std::size_t>(n)}, frames));
  }
  CAF_CHECK_EQUAL(server->next(), "up");
  auto message = text(std::string(100'000, 'x'));
  for (int i = 0; i < 500; ++i)
    caf::anon_send(server_link, send_atom::value, channel::client, message);
  caf::anon_send(server_link, shut_atom::value);
  CAF_CHECK_EQUAL(server->next(), "down shutting_down");
  CAF_CHECK(totals->dropped.load() > 300u);
  ::close(s);
}

CAF_TEST(a port in use is an error that names it) {
  open();
  auto again = bind_door(system, {"127.0.0.1", port});
  CAF_REQUIRE(!again);
  CAF_CHECK(again.error().detail.find(std::to_string(port)) != std::string::npos);
}

CAF_TEST(whoever connects anew has no new room) {
  limits.inbox_bytes = 100'000;
  hold = true;
  open();
  auto big = text(std::string(60'000, 'x'));
  auto round = [&] {
    auto link = dial();
    CAF_CHECK_EQUAL(client->next(), "up");
    CAF_CHECK_EQUAL(server->next(), "up");
    caf::anon_send(link, send_atom::value, channel::client, big);
    caf::anon_send(link, send_atom::value, channel::client, text("small"));
    auto heard = server->next();
    if (heard != "message small")
      CAF_CHECK_EQUAL(server->next(), "message small");
    caf::anon_send(link, shut_atom::value);
    CAF_CHECK_EQUAL(client->next(), "down shutting_down");
    CAF_CHECK_EQUAL(server->next(), "down unreachable");
    return heard;
  };
  CAF_CHECK_EQUAL(round(), "message " + std::string(32, 'x'));
  CAF_CHECK_EQUAL(round(), "message small");
  CAF_CHECK_EQUAL(totals->dropped_in.load(), 1u);
  {
    std::lock_guard lock(link_mutex);
    held.clear();
  }
  CAF_CHECK_EQUAL(round(), "message " + std::string(32, 'x'));
}

CAF_TEST_FIXTURE_SCOPE_END()
