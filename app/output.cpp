#include "app/output.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "messages/assert.hpp"

namespace bourse::app {

namespace {

std::string_view code_of(colour how) {
  switch (how) {
    case colour::plain:
      return "0";
    case colour::bold:
      return "1";
    case colour::dim:
      return "2";
    case colour::red:
      return "31";
    case colour::green:
      return "32";
    case colour::yellow:
      return "33";
  }
  return "0";
}

/// Characters as a terminal shows them: UTF-8 continuation bytes take no room.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void append_cell(std::string& line, std::string_view cell, std::size_t room, align how) {
  std::string blanks(room - width(cell), ' ');
  if (how == align::right)
    line.append(blanks).append(cell);
  else
    line.append(cell).append(blanks);
}

} // namespace

table& table::column(std::string title, align how) {
  columns_.push_back({std::move(title), how});
  return *this;
}

table& table::row(std::vector<std::string> cells) {
  BOURSE_ASSERT(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
  return *this;
}

std::string table::to_string() const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(width(columns_[i].title));
    for (const auto& cells : rows_)
      widths[i] = std::max(widths[i], width(cells[i]));
  }
  std::string text;
  auto add = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0)
        line += "  ";
      append_cell(line, cells[i], widths[i], columns_[i].how);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  add(titles);
  for (const auto& cells : rows_)
    add(cells);
  return text;
}

output::output(std::ostream& out, std::ostream& err) : out_(&out), err_(&err) {
  terminal_ = &out == &std::cout && isatty(STDOUT_FILENO) == 1;
  colours_ = terminal_ && std::getenv("NO_COLOR") == nullptr;
}

void output::print(const table& t) const {
  auto text = t.to_string();
  auto end = text.find('\n');
  *out_ << paint(colour::bold, std::string_view{text}.substr(0, end)) << text.substr(end);
}

void output::print(const nlohmann::json& value) const {
  // Names come from files and replicas: what is not UTF-8 is replaced, not thrown over.
  *out_ << value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void output::line(std::string_view text) const {
  *out_ << text << '\n';
}

void output::progress(std::string_view text) const {
  (json ? *err_ : *out_) << text << '\n';
}

std::string output::paint(colour how, std::string_view text) const {
  if (!colours_ || how == colour::plain)
    return std::string{text};
  return fmt::format("\033[{}m{}\033[0m", code_of(how), text);
}

exit_code output::fail(const messages::error& e) const {
  *err_ << "bourse: " << (e.detail.empty() ? std::string{to_string(e.code)} : e.detail) << '\n';
  if (json)
    print(nlohmann::json{{"error", to_string(e.code)}, {"detail", e.detail}});
  return exit_code_of(e);
}

exit_code output::refuse(std::string_view problem, std::string_view hint) const {
  *err_ << "bourse: " << problem << '\n';
  if (!hint.empty())
    *err_ << hint << '\n';
  if (json)
    print(nlohmann::json{{"error", "usage"}, {"detail", problem}});
  return exit_code::usage;
}

std::string grouped(std::int64_t n) {
  auto text = std::to_string(n);
  auto first = text.starts_with('-') ? 1U : 0U;
  for (auto i = text.size(); i > first + 3; i -= 3)
    text.insert(i - 3, ",");
  return text;
}

std::string fixed(double x, int digits) {
  return fmt::format("{:.{}f}", x, digits);
}

} // namespace bourse::app
