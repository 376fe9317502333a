// What `bourse sim` does beside drawing plans from seeds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "app/context.hpp"
#include "app/sim_workers.hpp"

namespace bourse::app {

struct twins_options {
  std::uint32_t rounds = 2;
  std::uint64_t sample = 0; ///< 0: all scenarios
  std::optional<std::uint64_t> scenario;
  seed_range range; ///< its first seed draws the sample
  std::filesystem::path folder = ".";
};
exit_code run_twins(const twins_options& o, const output& out);

struct fields_options {
  seed_range range; ///< each seed has its part of all cases
  std::filesystem::path folder = ".";
};
exit_code run_fields(const fields_options& o, const output& out);

struct attacks_options {
  seed_range range; ///< each seed draws a flow of orders, on which every attack is tried
};
exit_code run_attacks(const attacks_options& o, const output& out);

} // namespace bourse::app
