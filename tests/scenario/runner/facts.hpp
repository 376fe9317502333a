// What a script can expect of a cluster.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "tests/scenario/runner/words.hpp"
#include "tests/scenario/runner/world.hpp"

namespace bourse::test {

/// Says what is otherwise; empty: it is so.
using fact = std::function<std::string(world&)>;

/// Takes a fact from the line, which then holds the problem if it is none. `n`: replicas;
/// `blocks`: names that the script has given.
fact read_fact(words& line, std::uint16_t n, const std::set<std::string>& blocks);

} // namespace bourse::test
