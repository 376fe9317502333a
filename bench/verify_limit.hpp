// What bounds any design that checks every signature on every replica: how many checks this machine
// does a second when it does nothing else.
#pragma once

#include <chrono>
#include <cstdint>

namespace bourse::bench {

/// Checks Ed25519 signatures of a submission of `orders` orders on all cores for `how_long` and
/// returns checks a second, all cores together. The machine should be idle.
double measure_verify_rate(std::uint32_t orders, std::chrono::milliseconds how_long);

} // namespace bourse::bench
