// Strict reading of TOML: every key is asked for with its bounds, every other is refused, and every
// complaint names file, line and key. Only the .cpp files of this folder include it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "messages/error.hpp"

namespace bourse::config {

using namespace messages;

/// One file on its way in. It keeps the first complaint; after it, reading goes on with defaults,
/// so that no call needs a check of its own.
class toml_document {
public:
  toml_document(std::string_view text, std::string file_name);

  const toml::table& root() const {
    return root_;
  }
  bool failed() const {
    return !problem_.empty();
  }
  /// config_invalid with the first complaint.
  error problem() const {
    return {errc::config_invalid, problem_};
  }
  /// "FILE:LINE: what"; keeps only the first.
  void complain(const toml::source_region& where, std::string_view what);

private:
  std::string file_name_;
  toml::table root_;
  std::string problem_;
};

/// One table of a document. The constructor refuses keys that `keys` does not list.
class toml_section {
public:
  /// `name` is for complaints, such as "[[instrument]]"; the document itself has the empty name.
  toml_section(toml_document& document, const toml::table& table, std::string name,
               const std::vector<std::string>& keys);

  bool has(std::string_view key) const {
    return table_->contains(key);
  }
  /// A required string. Complains, and returns "", if it is missing or no string.
  std::string text(std::string_view key);
  /// Leaves `value` as it is if the key is missing.
  void optional_text(std::string_view key, std::string& value);
  void optional_path(std::string_view key, std::filesystem::path& value);
  void optional_flag(std::string_view key, bool& value);
  /// Leaves `value` as it is if the key is missing. T is an unsigned type.
  template <class T>
  void optional_integer(std::string_view key, T& value, std::uint64_t least, std::uint64_t most) {
    value = static_cast<T>(integer(key, value, least, most));
  }
  /// A required array of strings.
  std::vector<std::string> texts(std::string_view key);
  /// A table below this one, or nothing. `keys` as above.
  const toml::table* table(std::string_view key);
  /// Every table of [[key]], or none.
  std::vector<const toml::table*> tables(std::string_view key);
  /// Keys and string values of an inline table, in file order.
  std::vector<std::pair<std::string, std::string>> text_pairs(std::string_view key);

  /// The line of `key`, or of the section if it is missing.
  std::uint32_t line_of(std::string_view key) const;
  /// At that line.
  void complain(std::string_view key, std::string_view what);
  void complain(std::string_view what) {
    document_->complain(table_->source(), (name_.empty() ? "" : name_ + ": ") + std::string{what});
  }
  toml_document& document() const {
    return *document_;
  }

private:
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                        std::uint64_t most);
  /// The key's node, or nothing; `required` complains then.
  const toml::node* find(std::string_view key, bool required);

  toml_document* document_;
  const toml::table* table_;
  std::string name_;
};

/// A file's whole content. Errors: not_found; io_failed; config_invalid if it is larger than 16 MB.
expected<std::string> read_config_file(const std::filesystem::path& file);

/// `text` as a TOML basic string, with its quotes.
std::string toml_quoted(std::string_view text);

} // namespace bourse::config
