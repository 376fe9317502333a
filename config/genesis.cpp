#include "config/genesis.hpp"

#include "config/genesis_reader.hpp"

namespace bourse::config {

std::vector<public_key> keys_of(const genesis& g) {
  std::vector<public_key> out;
  for (const auto& r : g.replicas)
    out.push_back(r.key);
  return out;
}

std::optional<replica_id> replica_of(const genesis& g, const public_key& key) {
  for (std::size_t i = 0; i < g.replicas.size(); ++i)
    if (g.replicas[i].key == key)
      return replica_id{static_cast<std::uint16_t>(i)};
  return std::nullopt;
}

std::optional<client_id> client_of(const genesis& g, const public_key& key) {
  const auto& clients = g.market.clients;
  for (std::size_t i = 0; i < clients.size(); ++i)
    if (clients[i].key == key)
      return client_id{static_cast<std::uint32_t>(i)};
  return std::nullopt;
}

expected<genesis> parse_genesis(std::string_view text, const std::string& file_name) {
  return genesis_reader{text, file_name}.read();
}

expected<genesis> load_genesis(const std::filesystem::path& file) {
  auto text = read_config_file(file);
  if (!text)
    return tl::unexpected(text.error());
  return parse_genesis(*text, file.string());
}

} // namespace bourse::config
