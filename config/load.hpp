// Everything that a program needs to know of itself, loaded and checked against each other: a node
// from its config file, a client from the folder of its network.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/node_config.hpp"
#include "messages/crypto.hpp"

namespace bourse::config {

/// A node file, the genesis file that it names, and its key, which the genesis file knows.
struct loaded_node {
  node_config file;
  config::genesis genesis;
  key_pair key;
  replica_id self;
  endpoint peers;   ///< where to listen
  endpoint clients; ///< where to listen
};
/// Errors: those of load_node_config, load_genesis and load_key; unknown_replica if the key is not
/// that of a replica.
expected<loaded_node> load_node(const std::filesystem::path& node_file);

/// A network as `bourse testnet` lays it out, and one of its clients with its key.
struct loaded_client {
  config::genesis genesis;
  key_pair key;
  client_id self;

  const market::client& entry() const {
    return genesis.market.clients[self.value()];
  }
};
/// Reads DIR/genesis.toml and DIR/clients/NAME.key. Errors: as above; unknown_client if there is no
/// client of that name, or the key is another's.
expected<loaded_client> load_client(const std::filesystem::path& net, const std::string& name);

/// Indices of what people name. Errors: not_found, with the nearest name.
expected<account_id> find_account(const market::rules& r, std::string_view name);
expected<instrument_id> find_instrument(const market::rules& r, std::string_view name);
expected<asset_id> find_asset(const market::rules& r, std::string_view name);
expected<client_id> find_client(const market::rules& r, std::string_view name);

enum class file_kind : std::uint8_t { genesis, node };
/// What kind of file it is meant to be. Errors: those of reading it; config_invalid if it is no
/// TOML.
expected<file_kind> kind_of(const std::filesystem::path& file);

} // namespace bourse::config
