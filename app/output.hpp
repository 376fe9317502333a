// What verbs print: tables for people, JSON for scripts, colour only on a terminal.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "app/exit_code.hpp"
#include "messages/error.hpp"

namespace bourse::app {

enum class align : std::uint8_t { left, right };
enum class colour : std::uint8_t { plain, bold, dim, red, green, yellow };

/// Rows of text in columns that are as wide as their widest cell.
class table {
public:
  table& column(std::string title, align how = align::left);
  /// As many cells as there are columns.
  table& row(std::vector<std::string> cells);
  std::size_t rows() const {
    return rows_.size();
  }
  /// Title line and rows, each ending in a newline and without trailing blanks.
  std::string to_string() const;

private:
  struct head {
    std::string title;
    align how;
  };
  std::vector<head> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Where a verb prints.
class output {
public:
  /// Colour is on if `out` is the process's own standard output, that is a terminal, and NO_COLOR
  /// is not set.
  output(std::ostream& out, std::ostream& err);

  bool json = false; ///< --json was given

  std::ostream& out() const {
    return *out_;
  }
  std::ostream& err() const {
    return *err_;
  }
  /// True if the output is a terminal that lines of text can be redrawn on.
  bool terminal() const {
    return terminal_;
  }

  void print(const table& t) const;
  /// The value on lines of its own, two spaces a level.
  void print(const nlohmann::json& value) const;
  void line(std::string_view text) const;
  /// How a long run goes: a line on the output, or on the error stream if the output is JSON.
  void progress(std::string_view text) const;

  /// `text` in that colour, or as it is where there is none.
  std::string paint(colour how, std::string_view text) const;

  /// Says what went wrong on the error stream, and as JSON too if that was asked for. Returns the
  /// exit code that fits.
  exit_code fail(const messages::error& e) const;
  /// The same for a command line that makes no sense, whatever the network and its files hold. As
  /// JSON the error is "usage"; the hint is for people alone.
  exit_code refuse(std::string_view problem, std::string_view hint = {}) const;

private:
  std::ostream* out_;
  std::ostream* err_;
  bool terminal_ = false;
  bool colours_ = false;
};

/// "1,234,567"
std::string grouped(std::int64_t n);
/// With so many digits behind the point: "12.30".
std::string fixed(double x, int digits);

} // namespace bourse::app
