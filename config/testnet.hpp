// The files of a whole network at once: genesis, nodes and keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/node_config.hpp"

namespace bourse::config {

/// What `bourse testnet` writes, and demo, bench and tests use.
struct testnet_options {
  std::uint16_t replicas = 4;
  std::filesystem::path output;
  std::vector<std::string> hosts; ///< one for all, or one a replica; empty: 127.0.0.1
  std::uint16_t base_port = 7000; ///< replica i: peers base+2i, clients base+2i+1; 0: free ports
  /// The market: assets, instruments, accounts and clients without keys.
  market::rules market;
  node_config node; ///< template for all nodes
};
/// What can be said against them without a look at the file system. Errors: config_invalid.
expected<void> check_options(const testnet_options& o);
/// DIR/genesis.toml, DIR/node-I/node.toml, DIR/node-I/key, DIR/clients/NAME.key. Errors: io_failed,
/// config_invalid. Refuses a directory that already holds a genesis file.
expected<genesis> write_testnet(const testnet_options& o);

} // namespace bourse::config
