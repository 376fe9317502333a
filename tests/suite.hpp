#pragma once

// For tests of plain classes: define CAF_SUITE as the name of the file (without _test), then
// include this first. Tests of actors include tests/actor_suite.hpp instead.

#include <caf/test/unit_test.hpp>
