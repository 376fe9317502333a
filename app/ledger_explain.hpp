// `bourse ledger explain`
#pragma once

#include <string>

#include "app/exit_code.hpp"
#include "app/output.hpp"

namespace bourse::app {

struct ledger_explain_options {
  std::string order; ///< as app/order_name.hpp says
  std::string directory;
  std::string genesis;
};

/// Failed if the order has no place in the ledger, or one that is not proved.
exit_code explain_order(const ledger_explain_options& o, const output& out);

} // namespace bourse::app
