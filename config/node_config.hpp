// One node's own file: who it is, where its data lies, how it uses its machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "config/genesis.hpp"

namespace bourse::config {

struct node_config {
  std::filesystem::path genesis; ///< relative paths are relative to the config file
  std::filesystem::path key;     ///< of the replica
  std::filesystem::path data;    ///< directory of the database
  endpoint listen_peers;         ///< port 0 or empty host: as the genesis says
  endpoint listen_clients;
  std::uint32_t threads = 0;           ///< of the scheduler; 0: as many as cores
  std::uint32_t verifiers = 0;         ///< signature checkers; 0: as many as threads
  std::uint32_t batch_delay_us = 1000; ///< how long a primary waits for a fuller block
  std::uint32_t max_in_flight = 4;
  std::uint32_t stall_ms = 400; ///< these four: when the primary is suspect
  std::uint32_t order_ms = 2000;
  std::uint32_t link_grace_ms = 50;
  std::uint32_t new_view_ms = 500;
  std::uint32_t transfer_after_blocks = 5000;      ///< so far behind, a state is fetched
  std::uint32_t serve_mb_per_s = 32;               ///< to replicas that are behind, in all
  std::uint32_t max_connections = 1024;            ///< of replicas, and as many of clients
  std::uint32_t max_connections_per_address = 256; ///< of each kind
  std::uint32_t max_sessions_per_client = 4;
  std::uint32_t handshake_timeout_ms = 3000;
  std::uint32_t heartbeat_ms = 500;
  /// Beyond it messages to a slow peer, and unread ones from it, are dropped.
  std::uint32_t peer_queue_mb = 32;
  std::uint32_t client_queue_mb = 8;    ///< likewise of a client
  std::uint32_t retain_blocks = 0;      ///< blocks kept at least; 0: all
  std::uint32_t retain_blocks_line = 0; ///< where its file says so
  std::uint32_t write_buffer_mb = 64;
  std::uint32_t block_cache_mb = 16;
  std::string log_level = "info";
  std::filesystem::path trace; ///< empty: none is written
  std::uint32_t trace_limit_mb = 1024;
};

/// Errors: config_invalid with file, line, key and what to do; not_found.
expected<node_config> load_node_config(const std::filesystem::path& file);
/// A TOML file with every key and a comment for each.
std::string to_toml(const node_config& c);

} // namespace bourse::config
