// The genesis file: what all replicas of a cluster agree on before the first block. Its hash is the
// cluster id.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "market/rules.hpp"
#include "messages/error.hpp"
#include "messages/types.hpp"

namespace bourse::config {

using namespace messages;

struct endpoint {
  std::string host; ///< an IP address or a name
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};
/// "127.0.0.1:7000" or "[::1]:7000". Errors: config_invalid.
expected<endpoint> parse_endpoint(std::string_view text);
std::string to_string(const endpoint& e);

struct replica_entry {
  public_key key;
  endpoint peers;   ///< where the other replicas connect
  endpoint clients; ///< where clients connect
};

struct genesis {
  cluster_size size;
  std::vector<replica_entry> replicas;
  market::rules market; ///< market.cluster is the cluster id
  /// Consensus parameters that all replicas must share.
  std::uint32_t window = 64;
  std::uint32_t checkpoint_interval = 32;

  const digest& cluster() const {
    return market.cluster;
  }
};

/// By replica id.
std::vector<public_key> keys_of(const genesis& g);
/// Whose key that is.
std::optional<replica_id> replica_of(const genesis& g, const public_key& key);
std::optional<client_id> client_of(const genesis& g, const public_key& key);

/// Reads TOML. Refuses unknown keys, replicas that are not 3f+1 or share a key or address, ticks
/// and lots that do not divide into units, references to what is not there. Errors: config_invalid
/// with file, line and what to do; not_found.
expected<genesis> load_genesis(const std::filesystem::path& file);
expected<genesis> parse_genesis(std::string_view text, const std::string& file_name);

/// Writes a commented TOML file that load_genesis reads back to the same values.
std::string to_toml(const genesis& g);

} // namespace bourse::config
