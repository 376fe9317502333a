// Plans that are made and not drawn.
#pragma once

#include "simulation/plan.hpp"

namespace bourse::simulation {

/// Four replicas and a few seconds in which much happens: views change, and one after the other
/// fetches blocks, bodies and a state. Nobody lies, and no disk is lost.
plan busy_plan(std::uint64_t seed);

} // namespace bourse::simulation
