#include "config/load.hpp"
#include "config/keys.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/nearest.hpp"
#include "config/toml_reader.hpp"

namespace bourse::config {

namespace {

/// The index of the element named so, as Id.
template <class Id, class T>
expected<Id> find(const std::vector<T>& all, std::string_view name, std::string_view what) {
  auto it = std::find_if(all.begin(), all.end(), [&](const T& x) { return x.name == name; });
  if (it != all.end())
    return Id{static_cast<typename Id::rep>(it - all.begin())};
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const auto& x : all)
    names.push_back(x.name);
  auto hint = nearest(name, names);
  constexpr std::size_t shown = 10;
  if (!hint.empty())
    hint = fmt::format("; did you mean \"{}\"?", hint);
  else if (names.size() <= shown)
    hint = fmt::format("; there are {}", fmt::join(names, ", "));
  return fail(errc::not_found, fmt::format("there is no {} named \"{}\"{}", what, name, hint));
}

/// Who is behind by less than a few windows must find the blocks that it lacks.
expected<void> check_retained(const node_config& c, const genesis& g,
                              const std::filesystem::path& file) {
  constexpr std::uint64_t windows = 16;
  auto least = windows * g.window;
  if (c.retain_blocks == 0 || c.retain_blocks >= least)
    return {};
  return fail(errc::config_invalid,
              fmt::format("{}:{}: [ledger] retain_blocks: must be 0, or at least {}: {} times the "
                          "window of {}",
                          file.string(), c.retain_blocks_line, least, windows, c.genesis.string()));
}

/// Where to listen: what the node's file says wins over the genesis file, part by part.
endpoint listen_address(const endpoint& own, const endpoint& published) {
  return {own.host.empty() ? published.host : own.host, own.port == 0 ? published.port : own.port};
}

} // namespace

expected<loaded_node> load_node(const std::filesystem::path& node_file) {
  auto file = load_node_config(node_file);
  if (!file)
    return tl::unexpected(file.error());
  auto g = load_genesis(file->genesis);
  if (!g)
    return tl::unexpected(g.error());
  if (auto ok = check_retained(*file, *g, node_file); !ok)
    return tl::unexpected(ok.error());
  auto key = load_key(file->key);
  if (!key)
    return tl::unexpected(key.error());
  auto it = std::find_if(g->replicas.begin(), g->replicas.end(),
                         [&](const replica_entry& r) { return r.key == key->identity(); });
  if (it == g->replicas.end())
    return fail(errc::unknown_replica, fmt::format("{}: is not the key of any replica in {}",
                                                   file->key.string(), file->genesis.string()));
  auto self = static_cast<std::uint16_t>(it - g->replicas.begin());
  auto peers = listen_address(file->listen_peers, it->peers);
  auto clients = listen_address(file->listen_clients, it->clients);
  return loaded_node{std::move(*file), std::move(*g), std::move(*key),
                     replica_id{self}, peers,         clients};
}

expected<loaded_client> load_client(const std::filesystem::path& net, const std::string& name) {
  auto genesis_file = net / "genesis.toml";
  auto g = load_genesis(genesis_file);
  if (!g)
    return tl::unexpected(g.error());
  auto self = find_client(g->market, name);
  if (!self)
    return fail(errc::unknown_client,
                fmt::format("{}: {}", genesis_file.string(), self.error().detail));
  auto key_file = net / "clients" / (name + ".key");
  auto key = load_key(key_file);
  if (!key)
    return tl::unexpected(key.error());
  if (key->identity() != g->market.clients[self->value()].key)
    return fail(errc::unknown_client, fmt::format("{}: is not the key that {} has for client {}",
                                                  key_file.string(), genesis_file.string(), name));
  return loaded_client{std::move(*g), std::move(*key), *self};
}

expected<account_id> find_account(const market::rules& r, std::string_view name) {
  return find<account_id>(r.accounts, name, "account");
}

expected<instrument_id> find_instrument(const market::rules& r, std::string_view name) {
  return find<instrument_id>(r.instruments, name, "instrument");
}

expected<asset_id> find_asset(const market::rules& r, std::string_view name) {
  return find<asset_id>(r.assets, name, "asset");
}

expected<client_id> find_client(const market::rules& r, std::string_view name) {
  return find<client_id>(r.clients, name, "client");
}

expected<file_kind> kind_of(const std::filesystem::path& file) {
  auto text = read_config_file(file);
  if (!text)
    return tl::unexpected(text.error());
  toml_document document{*text, file.string()};
  if (document.failed())
    return tl::unexpected(document.problem());
  for (const auto* key : {"genesis", "key", "data"})
    if (document.root().contains(key))
      return file_kind::node;
  return file_kind::genesis;
}

} // namespace bourse::config
