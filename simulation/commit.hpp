#pragma once

#include <string_view>

namespace bourse::simulation {

/// The commit that this program was configured at, or "unknown".
std::string_view commit();

} // namespace bourse::simulation
