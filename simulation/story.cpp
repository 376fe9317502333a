#include "simulation/story.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <istream>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

namespace bourse::simulation {

namespace {

std::string short_hex(const digest& d) {
  return to_hex(d.view().substr(0, 4));
}

std::string words(const char* name, const statement& s) {
  return fmt::format("{} view {} block {} {}", name, s.view.value(), s.sequence.value(),
                     short_hex(s.digest));
}

struct describer {
  std::string operator()(const pre_prepare& m) const {
    return words(m.signature == messages::signature{} ? "BLOCK" : "PRE-PREPARE", m.what);
  }
  std::string operator()(const prepare& m) const {
    return words("PREPARE", m.what) + by(m.by);
  }
  std::string operator()(const commit& m) const {
    return words("COMMIT", m.what) + by(m.by);
  }
  std::string operator()(const checkpoint& m) const {
    return fmt::format("CHECKPOINT {} {}", m.what.sequence.value(), short_hex(m.what.state))
           + by(m.by);
  }
  std::string operator()(const progress& m) const {
    return fmt::format("progress: view {}, stable {}, executed {}", m.view.value(),
                       m.stable.value(), m.executed.value());
  }
  std::string operator()(const fetch_blocks& m) const {
    return fmt::format("fetch blocks {} to {}", m.from.value(), m.to.value());
  }
  std::string operator()(const committed_block& m) const {
    return words("final block", m.certificate.what);
  }
  std::string operator()(const fetch_proposal& m) const {
    return words("fetch proposal", m.what);
  }
  std::string operator()(const fetch_bodies& m) const {
    return fmt::format("fetch {} bodies of block {}", m.digests.size(), m.sequence.value());
  }
  std::string operator()(const bodies& m) const {
    return fmt::format("{} bodies", m.submissions.size());
  }
  std::string operator()(const wish& m) const {
    return fmt::format("wish for view {}", m.view.value());
  }
  std::string operator()(const view_change& m) const {
    auto c = decode_view_change_content(m.body, {});
    if (!c)
      return "VIEW-CHANGE that cannot be read";
    return fmt::format("VIEW-CHANGE to {}, stable {}, {} prepared", c->view.value(),
                       c->stable.what.sequence.value(), c->prepared.size())
           + by(m.by);
  }
  std::string operator()(const new_view& m) const {
    auto c = decode_new_view_content(m.body, {});
    if (!c)
      return "NEW-VIEW that cannot be read";
    return fmt::format("NEW-VIEW {}, {} slots", c->view.value(), c->pre_prepares.size()) + by(m.by);
  }
  std::string operator()(const fetch_state& m) const {
    return fmt::format("fetch a state above {}", m.above.value());
  }
  std::string operator()(const state_offer& m) const {
    return fmt::format("offer of state {}", m.stable.what.sequence.value());
  }
  std::string operator()(const fetch_state_nodes& m) const {
    return fmt::format("fetch {} nodes of state {}", m.paths.size(), m.target.value());
  }
  std::string operator()(const state_nodes& m) const {
    return fmt::format("{} nodes of a state", m.nodes.size());
  }
  std::string operator()(const fetch_state_pages& m) const {
    return fmt::format("fetch {} pages of state {}", m.keys.size(), m.target.value());
  }
  std::string operator()(const state_pages& m) const {
    return fmt::format("{} pages of a state", m.pages.size());
  }
  std::string operator()(const pruned& m) const {
    return fmt::format("pruned: the log begins at {}", m.first.value());
  }
  std::string operator()(const standing& m) const {
    return fmt::format("standing: stable {}{}", m.stable.what.sequence.value(),
                       m.silent ? ", silent" : "");
  }

private:
  static std::string by(const replica_signature& s) {
    return fmt::format(" by {}", s.replica.value());
  }
};

std::string seconds(std::uint64_t ns) {
  return fmt::format("{:3}.{:06}", ns / 1'000'000'000, ns / 1000 % 1'000'000);
}

} // namespace

std::string describe(const peer_message& m) {
  return std::visit(describer{}, m);
}

void story::event(std::uint64_t at_ns, const std::string& what) {
  out_ << seconds(at_ns) << "  ** " << what << std::endl;
}

void story::message(std::uint64_t at_ns, std::size_t from, std::size_t to, byte_view message) {
  auto m = decode_peer_message(message, {});
  out_ << seconds(at_ns) << fmt::format("  {} -> {}  ", from, to)
       << (m ? describe(*m) : "what cannot be read") << std::endl;
}

std::string diagram_of(std::istream& lines, std::size_t steps) {
  std::deque<std::string> last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("progress:") != std::string::npos)
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
