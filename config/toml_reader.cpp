#include "config/toml_reader.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "config/nearest.hpp"

namespace bourse::config {

toml_document::toml_document(std::string_view text, std::string file_name)
    : file_name_(std::move(file_name)) {
  try {
    root_ = toml::parse(text, std::string_view{file_name_});
  } catch (const toml::parse_error& e) {
    complain(e.source(), e.description());
  }
}

void toml_document::complain(const toml::source_region& where, std::string_view what) {
  // What stands in no file (a document without content) is at its first line.
  auto line = where.begin.line == 0 ? 1 : where.begin.line;
  if (problem_.empty())
    problem_ = fmt::format("{}:{}: {}", file_name_, line, what);
}

toml_section::toml_section(toml_document& document, const toml::table& table, std::string name,
                           const std::vector<std::string>& keys)
    : document_(&document), table_(&table), name_(std::move(name)) {
  for (const auto& [key, value] : table) {
    if (std::find(keys.begin(), keys.end(), key.str()) != keys.end())
      continue;
    auto hint = nearest(key.str(), keys);
    auto help = hint.empty() ? fmt::format("the keys are {}", fmt::join(keys, ", "))
                             : fmt::format(R"(did you mean "{}"?)", hint);
    document.complain(key.source(), fmt::format(R"(unknown key "{}"{}; {})", key.str(),
                                                name_.empty() ? "" : " in " + name_, help));
  }
}

void toml_section::complain(std::string_view key, std::string_view what) {
  const auto* node = table_->get(key);
  auto where = node != nullptr ? node->source() : table_->source();
  document_->complain(where, fmt::format("{}{}{}: {}", name_, name_.empty() ? "" : " ", key, what));
}

std::uint32_t toml_section::line_of(std::string_view key) const {
  const auto* node = table_->get(key);
  return (node != nullptr ? node->source() : table_->source()).begin.line;
}

const toml::node* toml_section::find(std::string_view key, bool required) {
  const auto* node = table_->get(key);
  if (node == nullptr && required)
    complain(key, "is missing");
  return node;
}

std::string toml_section::text(std::string_view key) {
  std::string value;
  if (find(key, true) != nullptr)
    optional_text(key, value);
  return value;
}

void toml_section::optional_text(std::string_view key, std::string& value) {
  const auto* node = find(key, false);
  if (node == nullptr)
    return;
  if (const auto* string = node->as_string())
    value = string->get();
  else
    complain(key, "must be a text in quotes");
}

void toml_section::optional_path(std::string_view key, std::filesystem::path& value) {
  auto text = value.string();
  optional_text(key, text);
  if (text.empty() && has(key))
    complain(key, "must be a path");
  value = text;
}

void toml_section::optional_flag(std::string_view key, bool& value) {
  const auto* node = find(key, false);
  if (node == nullptr)
    return;
  if (const auto* flag = node->as_boolean())
    value = flag->get();
  else
    complain(key, "must be true or false");
}

std::uint64_t toml_section::integer(std::string_view key, std::uint64_t fallback,
                                    std::uint64_t least, std::uint64_t most) {
  const auto* node = find(key, false);
  if (node == nullptr)
    return fallback;
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < 0 || static_cast<std::uint64_t>(number->get()) < least
      || static_cast<std::uint64_t>(number->get()) > most) {
    complain(key, fmt::format("must be a whole number from {} to {}", least, most));
    return fallback;
  }
  return static_cast<std::uint64_t>(number->get());
}

std::vector<std::string> toml_section::texts(std::string_view key) {
  std::vector<std::string> out;
  const auto* node = find(key, true);
  if (node == nullptr)
    return out;
  const auto* array = node->as_array();
  if (array == nullptr) {
    complain(key, "must be a list of texts");
    return out;
  }
  for (const auto& element : *array) {
    if (const auto* string = element.as_string())
      out.push_back(string->get());
    else
      complain(key, "must be a list of texts");
  }
  return out;
}

const toml::table* toml_section::table(std::string_view key) {
  const auto* node = find(key, false);
  if (node == nullptr)
    return nullptr;
  if (!node->is_table())
    complain(key, fmt::format("must be a table: [{}]", key));
  return node->as_table();
}

std::vector<const toml::table*> toml_section::tables(std::string_view key) {
  std::vector<const toml::table*> out;
  const auto* node = find(key, false);
  if (node == nullptr)
    return out;
  if (!node->is_array_of_tables()) {
    complain(key, fmt::format("must be tables, each under [[{}]]", key));
    return out;
  }
  for (const auto& element : *node->as_array())
    out.push_back(element.as_table());
  return out;
}

std::vector<std::pair<std::string, std::string>> toml_section::text_pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto* node = find(key, false);
  if (node == nullptr)
    return out;
  const auto* pairs = node->as_table();
  if (pairs == nullptr) {
    complain(key, "must be of the form { NAME = \"12.5\" }");
    return out;
  }
  for (const auto& [name, value] : *pairs) {
    if (const auto* string = value.as_string())
      out.emplace_back(name.str(), string->get());
    else
      complain(key, fmt::format("{} must be a decimal number in quotes", name.str()));
  }
  return out;
}

expected<std::string> read_config_file(const std::filesystem::path& file) {
  constexpr std::uintmax_t most = 16U << 20;
  std::error_code problem;
  auto status = std::filesystem::status(file, problem);
  if (status.type() == std::filesystem::file_type::not_found)
    return fail(errc::not_found, file.string() + ": no such file");
  if (std::filesystem::is_directory(status))
    return fail(errc::io_failed, file.string() + ": is a folder, not a file");
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return fail(errc::io_failed,
                file.string() + ": can't be read: " + std::generic_category().message(errno));
  std::string text;
  std::string piece(65536, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
    if (text.size() > most)
      return fail(errc::config_invalid, file.string() + ": is larger than 16 MB");
  }
  return text;
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

} // namespace bourse::config
