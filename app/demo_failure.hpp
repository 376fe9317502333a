// The failure in the middle of the demo: the primary is killed, replaced, started again.
#pragma once

#include <chrono>
#include <functional>

#include "app/background_load.hpp"
#include "app/failover.hpp"
#include "bench/run_report.hpp"

namespace bourse::app {

/// A shorter run ends before a replica that was killed is level again.
constexpr double shortest_with_failure_s = 6;
/// Clients may wait this long for the next primary.
constexpr std::chrono::milliseconds longest_stall{2000};

/// A third into the load's time. Errors: see strike_primary.
messages::expected<failover> kill_in_the_middle(caf::actor_system& system, load_target& target,
                                                background_load& load,
                                                std::chrono::milliseconds duration,
                                                const teller& tell);

/// Adds to the report what came of it; false if it was not as it should be.
bool report_failure(bench::run_report& report, const messages::expected<failover>& f,
                    const bench::load_result& run);

} // namespace bourse::app
