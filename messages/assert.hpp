// The always-on assertion for invariants of our own. Never for input: input gets an error code.
#pragma once

namespace bourse::messages {

/// Prints the broken invariant and aborts.
[[noreturn]] void invariant_broken(const char* expression, const char* file, int line);

} // namespace bourse::messages

#define BOURSE_ASSERT(x)                                                                           \
  (static_cast<bool>(x) ? void(0) : ::bourse::messages::invariant_broken(#x, __FILE__, __LINE__))
