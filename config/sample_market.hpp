// The market of testnets, demos and benchmarks.
#pragma once

#include "market/rules.hpp"

namespace bourse::config {

/// A market for trying things out: BTC/USD and ETH/USD, makers, takers, a liquidator, a treasurer.
market::rules sample_market();

} // namespace bourse::config
