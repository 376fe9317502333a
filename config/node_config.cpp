#include "config/node_config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/toml_reader.hpp"

namespace bourse::config {

namespace {

void read_listen(toml_section& root, node_config& c) {
  const auto* table = root.table("listen");
  if (table == nullptr)
    return;
  toml_section s{root.document(), *table, "[listen]", {"peers", "clients"}};
  auto read = [&s](std::string_view key, endpoint& to) {
    std::string text;
    s.optional_text(key, text);
    if (text.empty())
      return;
    if (auto address = parse_endpoint(text))
      to = *address;
    else
      s.complain(key, address.error().detail);
  };
  read("peers", c.listen_peers);
  read("clients", c.listen_clients);
  if (c.listen_peers.port != 0 && c.listen_peers == c.listen_clients)
    s.complain("clients", "must differ from peers: each listens at an address of its own");
}

void read_machine(toml_section& root, node_config& c) {
  const auto* table = root.table("machine");
  if (table == nullptr)
    return;
  toml_section s{root.document(),
                 *table,
                 "[machine]",
                 {"threads", "verifiers", "write_buffer_mb", "block_cache_mb"}};
  s.optional_integer("threads", c.threads, 0, 1024);
  s.optional_integer("verifiers", c.verifiers, 0, 1024);
  s.optional_integer("write_buffer_mb", c.write_buffer_mb, 1, 65536);
  s.optional_integer("block_cache_mb", c.block_cache_mb, 1, 65536);
}

void read_consensus(toml_section& root, node_config& c) {
  const auto* table = root.table("consensus");
  if (table == nullptr)
    return;
  toml_section s{root.document(),
                 *table,
                 "[consensus]",
                 {"batch_delay_us", "max_in_flight", "stall_ms", "order_ms", "link_grace_ms",
                  "new_view_ms", "transfer_after_blocks", "serve_mb_per_s"}};
  s.optional_integer("batch_delay_us", c.batch_delay_us, 0, 1'000'000);
  s.optional_integer("max_in_flight", c.max_in_flight, 1, 64);
  s.optional_integer("stall_ms", c.stall_ms, 10, 60'000);
  s.optional_integer("order_ms", c.order_ms, 20, 600'000);
  s.optional_integer("link_grace_ms", c.link_grace_ms, 0, 60'000);
  s.optional_integer("new_view_ms", c.new_view_ms, 10, 60'000);
  s.optional_integer("transfer_after_blocks", c.transfer_after_blocks, 64, 1'000'000'000);
  s.optional_integer("serve_mb_per_s", c.serve_mb_per_s, 1, 4095);
}

void read_ledger(toml_section& root, node_config& c) {
  const auto* table = root.table("ledger");
  if (table == nullptr)
    return;
  toml_section s{root.document(), *table, "[ledger]", {"retain_blocks"}};
  s.optional_integer("retain_blocks", c.retain_blocks, 0, 2'000'000'000);
  c.retain_blocks_line = s.line_of("retain_blocks");
}

void read_network(toml_section& root, node_config& c) {
  const auto* table = root.table("network");
  if (table == nullptr)
    return;
  toml_section s{root.document(),
                 *table,
                 "[network]",
                 {"max_connections", "max_connections_per_address", "max_sessions_per_client",
                  "handshake_timeout_ms", "heartbeat_ms", "peer_queue_mb", "client_queue_mb"}};
  s.optional_integer("max_connections", c.max_connections, 4, 100'000);
  s.optional_integer("max_connections_per_address", c.max_connections_per_address, 1, 100'000);
  s.optional_integer("max_sessions_per_client", c.max_sessions_per_client, 1, 1000);
  s.optional_integer("handshake_timeout_ms", c.handshake_timeout_ms, 10, 60'000);
  s.optional_integer("heartbeat_ms", c.heartbeat_ms, 10, 60'000);
  // Below 8 MB a single message of the largest size would find no room; bytes are counted in 32
  // bits.
  s.optional_integer("peer_queue_mb", c.peer_queue_mb, 8, 4095);
  s.optional_integer("client_queue_mb", c.client_queue_mb, 8, 4095);
}

void read_trace(toml_section& root, node_config& c, const std::filesystem::path& folder) {
  const auto* table = root.table("trace");
  if (table == nullptr)
    return;
  toml_section s{root.document(), *table, "[trace]", {"file", "limit_mb"}};
  std::string name;
  s.optional_text("file", name);
  if (!name.empty())
    c.trace = (folder / name).lexically_normal();
  s.optional_integer("limit_mb", c.trace_limit_mb, 1, 1'000'000);
}

void read_log_level(toml_section& root, node_config& c) {
  root.optional_text("log_level", c.log_level);
  static const std::vector<std::string> levels{"trace", "debug",    "info", "warn",
                                               "error", "critical", "off"};
  if (std::find(levels.begin(), levels.end(), c.log_level) == levels.end())
    root.complain("log_level", fmt::format("must be one of {}", fmt::join(levels, ", ")));
}

constexpr std::string_view layout
    = R"(# Configuration of one Bourse node. Relative paths are relative to this file.

# The genesis file of the cluster.
genesis = {}
# The file with this replica's private key; nobody else may be able to read it (mode 0600).
key = {}
# The directory of the database. It must be on a disk that keeps what it was told to sync.
data = {}
# How much is logged: trace, debug, info, warn, error, critical or off.
log_level = {}

[listen]
# Where this node listens for the other replicas and for clients, if that differs from what the
# genesis file says (a node behind address translation, say). An empty text: as the genesis file says.
peers = {}
clients = {}

[machine]
# Threads that run actors. 0: as many as there are cores.
threads = {}
# Actors that check signatures. 0: as many as threads.
verifiers = {}
# Memory of the database for what is not on disk in its final place yet, in MB.
write_buffer_mb = {}
# Memory of the database for what was read, in MB.
block_cache_mb = {}

[consensus]
# How long a primary waits for more orders before it proposes a block that is not full, in
# microseconds, for each order that waits: up to 16 times this when it is busy.
batch_delay_us = {}
# How many proposals a primary keeps in flight.
max_in_flight = {}
# When this replica calls for another primary, in milliseconds. Longer than the network's round trip,
# several times. Nothing was executed for so long though orders wait:
stall_ms = {}
# One order waited for so long; it was handed to the primary after half of it:
order_ms = {}
# The link to the primary was down for so long:
link_grace_ms = {}
# The next primary did not begin its view for so long:
new_view_ms = {}
# A replica that is this many blocks behind fetches the state of a checkpoint instead of the blocks.
# The same for all replicas, so that several hand out the same states.
transfer_after_blocks = {}
# What replicas that are behind are given in a second, in MB, all together.
serve_mb_per_s = {}

[ledger]
# How many blocks are kept at least, with their orders, results and reports; up to twice as many are at
# times. Older ones go for good: neither the audit nor clients nor other replicas find them here any
# more. Use the same value at all replicas. 0: everything is kept.
retain_blocks = {}

[network]
# Most connections at a time: so many of replicas, and so many of clients.
max_connections = {}
# ... and of either kind from one remote address (of IPv6, from one network of 64 bits), so that no
# stranger can hold all of them. Those from this very machine count alike.
max_connections_per_address = {}
# Most sessions of one client at a time.
max_sessions_per_client = {}
# A connection that has not proved who it is by then is closed, in milliseconds.
handshake_timeout_ms = {}
# A connection without traffic says so at this interval, in milliseconds; one that is silent for a few
# of them is closed.
heartbeat_ms = {}
# What may wait to be sent to one replica, in MB, and as much of what came from it and was not read
# yet; beyond it messages are dropped and counted, and asked for again.
peer_queue_mb = {}
# The same for one client, which stays connected. It asks again for the reports that it lacks.
client_queue_mb = {}

[trace]
# Everything that this node hears, says and executes in the course of agreement is written here, for
# `bourse conformance`. An empty text: nothing is. It costs a write for each message.
file = {}
# Beyond so many MB nothing more is written.
limit_mb = {}
)";

} // namespace

expected<node_config> load_node_config(const std::filesystem::path& file) {
  auto text = read_config_file(file);
  if (!text)
    return tl::unexpected(text.error());
  toml_document document{*text, file.string()};
  toml_section root{document,
                    document.root(),
                    "",
                    {"genesis", "key", "data", "log_level", "listen", "machine", "consensus",
                     "ledger", "network", "trace"}};
  node_config c;
  for (auto [key, path] : {std::pair{"genesis", &c.genesis}, {"key", &c.key}, {"data", &c.data}}) {
    if (!root.has(key))
      root.complain(key, "is missing");
    root.optional_path(key, *path);
    // An absolute path stays as it is.
    *path = (file.parent_path() / *path).lexically_normal();
  }
  read_log_level(root, c);
  read_listen(root, c);
  read_machine(root, c);
  read_consensus(root, c);
  read_ledger(root, c);
  read_network(root, c);
  read_trace(root, c, file.parent_path());
  if (document.failed())
    return tl::unexpected(document.problem());
  return c;
}

std::string to_toml(const node_config& c) {
  auto address = [](const endpoint& e) {
    return toml_quoted(e.port == 0 && e.host.empty() ? "" : to_string(e));
  };
  return fmt::format(layout, toml_quoted(c.genesis.string()), toml_quoted(c.key.string()),
                     toml_quoted(c.data.string()), toml_quoted(c.log_level),
                     address(c.listen_peers), address(c.listen_clients), c.threads, c.verifiers,
                     c.write_buffer_mb, c.block_cache_mb, c.batch_delay_us, c.max_in_flight,
                     c.stall_ms, c.order_ms, c.link_grace_ms, c.new_view_ms,
                     c.transfer_after_blocks, c.serve_mb_per_s, c.retain_blocks, c.max_connections,
                     c.max_connections_per_address, c.max_sessions_per_client,
                     c.handshake_timeout_ms, c.heartbeat_ms, c.peer_queue_mb, c.client_queue_mb,
                     toml_quoted(c.trace.string()), c.trace_limit_mb);
}

} // namespace bourse::config
