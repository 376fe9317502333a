#include "config/genesis.hpp"

#include "config/genesis_reader.hpp"

namespace bourse::config {

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
