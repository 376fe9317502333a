// What the modes of `bourse sim` say alike: how far they are, and what went wrong.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/output.hpp"
#include "app/sim_workers.hpp"

namespace bourse::simulation {
class story;
} // namespace bourse::simulation

namespace bourse::app {

/// A run that broke a rule, or did not come to its end.
struct failed_run {
  std::string what; ///< "seed 5"
  std::string name; ///< of what is written about it: "sim-5"
  std::string repeat;
  seed_result result;
};

nlohmann::json to_json(const std::vector<failed_run>& all);

/// As an option of the command that repeats a run: what else would be another verdict.
std::string timeout_of(const seed_range& range);

/// Makes the run once more, told to `story`; before that it may write a head of its own.
using retelling = std::function<nlohmann::json(const failed_run&, std::ostream& head,
                                               simulation::story& story)>;

/// Prints of the first few which rule broke, at which commit, and how to repeat it; has each told
/// again, in a process of its own, into `folder`: NAME.trace.txt, and NAME.mmd as a diagram.
void explain(const std::vector<failed_run>& all, const retelling& again,
             const std::filesystem::path& folder, std::uint32_t timeout_s, const output& out);

/// A line on the terminal that is drawn again and again: "12 of 100 seeds, 0 failed, 3 s".
class progress_line {
public:
  /// `out` outlives it.
  progress_line(const output& out, std::uint64_t of, std::string what);
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  void passed(std::uint64_t done, std::size_t failed);
  double seconds() const;

private:
  const output& out_;
  std::uint64_t of_;
  std::string what_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  bool drawn_ = false;
};

} // namespace bourse::app
