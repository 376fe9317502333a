// Draws a run's measurements as SVG, by gnuplot.
#pragma once

#include <string>

#include "bench/run_report.hpp"

namespace bourse::bench {

/// One block's way through the phases, a row a replica.
std::string draw_block_way(const run_report& r);
/// How many orders were final after how long, and the share that was.
std::string draw_finality(const run_report& r);
std::string draw_throughput(const run_report& r);
std::string draw_depth(const run_report& r);

/// Runs a gnuplot script that prints SVG. Errors: io_failed (gnuplot is missing or refused).
expected<std::string> run_gnuplot(const std::string& script);

} // namespace bourse::bench
