// How the program ends: the same four codes for every verb, so that scripts can rely on them.
#pragma once

#include "messages/error.hpp"

namespace bourse::app {

enum class exit_code : int {
  ok = 0,
  failed = 1,      ///< it ran, and the answer is no, or something went wrong
  usage = 2,       ///< the command line makes no sense
  unreachable = 3, ///< too few replicas answered in time
};

inline exit_code exit_code_of(const messages::error& e) {
  return e.code == messages::errc::unreachable ? exit_code::unreachable : exit_code::failed;
}

} // namespace bourse::app
