// The one unit of each test program that holds CAF's test engine and main.
#define CAF_SUITE main
#include <caf/test/unit_test_impl.hpp>
