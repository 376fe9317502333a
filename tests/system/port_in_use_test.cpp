// A node that cannot open one of its doors says so and ends.
#define CAF_SUITE port_in_use
#include "tests/suite.hpp"

#include <cstdlib>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/load.hpp"
#include "config/sample_market.hpp"
#include "config/testnet.hpp"
#include "tests/config/files.hpp"

using namespace bourse;
using namespace bourse::tests;

namespace {

/// Listens on 127.0.0.1 for as long as it lives.
struct occupied_port {
  explicit occupied_port(std::uint16_t port) : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
    int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CAF_REQUIRE_EQUAL(::bind(socket, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
    CAF_REQUIRE_EQUAL(::listen(socket, 1), 0);
  }
  ~occupied_port() {
    ::close(socket);
  }
  int socket;
};

} // namespace

CAF_TEST(a node whose port is taken names it and ends) {
  messages::init_crypto();
  temporary_folder folder;
  config::testnet_options o;
  o.output = folder.path() / "net";
  o.market = config::sample_market();
  o.base_port = 0;
  auto g = config::write_testnet(o);
  CAF_REQUIRE(g.has_value());
  const auto& first = g->replicas.front();
  for (auto port : {first.peers.port, first.clients.port}) {
    occupied_port taken{port};
    auto errors = folder.path() / "errors";
    auto status
        = std::system(("timeout 30 " + std::string{BOURSE_PROGRAM} + " node --config "
                       + (o.output / "node-0" / "node.toml").string() + " 2> " + errors.string())
                          .c_str());
    CAF_CHECK_EQUAL(WEXITSTATUS(status), 1); // 124: it hangs
    CAF_CHECK(read(errors).find(":" + std::to_string(port) + ": is another process")
              != std::string::npos);
  }
}
