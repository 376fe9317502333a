#include "messages/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace bourse::messages {

void invariant_broken(const char* expression, const char* file, int line) {
  // Plain stdio: whatever else is broken, this must reach the operator.
  std::fprintf(stderr, "bourse: invariant broken: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

} // namespace bourse::messages
