// `bourse ledger show`
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/exit_code.hpp"
#include "app/output.hpp"

namespace bourse::app {

struct ledger_show_options {
  std::string directory;
  std::string genesis; ///< for names and decimals; without it there are numbers
  std::uint32_t last = 10;
  std::optional<std::uint64_t> block;
};

exit_code show_ledger(const ledger_show_options& o, const output& out);

} // namespace bourse::app
