// Where ledgers lie: what people name on the command line may be a database, a node's folder or a
// whole network's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/genesis.hpp"
#include "storage/audit.hpp"
#include "storage/store.hpp"

namespace bourse::app {

struct ledger_place {
  std::filesystem::path database;
  std::filesystem::path genesis; ///< empty if none was found
};

/// Every ledger that `directory` stands for: of all its nodes if it holds a genesis file and
/// folders of nodes; the one that a node file in it or above it names; or the folder itself.
/// `genesis` wins over what is found, unless it is empty. The databases may be missing. Errors:
/// not_found; those of load_node_config.
messages::expected<std::vector<ledger_place>> find_ledgers(const std::filesystem::path& directory,
                                                           const std::filesystem::path& genesis);

/// As find_ledgers; not_found, too, if there is more than one.
messages::expected<ledger_place> find_ledger(const std::filesystem::path& directory,
                                             const std::filesystem::path& genesis);

/// Errors: not_found if none was found; those of config::load_genesis.
messages::expected<config::genesis> load_genesis_of(const ledger_place& place);

/// For reading, as it is at this moment: a node may run on it. Errors: not_found if there is none;
/// those of open_rocks_store.
messages::expected<std::unique_ptr<storage::store>> open_ledger(const ledger_place& place);

/// Errors: wrong_cluster if the ledger is of another than the genesis file's.
messages::expected<void> check_cluster(const storage::reader& s, const market::rules& rules);

/// What an audit takes from a genesis file.
storage::audit_genesis believed(const config::genesis& g);

/// The error with the ledger's folder at its beginning, once.
messages::error named(const ledger_place& place, messages::error e);

} // namespace bourse::app
