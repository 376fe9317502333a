// What people type after an option: checks that tell them at once what would do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "config/decimal.hpp"

namespace bourse::app {

/// "must be a whole number from 1 on, not 0"
inline CLI::Validator from_one() {
  auto check = [](std::string& text) {
    auto digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    auto zero = text.find_first_not_of('0') == std::string::npos;
    return digits && !zero ? std::string{} : "must be a whole number from 1 on, not " + text;
  };
  return {check, "", ""};
}

/// A decimal above 0. Whether it is on the tick or lot is the instrument's to say.
inline CLI::Validator above_zero() {
  auto check = [](std::string& text) -> std::string {
    auto value = config::parse_decimal(text);
    if (!value)
      return value.error().detail;
    return value->coefficient == 0 ? "must be more than 0" : "";
  };
  return {check, "", ""};
}

template <class T>
using choices = std::vector<std::pair<std::string_view, T>>;

/// An option whose value is one of those words; the help shows them.
template <class T>
CLI::Option* add_choice(CLI::App& verb, const std::string& name, std::optional<T>& to,
                        const choices<T>& words, const std::string& description) {
  std::vector<std::string_view> all;
  for (const auto& [word, value] : words)
    all.push_back(word);
  auto take = [name, words, all, &to](const std::string& text) {
    for (const auto& [word, value] : words)
      if (word == text)
        to = value;
    if (!to)
      throw CLI::ValidationError(name,
                                 fmt::format("\"{}\" is none of {}", text, fmt::join(all, ", ")));
  };
  return verb.add_option_function<std::string>(name, take, description)
      ->option_text(fmt::format("{}", fmt::join(all, "|")));
}

} // namespace bourse::app
