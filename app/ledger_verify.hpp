// `bourse ledger verify`
#pragma once

#include <string>

#include "app/exit_code.hpp"
#include "app/output.hpp"

namespace bourse::app {

struct ledger_verify_options {
  std::string directory;
  std::string genesis;
};

/// Failed if any ledger has a problem.
exit_code verify_ledgers(const ledger_verify_options& o, const output& out);

} // namespace bourse::app
