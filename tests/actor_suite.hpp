#pragma once

// For tests of actors: define CAF_SUITE as the name of the file (without _test), then include
// this first. It brings test_coordinator_fixture: virtual time, expect, allow and disallow.

#include <caf/all.hpp>

#include <caf/test/unit_test.hpp>

#define FAIL CAF_FAIL // the DSL's request<> uses the short name without defining it
#include <caf/test/dsl.hpp>
#undef FAIL
