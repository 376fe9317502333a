// The yardstick of a replay: the same instructions, in file order, fed straight into one exchange
// in this process, without consensus, signatures or network.
#pragma once

#include "app/order_flow.hpp"
#include "app/replay_record.hpp"
#include "market/rules.hpp"

namespace bourse::app {

/// Reads `flow` to its end. `rules` need not be of a real cluster. Errors: those of
/// order_flow::next; corrupt if the exchange's own reports can't be read.
messages::expected<replay_record> run_reference(order_flow& flow, const market::rules& rules,
                                                const replay_roles& roles);

} // namespace bourse::app
