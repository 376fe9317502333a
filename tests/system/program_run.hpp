// One run of the `bourse` program, as a shell would make it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bourse::tests {

struct program_result {
  int code = 0; ///< as the shell has it: 128 and the signal's number if one ended it
  std::string out;
  std::string err;

  bool says(const std::string& text) const {
    return err.find(text) != std::string::npos;
  }
  /// What it printed, as JSON; fails the test, with what it did print, if it is none.
  nlohmann::json json() const;
};

/// By value, since a check keeps no more than a reference.
inline nlohmann::json part(const nlohmann::json& whole, const char* pointer) {
  return whole.at(nlohmann::json::json_pointer{pointer});
}

/// Runs `bourse WORDS` to its end. It is killed if it takes longer, and if the test ends before.
program_result run(std::vector<std::string> words,
                   std::chrono::milliseconds most = std::chrono::seconds{20});

} // namespace bourse::tests
