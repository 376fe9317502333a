// What Byzantine replicas of scenarios do. Each runs the honest code, and lies in what it sends.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/consensus/cluster.hpp"

namespace bourse::test {

/// What is sent in place of `m`.
using lie = std::function<std::vector<peer_message>(cluster& c, std::uint16_t from,
                                                    std::uint16_t to, const peer_message& m)>;

/// By the words that scripts use.
const std::map<std::string, lie>& lies();

} // namespace bourse::test
