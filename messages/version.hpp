#pragma once

#include <string_view>

namespace bourse::messages {

/// The version of this build, as "major.minor.patch".
std::string_view version() noexcept;

} // namespace bourse::messages
