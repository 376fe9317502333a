// What anybody who reaches a node's ports can do to it, while the cluster trades.
#define CAF_SUITE strangers
#include "tests/suite.hpp"

#include <algorithm>
#include <random>

#include "app/file_limit.hpp"
#include "tests/config/files.hpp"
#include "tests/system/program_run.hpp"
#include "tests/system/raw_client.hpp"
#include "tests/system/trading.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace bourse::tests;
using namespace std::chrono_literals;

namespace {

std::uint64_t seed_of_the_day() {
  if (auto* given = std::getenv("BOURSE_SEED"))
    return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

struct fixture {
  std::unique_ptr<app::temporary_network> network = start_network();
  std::uint64_t seed = seed_of_the_day();
  std::mt19937_64 random{seed};

  fixture() {
    app::raise_file_limit();
    CAF_MESSAGE("seed " << seed);
  }

  /// Both doors of the primary and of a backup.
  std::vector<config::endpoint> doors() const {
    const auto& replicas = network->genesis().replicas;
    return {replicas[0].peers, replicas[0].clients, replicas[3].peers, replicas[3].clients};
  }

  std::vector<raw_connection> connect(const config::endpoint& where, std::size_t n,
                                      std::uint8_t from = 2) const {
    std::vector<raw_connection> all;
    for (std::size_t i = 0; i < n; ++i) {
      all.emplace_back(where, from);
      if (!all.back().open())
        CAF_FAIL("connection " << i << " to " << to_string(where) << " was not accepted");
    }
    return all;
  }

  bytes noise(std::size_t size) {
    bytes out(size, '\0');
    for (auto& c : out)
      c = static_cast<char>(random());
    return out;
  }

  /// A hello as the dialler of that role sends it.
  bytes hello(peer_role role, const key_pair& key, const digest& cluster) const {
    return secure_channel::dialer({cluster, role}, key, network->genesis().replicas[0].key,
                                  fresh_handshake_seed())
        .take_output();
  }

  /// How many of them the node does not close in time.
  static std::size_t still_open(const std::vector<raw_connection>& all) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](auto& c) { return !c.closed(10s); }));
  }

  double most_memory() const {
    double most = 0;
    for (auto& u : network->usage())
      most = std::max(most, u.rss_mb);
    return most;
  }

  /// Of the links to peers and clients of one replica.
  std::uint64_t counted(std::size_t replica, const char* what) const {
    auto traffic = status_of(*network)[replica]["traffic"];
    return traffic["peers"][what].get<std::uint64_t>()
           + traffic["clients"][what].get<std::uint64_t>();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(strangers_tests, fixture)

CAF_TEST(garbage at every door stops nobody) {
  trading busy{*network};
  CAF_CHECK(busy.goes_on());
  auto before = most_memory();
  constexpr std::size_t each = 50;
  auto stranger = key_pair::generate();
  auto cluster = network->genesis().cluster();
  for (const auto& door : doors()) {
    auto noisy = connect(door, each);
    for (auto& c : noisy)
      c.send(noise(1 + random() % 4000));
    auto huge = connect(door, each);
    for (auto& c : huge) // a frame of 4 GiB, and as much of it as the socket takes
      c.send("\xff\xff\xff\xff" + noise(100'000));
    auto unknown = connect(door, each);
    for (auto& c : unknown)
      c.send(hello(random() % 2 == 0 ? peer_role::client : peer_role::replica, stranger, cluster));
    auto foreign = connect(door, each);
    for (auto& c : foreign)
      c.send(hello(peer_role::client, stranger, hash("another cluster")));
    // Says that it is a replica or a client that there is, and can not prove it.
    auto liars = connect(door, each);
    for (auto& c : liars) {
      c.send(hello(peer_role::client, client_key(*network, "taker"), cluster));
      c.send(noise(200));
    }
    CAF_CHECK_EQUAL(still_open(noisy), 0u);
    CAF_CHECK_EQUAL(still_open(huge), 0u);
    CAF_CHECK_EQUAL(still_open(unknown), 0u);
    CAF_CHECK_EQUAL(still_open(foreign), 0u);
    CAF_CHECK_EQUAL(still_open(liars), 0u);
    CAF_CHECK(busy.goes_on());
  }
  auto grown = most_memory() - before;
  CAF_MESSAGE("grown by " << grown << " MB");
  CAF_CHECK(grown < 40);
  busy.stop();
  CAF_CHECK(all_agree(*network));
  for (auto replica : {0, 3})
    CAF_CHECK_EQUAL(counted(replica, "handshakes_failed"), 2 * 5 * each);
}

CAF_TEST(hundreds of silent and half open connections stop nobody) {
  trading busy{*network};
  CAF_CHECK(busy.goes_on());
  auto before = most_memory();
  constexpr std::size_t each = 200; // fewer than one address may have
  std::vector<raw_connection> silent;
  auto add = [&](std::vector<raw_connection> more) {
    std::move(more.begin(), more.end(), std::back_inserter(silent));
  };
  auto taker = client_key(*network, "taker");
  auto cluster = network->genesis().cluster();
  for (const auto& door : doors()) {
    add(connect(door, each));
    auto half = connect(door, each, 3); // half a hello, or all of it and then nothing
    for (auto& c : half) {
      auto text = hello(peer_role::client, taker, cluster);
      c.send(random() % 2 == 0 ? text : text.substr(0, text.size() / 2));
    }
    add(std::move(half));
    for (auto& c : connect(door, each, 4))
      c.reset();
  }
  CAF_CHECK(busy.goes_on(200));
  // Whoever comes now is let in all the same.
  CAF_CHECK_EQUAL(run({"book", "BTC-USD", "--net", network->folder().string()}).code, 0);
  auto grown = most_memory() - before;
  CAF_MESSAGE("grown by " << grown << " MB");
  CAF_CHECK(grown < 40);                   // for 1,600 connections, half of them of one replica
  CAF_CHECK_EQUAL(still_open(silent), 0u); // the deadline of the handshake
  busy.stop();
  CAF_CHECK(all_agree(*network));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(connections never take the files of the database) {
  temporary_folder folder;
  auto program = folder.path() / "few files";
  write(program, "#!/bin/sh\nulimit -n 400\nexec '" BOURSE_PROGRAM "' \"$@\"\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  app::network_options o;
  o.program = program;
  o.net.node.handshake_timeout_ms = 60'000; // nobody is closed for being silent
  auto network = start_network(std::move(o));
  CAF_CHECK(read(network->node(3).log())
                .find("the system allows 400 open files, so there will be 38 connections")
            != std::string::npos);
  trading busy{*network};
  CAF_CHECK(busy.goes_on());
  const auto& replica = network->genesis().replicas[3];
  std::vector<raw_connection> all;
  for (int i = 0; i < 300; ++i) {
    all.emplace_back(replica.peers, 2 + i % 20); // many strangers, each with a few
    all.emplace_back(replica.clients, 2 + i % 20);
  }
  // Those beyond are closed at once, not left to wait until the system has files again.
  CAF_CHECK(busy.until([&] {
    auto open = [](const raw_connection& c) {
      return !c.closed(0ms);
    };
    return std::count_if(all.begin(), all.end(), open) <= 2 * 38;
  }));
  auto files = std::distance(
      std::filesystem::directory_iterator{"/proc/" + std::to_string(network->node(3).pid())
                                          + "/fd"},
      {});
  CAF_CHECK(files < 300);
  CAF_CHECK(busy.goes_on());
  all.clear();
  busy.stop();
  CAF_CHECK(all_agree(*network));

  write(program, "#!/bin/sh\nulimit -n 300\nexec '" BOURSE_PROGRAM "' \"$@\"\n");
  network->node(3).kill();
  auto again = network->start_nodes();
  CAF_REQUIRE(!again);
  CAF_CHECK(again.error().detail.find("the system allows 300 open files, which is too few")
            != std::string::npos);
}
