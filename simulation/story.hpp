// What happened in a run, for people: a line for every message, vote, fault and block, and a
// sequence diagram of the last of them.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "messages/consensus.hpp"

namespace bourse::simulation {

using namespace messages;

class story {
public:
  /// Lines go to `out`, which outlives it, as they happen: so they are there even if the run ends
  /// in an assertion.
  explicit story(std::ostream& out) : out_(out) {}

  void event(std::uint64_t at_ns, const std::string& what);
  void message(std::uint64_t at_ns, std::size_t from, std::size_t to, byte_view message);

  /// A Byzantine replica is about to say what it should not.
  void lie(std::uint64_t at_ns, std::size_t from, const std::string& what);

private:
  std::ostream& out_;
};

/// A sequence diagram for Mermaid of the last steps in lines that a story wrote.
std::string diagram_of(std::istream& lines, std::size_t steps = 60);

} // namespace bourse::simulation
