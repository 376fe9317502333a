#include "simulation/story.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <istream>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "messages/words.hpp"

namespace bourse::simulation {

namespace {

std::string seconds(std::uint64_t ns) {
  return fmt::format("{:3}.{:06}", ns / 1'000'000'000, ns / 1000 % 1'000'000);
}

} // namespace

void story::event(std::uint64_t at_ns, const std::string& what) {
  out_ << seconds(at_ns) << "  ** " << what << std::endl;
}

void story::message(std::uint64_t at_ns, std::size_t from, std::size_t to, byte_view message) {
  auto m = decode_peer_message(message, {});
  out_ << seconds(at_ns) << fmt::format("  {} -> {}  ", from, to)
       << (m ? in_words(*m) : "what cannot be read") << std::endl;
}

void story::lie(std::uint64_t at_ns, std::size_t from, const std::string& what) {
  out_ << seconds(at_ns) << fmt::format("  {} lies: {}", from, what) << std::endl;
}

std::string diagram_of(std::istream& lines, std::size_t steps) {
  std::deque<std::string> last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("PROGRESS") != std::string::npos || line.find(" lies: ") != std::string::npos)
      continue;
    last.push_back(std::move(line));
    if (last.size() > steps)
      last.pop_front();
  }
  std::string body;
  std::size_t nodes = 1;
  for (const auto& line : last) {
    std::istringstream in{line};
    std::string at, from, arrow, to, text;
    in >> at >> from;
    if (from == "**") {
      std::getline(in >> std::ws, text);
      body += fmt::format("  Note over R0: {} {}\n", at, text);
      continue;
    }
    in >> arrow >> to;
    std::getline(in >> std::ws, text);
    nodes = std::max({nodes, std::size_t{1} + std::strtoul(from.c_str(), nullptr, 10),
                      std::size_t{1} + std::strtoul(to.c_str(), nullptr, 10)});
    body += fmt::format("  R{}->>R{}: {} {}\n", from, to, at, text);
  }
  std::string head = "sequenceDiagram\n";
  for (std::size_t i = 0; i < nodes; ++i)
    head += fmt::format("  participant R{}\n", i);
  return head + body;
}

} // namespace bourse::simulation
