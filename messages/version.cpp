#include "messages/version.hpp"

namespace bourse::messages {

std::string_view version() noexcept {
  return BOURSE_VERSION; // set by the build, for this file alone
}

} // namespace bourse::messages
