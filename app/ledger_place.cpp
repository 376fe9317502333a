#include "app/ledger_place.hpp"

#include <fmt/format.h>

#include "config/node_config.hpp"
#include "storage/layout.hpp"
#include "storage/rocks_store.hpp"

namespace bourse::app {

using namespace messages;

namespace {

expected<ledger_place> of_node(const std::filesystem::path& node_file) {
  auto node = config::load_node_config(node_file);
  if (!node)
    return tl::unexpected(node.error());
  return ledger_place{node->data, node->genesis};
}

expected<std::vector<ledger_place>> of_network(const std::filesystem::path& directory) {
  std::vector<ledger_place> places;
  for (std::size_t i = 0;; ++i) {
    auto node_file = directory / fmt::format("node-{}", i) / "node.toml";
    if (!std::filesystem::exists(node_file))
      return places;
    auto place = of_node(node_file);
    if (!place)
      return tl::unexpected(place.error());
    places.push_back(std::move(*place));
  }
}

expected<std::vector<ledger_place>> find(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory / "genesis.toml")
      && std::filesystem::exists(directory / "node-0" / "node.toml"))
    return of_network(directory);
  // In the folder of a node, or in that of its database, which is usually below.
  for (const auto& node_file : {directory / "node.toml", directory / ".." / "node.toml"}) {
    if (!std::filesystem::exists(node_file))
      continue;
    auto place = of_node(node_file);
    if (!place)
      return tl::unexpected(place.error());
    auto above = node_file.parent_path().filename() == "..";
    std::error_code none;
    if (!above || std::filesystem::equivalent(place->database, directory, none))
      return std::vector{std::move(*place)};
  }
  return std::vector{ledger_place{directory, {}}};
}

} // namespace

expected<std::vector<ledger_place>> find_ledgers(const std::filesystem::path& directory,
                                                 const std::filesystem::path& genesis) {
  // "net/" has an empty last part, which would hide what lies above.
  auto named = (directory / "").lexically_normal().parent_path();
  if (!std::filesystem::is_directory(named))
    return fail(errc::not_found, directory.string() + ": no such folder");
  auto places = find(named);
  if (!places)
    return places;
  if (!genesis.empty())
    for (auto& place : *places)
      place.genesis = genesis;
  return places;
}

expected<ledger_place> find_ledger(const std::filesystem::path& directory,
                                   const std::filesystem::path& genesis) {
  auto places = find_ledgers(directory, genesis);
  if (!places)
    return tl::unexpected(places.error());
  if (places->size() > 1)
    return fail(errc::not_found,
                fmt::format("{0}: holds {1} ledgers; name one of them, such as {0}/node-0",
                            directory.string(), places->size()));
  return places->front();
}

expected<config::genesis> load_genesis_of(const ledger_place& place) {
  if (place.genesis.empty())
    return fail(errc::not_found,
                fmt::format("{}: no genesis file was found near it; name one with --genesis",
                            place.database.string()));
  return config::load_genesis(place.genesis);
}

expected<std::unique_ptr<storage::store>> open_ledger(const ledger_place& place) {
  if (!std::filesystem::is_directory(place.database))
    return fail(errc::not_found, "there is no ledger: the node has not run yet");
  storage::rocks_options options;
  options.directory = place.database;
  options.read_only = true;
  return storage::open_rocks_store(options);
}

expected<void> check_cluster(const storage::reader& s, const market::rules& rules) {
  auto found = storage::layout::load_identity(s);
  if (!found)
    return tl::unexpected(found.error());
  if (*found && (*found)->cluster != rules.cluster)
    return fail(errc::wrong_cluster,
                fmt::format("the ledger is of cluster {}, and the genesis file of {}",
                            to_hex((*found)->cluster.view()), to_hex(rules.cluster.view())));
  return {};
}

storage::audit_genesis believed(const config::genesis& g) {
  return {g.size, keys_of(g), g.market, g.checkpoint_interval};
}

error named(const ledger_place& place, error e) {
  return storage::located(std::move(e), place.database);
}

} // namespace bourse::app
