// The lines of a text file, plain or compressed by xz, one at a time: files may be larger than
// memory.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "messages/error.hpp"

namespace bourse::app {

class line_reader {
public:
  /// What the file begins with, not its name, tells whether it is compressed. Errors: not_found,
  /// io_failed.
  static messages::expected<line_reader> open(const std::filesystem::path& file);

  line_reader(line_reader&&) noexcept;
  line_reader& operator=(line_reader&&) noexcept;
  ~line_reader();

  /// The next line without its end ("\n" or "\r\n"), valid until the next call; nothing at the end
  /// of the file. Errors: io_failed; corrupt for a compressed file that is damaged or cut short;
  /// too_large for a line of more than 4096 bytes.
  messages::expected<std::optional<std::string_view>> next();
  /// "FILE:LINE" of the line that `next` gave last.
  std::string where() const;
  std::uint64_t line() const;

private:
  struct state;
  explicit line_reader(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace bourse::app
