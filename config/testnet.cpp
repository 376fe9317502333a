#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/keys.hpp"
#include "config/testnet.hpp"

namespace bourse::config {

namespace {

std::string reason_of(int problem) {
  return std::generic_category().message(problem);
}

/// Ports of the loopback interface that nobody used a moment ago. They lie below those that the
/// kernel gives to outgoing connections (from 32768 on), so that no connection takes one before its
/// node listens, and start anywhere, so that two networks made at once hardly ever meet. All are
/// bound together, so that none comes twice.
expected<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  constexpr std::uint32_t first = 10240;
  constexpr std::uint32_t range = 32768 - first;
  auto start = randombytes_uniform(range);
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  for (std::uint32_t tried = 0; tried < range && ports.size() < count; ++tried) {
    auto port = static_cast<std::uint16_t>(first + (start + tried) % range);
    auto s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
      break;
    sockets.push_back(s);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
      ports.push_back(port);
  }
  for (auto s : sockets)
    ::close(s);
  if (ports.size() < count)
    return fail(errc::io_failed, fmt::format("can't find {} free ports", count));
  return ports;
}

expected<std::vector<std::uint16_t>> choose_ports(const testnet_options& o) {
  auto count = std::size_t{o.replicas} * 2;
  if (o.base_port == 0)
    return free_ports(count);
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i)
    ports.push_back(static_cast<std::uint16_t>(o.base_port + i));
  return ports;
}

expected<void> check_output(const testnet_options& o) {
  for (const auto& taken : {"genesis.toml", "clients", "node-0"})
    if (std::filesystem::exists(o.output / taken))
      return fail(errc::config_invalid,
                  fmt::format("{}: exists already; choose another directory, or remove the old "
                              "network first",
                              (o.output / taken).string()));
  return {};
}

expected<void> write_file(const std::filesystem::path& file, std::string_view text) {
  errno = 0;
  std::ofstream out{file, std::ios::binary};
  out << text;
  out.close();
  if (!out)
    return fail(errc::io_failed, fmt::format("{}: {}", file.string(), reason_of(errno)));
  return {};
}

expected<void> make_directory(const std::filesystem::path& directory) {
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem)
    return fail(errc::io_failed, fmt::format("{}: {}", directory.string(), problem.message()));
  return {};
}

/// A new key in a file of a directory that is made if need be; its public half.
expected<public_key> write_new_key(const std::filesystem::path& file) {
  if (auto done = make_directory(file.parent_path()); !done)
    return tl::unexpected(done.error());
  auto key = key_pair::generate();
  if (auto done = save_key(file, key); !done)
    return tl::unexpected(done.error());
  return key.identity();
}

std::filesystem::path node_directory(const testnet_options& o, std::size_t i) {
  return o.output / fmt::format("node-{}", i);
}

} // namespace

expected<void> check_options(const testnet_options& o) {
  if (o.replicas < 4 || o.replicas % 3 != 1)
    return fail(
        errc::config_invalid,
        fmt::format("{} replicas: the number must be 3f+1, such as 4, 7 or 10, so that f of "
                    "them may fail",
                    o.replicas));
  if (o.hosts.size() > 1 && o.hosts.size() != o.replicas)
    return fail(errc::config_invalid,
                fmt::format("{} hosts for {} replicas: give one for all, or one for each",
                            o.hosts.size(), o.replicas));
  for (const auto& host : o.hosts)
    if (auto good = parse_endpoint(to_string(endpoint{host, 1})); !good)
      return fail(errc::config_invalid,
                  fmt::format("\"{}\" is no host: give a name or an IP address", host));
  auto ports = std::size_t{o.replicas} * 2;
  if (o.base_port != 0 && o.base_port + ports > 65536)
    return fail(errc::config_invalid,
                fmt::format("base port {}: {} replicas need {} ports from there, and ports end at "
                            "65535",
                            o.base_port, o.replicas, ports));
  return {};
}

expected<genesis> write_testnet(const testnet_options& o) {
  if (auto good = check_options(o); !good)
    return tl::unexpected(good.error());
  if (auto good = check_output(o); !good)
    return tl::unexpected(good.error());
  auto ports = choose_ports(o);
  if (!ports)
    return tl::unexpected(ports.error());
  genesis g;
  g.market = o.market;
  g.size.n = o.replicas;
  for (std::size_t i = 0; i < o.replicas; ++i) {
    std::string host = o.hosts.empty() ? "127.0.0.1" : o.hosts[o.hosts.size() == 1 ? 0 : i];
    auto key = write_new_key(node_directory(o, i) / "key");
    if (!key)
      return tl::unexpected(key.error());
    g.replicas.push_back({*key, {host, (*ports)[2 * i]}, {host, (*ports)[2 * i + 1]}});
    auto node = o.node;
    node.genesis = "../genesis.toml";
    node.key = "key";
    node.data = "data";
    if (auto done = write_file(node_directory(o, i) / "node.toml", to_toml(node)); !done)
      return tl::unexpected(done.error());
  }
  for (auto& client : g.market.clients) {
    auto key = write_new_key(o.output / "clients" / (client.name + ".key"));
    if (!key)
      return tl::unexpected(key.error());
    client.key = *key;
  }
  auto text = to_toml(g);
  auto file = o.output / "genesis.toml";
  // Read back before it is written: a market or host that breaks a rule is found here, not later.
  auto result = parse_genesis(text, file.string());
  if (!result)
    return result;
  if (auto done = write_file(file, text); !done)
    return tl::unexpected(done.error());
  return result;
}

} // namespace bourse::config
