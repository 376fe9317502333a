// Turns what a load run saw into a report: differences of the replicas' counters over the run.
#pragma once

#include <string>
#include <vector>

#include "bench/load.hpp"
#include "bench/run_report.hpp"

namespace bourse::bench {

/// Fills in all that the run itself knows; title, command, filesystem, and the limits of the
/// machine are the caller's.
void fill_report(run_report& r, const load_result& run, const load_options& options);

/// A sample for the report's pictures; `before` is the one before it, if any.
sample to_sample(const load_sample& now, const load_sample* before);

/// True if all replicas that answered stand at one sequence number with one state digest. `detail`:
/// that number and the beginning of the digest, as people read them, or what differs.
bool same_state(const std::vector<std::string>& statuses, std::string& detail);

} // namespace bourse::bench
